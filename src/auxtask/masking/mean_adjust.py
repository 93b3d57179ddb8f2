"""The function f of L3Masking: scores to mask probabilities with an exact mean."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from auxtask.errors import AuxtaskError
from auxtask.ground.values import check_number

Array = TypeVar("Array", NDArray[Any], Tensor)


@overload
def mean_adjust(scores: Array, target: float = 0.15) -> Array: ...
@overload
def mean_adjust(scores: Sequence[Array], target: float = 0.15) -> list[Array]: ...
def mean_adjust(scores: Any, target: float = 0.15) -> Any:
    """Scale scores into probabilities whose mean over each document is exactly the target.

    For the scores s_1..s_n of one document, p_t = min(1, c s_t) with the one c for which mean(p) = target:
    the function f of L3Masking, p_t = f(1 - P_t). Where so many scores are zero that no c reaches the target,
    every positive score gets 1 and the zeros share the rest equally, so that the mean stays exact. Order is
    kept, and multiplying all scores by a constant changes nothing.

    Args:
        scores: non-negative finite scores of one document, shape (tokens,), NumPy or torch; or a sequence of
            such arrays, one a document (a ragged batch).
        target: the mean mask probability wanted, in [0, 1].

    Returns:
        Probabilities in [0, 1], of the kind, shape and floating dtype of `scores`; a list for a ragged batch.

    Raises:
        AuxtaskError: a score is negative, infinite or not a number, or the target is outside [0, 1].

    >>> mean_adjust(np.array([0.9, 0.5, 0.1, 0.0]), target=0.15).round(6).tolist()
    [0.36, 0.2, 0.04, 0.0]
    """
    check_number("target", target, "[0, 1]", example=0.15)
    if isinstance(scores, Tensor | np.ndarray):
        return _like(_adjust([_as_float64(scores)], target)[0], scores)
    if isinstance(scores, str) or not isinstance(scores, Iterable):
        raise AuxtaskError(f"scores={scores!r:.60} are no numbers; give an array, or a list of them")
    return [
        _like(adjusted, document)
        for adjusted, document in zip(
            _adjust([_as_float64(document) for document in scores], target), scores, strict=True
        )
    ]


def _as_float64(scores: Any) -> NDArray[np.float64]:
    values = scores.detach().cpu().numpy() if isinstance(scores, Tensor) else scores
    try:
        values = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise AuxtaskError(f"scores={values!r:.60} are no numbers; give an array, or a list of them") from error
    if values.ndim != 1:
        raise AuxtaskError(
            f"scores of shape {values.shape}: one document is an array of shape (tokens,), "
            "several are a list of such arrays"
        )
    return values


def _like(values: NDArray[np.float64], original: Any) -> Any:
    if isinstance(original, Tensor):
        torch_dtype = original.dtype if original.is_floating_point() else torch.float64
        return torch.from_numpy(values).to(original.device, torch_dtype)
    floating = isinstance(original, np.ndarray) and original.dtype.kind == "f"
    return values.astype(original.dtype) if floating else values


def _adjust(documents: Sequence[NDArray[np.float64]], target: float) -> list[NDArray[np.float64]]:
    """Solve every document at once on a padded matrix: one sort and one cumulative sum, O(n log n)."""
    lengths = np.array([len(document) for document in documents], dtype=np.int64)
    scores = np.zeros((len(documents), max(int(lengths.max(initial=0)), 1)))
    for row, document in zip(scores, documents, strict=True):
        row[: len(document)] = document
    if not np.all((scores >= 0) & (scores < np.inf)):
        worst = scores[~((scores >= 0) & (scores < np.inf))][0]
        raise AuxtaskError(f"score {worst} is negative or not finite; scores are numbers like 1 - likelihood")

    budget = lengths[:, None] * target
    # Division by the maximum changes no probability and keeps sums of extreme scores finite.
    scores /= np.maximum(scores.max(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    ordered = -np.sort(-scores, axis=1)
    clipped = np.arange(scores.shape[1])
    # With the k largest at 1, the others share what is left of the budget in proportion to their scores.
    remainder = np.cumsum(ordered[:, ::-1], axis=1)[:, ::-1]
    positive = ordered > 0
    share = np.divide(ordered, remainder, out=np.zeros_like(ordered), where=positive)
    fits = positive & ((budget - clipped) * share <= 1)
    k = fits.argmax(axis=1)[:, None]
    left, rest = budget - k, np.take_along_axis(remainder, k, axis=1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scaled = np.minimum(1.0, left * (scores / rest))

    count = positive.sum(axis=1, keepdims=True)
    zeros = np.maximum(lengths[:, None] - count, 1)
    exhausted = np.where(scores > 0, 1.0, (budget - count) / zeros)
    probabilities = np.where(fits.any(axis=1, keepdims=True), scaled, exhausted)
    return [row[:length] for row, length in zip(probabilities, lengths, strict=True)]
