"""The corruption of BERT: what stands in the place of tokens that are to be predicted."""

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from auxtask.ground.padding import IGNORE_INDEX


def ordinary_token_ids(tokenizer: PreTrainedTokenizerBase) -> NDArray[np.int64]:
    """List the token ids a random replacement may take: the vocabulary without its special tokens.

    Args:
        tokenizer: any `transformers` tokenizer.

    Returns:
        Sorted token ids, shape (ordinary tokens,), int64.
    """
    return np.setdiff1d(np.arange(len(tokenizer)), np.array(sorted(tokenizer.all_special_ids)))


def corrupt(
    input_ids: NDArray[np.int64],
    selected: NDArray[np.bool_],
    uniforms: NDArray[np.float64],
    mask_token_id: int,
    replacement_ids: NDArray[np.int64],
    mask_replace_prob: float = 0.8,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Corrupt the tokens that were selected (Devlin et al. 2019).

    Of the selected tokens 80 % become the mask token, 10 % a uniformly drawn ordinary token and 10 % stay as
    they are; all of them are to be predicted. So a token that is selected with probability p is predicted with
    probability p and shown as the mask token with probability 0.8 p. Where another share becomes the mask token,
    one half of the rest is replaced and the other stays.

    Args:
        input_ids: token ids, any shape, int64.
        selected: the tokens to be predicted, same shape, bool.
        uniforms: independent draws from [0, 1), shape (2, *input_ids.shape): for the kind of corruption and the
            replacement.
        mask_token_id: id of the mask token.
        replacement_ids: ids that a random replacement may take, shape (candidates,).
        mask_replace_prob: share of the selected tokens that become the mask token, in [0, 1].

    Returns:
        The corrupted ids and the labels, both int64 in the shape of `input_ids`; labels hold the original id
        where a token was selected and -100 elsewhere.

    >>> uniforms = np.array([[0.5, 0.85, 0.0], [0.0, 0.6, 0.0]])
    >>> corrupt(np.array([7, 8, 9]), np.array([True, True, False]), uniforms, 4, np.array([10, 11]))
    (array([ 4, 11,  9]), array([   7,    8, -100]))
    """
    masked = selected & (uniforms[0] < mask_replace_prob)
    replaced = selected & ~masked & (uniforms[0] < (mask_replace_prob + 1) / 2)
    drawn = replacement_ids[(uniforms[1] * len(replacement_ids)).astype(np.int64)]
    corrupted = np.where(masked, mask_token_id, np.where(replaced, drawn, input_ids))
    return corrupted, np.where(selected, input_ids, IGNORE_INDEX)
