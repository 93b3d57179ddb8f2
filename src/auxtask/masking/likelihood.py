"""L3Masking: tokens the vanilla model finds unlikely are masked more often; and the functions of likelihood."""

import warnings
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from auxtask.ground.tools import Tools
from auxtask.ground.values import check_callable
from auxtask.masking.collator import (
    Feature,
    Priorities,
    TokenMaskingCollator,
    aligned_column,
)

# Below this a likelihood counts as this: a token the model rules out must not drown all others.
SMALLEST_LIKELIHOOD = 1e-12


def one_minus_likelihood(likelihoods: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank by 1 - P, as the method is published: all tokens the model hardly expects count alike.

    Args:
        likelihoods: P, in [0, 1], any shape.

    Returns:
        Priorities in [0, 1], same shape.

    >>> one_minus_likelihood(np.array([1.0, 0.25])).tolist()
    [0.0, 0.75]
    """
    return 1.0 - likelihoods


def negative_log_likelihood(likelihoods: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank by -ln P, as in the authors' code: it keeps growing, so the rarest tokens are masked far more often.

    Args:
        likelihoods: P, in [0, 1], any shape.

    Returns:
        Priorities in nats, from 0 to 27.63, same shape.

    >>> negative_log_likelihood(np.array([1.0, 0.5, 0.0])).round(4).tolist()
    [0.0, 0.6931, 27.631]
    """
    return np.abs(np.log(np.maximum(likelihoods, SMALLEST_LIKELIHOOD)))


def likelihood(likelihoods: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank by P, the inverted control: what the model expects is masked more often.

    Args:
        likelihoods: P, in [0, 1], any shape.

    Returns:
        The same.

    >>> likelihood(np.array([1.0, 0.25])).tolist()
    [1.0, 0.25]
    """
    return likelihoods


@dataclass
class L3MaskingCollator(TokenMaskingCollator):
    """L3Masking (Kimura et al. 2024): tokens the vanilla model finds unlikely are masked more often.

    A token of likelihood P is selected with probability f(1 - P), where f (`mean_adjust`) sets the mean over
    the document to the mask rate. Likelihoods come in the column `likelihoods` that `PLLScorer.annotate` adds.

    Args:
        tokenizer: the encoder's tokenizer; it must have a mask token.
        mask_rate: mean mask probability of a document, in (0, 1).
        seed: see `MaskingCollator`.
        adjust: the function f; see `TokenMaskingCollator`.
        priority: from likelihoods in [0, 1] to priorities: `one_minus_likelihood`, `negative_log_likelihood`, ...
        score: the name that `priority` had; it goes away with the next release.

    Raises:
        AuxtaskError: a document has no likelihoods, or not one for each of its tokens.

    >>> from auxtask.model.loading import load_tokenizer
    >>> tokenizer = load_tokenizer("tiny")
    >>> ids = tokenizer("sea")["input_ids"]
    >>> feature = {"input_ids": ids, "likelihoods": [float("nan"), 0.1, float("nan")]}
    >>> L3MaskingCollator(tokenizer)([feature])["input_ids"].shape
    torch.Size([1, 3])
    """

    priority: Callable[[Priorities], Priorities] = field(default=one_minus_likelihood, kw_only=True)
    score: InitVar[Callable[[Priorities], Priorities] | None] = field(default=None, kw_only=True)

    def __post_init__(self, score: Callable[[Priorities], Priorities] | None) -> None:
        super().__post_init__()
        if score is not None:
            warnings.warn("score= is called priority= now", DeprecationWarning, stacklevel=3)
            self.priority = score
        check_callable("priority", self.priority, example="one_minus_likelihood")

    def priorities(self, feature: Feature) -> Priorities:
        """Rank every token by its likelihood; a position the scorer left out is never masked."""
        likelihoods = aligned_column(feature, "likelihoods", "PLLScorer.annotate(dataset)")
        return self.priority(likelihoods)


def annotate_likelihoods(dataset: Dataset, tools: Tools, metric: str = "word_l2r") -> Dataset:
    """Add the column `likelihoods`: how likely the vanilla model finds each token.

    Args:
        dataset: one split with the columns of `auxtask.data.encoding.encode`.
        tools: have the scorer.
        metric: the score metric, `word_l2r`, `original` or `whole_word`.

    Returns:
        The data set with one column more, as `auxtask.PLLScorer.annotate` adds it.
    """
    return tools.scorer(metric).annotate(dataset)
