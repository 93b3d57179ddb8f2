"""L3Masking: tokens the vanilla model finds unlikely are masked more often; and the functions of likelihood."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auxtask.masking.collator import (
    Feature,
    ScoreMaskingCollator,
    Scores,
    aligned_column,
)

# Below this a likelihood counts as this: a token the model rules out must not drown all others.
SMALLEST_LIKELIHOOD = 1e-12


def one_minus_likelihood(likelihoods: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score 1 - P, as the method is published: all tokens the model hardly expects count alike.

    Args:
        likelihoods: P, in [0, 1], any shape.

    Returns:
        Scores in [0, 1], same shape.

    >>> one_minus_likelihood(np.array([1.0, 0.25])).tolist()
    [0.0, 0.75]
    """
    return 1.0 - likelihoods


def negative_log_likelihood(likelihoods: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score -ln P, as in the authors' code: it keeps growing, so the rarest tokens are masked far more often.

    Args:
        likelihoods: P, in [0, 1], any shape.

    Returns:
        Scores in nats, from 0 to 27.63, same shape.

    >>> negative_log_likelihood(np.array([1.0, 0.5, 0.0])).round(4).tolist()
    [0.0, 0.6931, 27.631]
    """
    return np.abs(np.log(np.maximum(likelihoods, SMALLEST_LIKELIHOOD)))


def likelihood(likelihoods: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score P, the inverted control: what the model expects is masked more often.

    Args:
        likelihoods: P, in [0, 1], any shape.

    Returns:
        The same.

    >>> likelihood(np.array([1.0, 0.25])).tolist()
    [1.0, 0.25]
    """
    return likelihoods


@dataclass
class L3MaskingCollator(ScoreMaskingCollator):
    """L3Masking (Kimura et al. 2024): tokens the vanilla model finds unlikely are masked more often.

    A token of likelihood P is selected with probability f(1 - P), where f (`mean_adjust`) sets the mean over
    the document to the mask rate. Likelihoods come in the column `likelihoods` that `PLLScorer.annotate` adds.

    Args:
        tokenizer: the encoder's tokenizer; it must have a mask token.
        mask_rate: mean mask probability of a document, in (0, 1).
        seed: see `MaskingCollator`.
        adjust: the function f; see `ScoreMaskingCollator`.
        score: from likelihoods in [0, 1] to scores; see `auxtask.masking.likelihood`.

    Raises:
        AuxtaskError: a document has no likelihoods, or not one for each of its tokens.

    >>> from auxtask.model.loading import load_tokenizer
    >>> tokenizer = load_tokenizer("tiny")
    >>> ids = tokenizer("sea")["input_ids"]
    >>> feature = {"input_ids": ids, "likelihoods": [float("nan"), 0.1, float("nan")]}
    >>> L3MaskingCollator(tokenizer)([feature])["input_ids"].shape
    torch.Size([1, 3])
    """

    score: Callable[[Scores], Scores] = field(default=one_minus_likelihood, kw_only=True)

    def scores(self, feature: Feature) -> Scores:
        """Score the likelihood of every token; a position the scorer left out is never masked."""
        likelihoods = aligned_column(feature, "likelihoods", "PLLScorer.annotate(dataset)")
        return self.score(likelihoods)
