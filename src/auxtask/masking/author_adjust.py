"""The authors' own way from scores to mask probabilities, kept to compare with the exact one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def author_adjust(scores: Sequence[NDArray[Any]], target: float = 0.15) -> list[NDArray[np.float64]]:
    """Divide scores by their mean, multiply by the target and clip: p_t = min(1, target s_t / mean(s)).

    This is what the authors' procedure comes to: its min-max normalisation over the document and its two
    special tokens cancels out, and its redistribution of the excess is never reached. Where a score is clipped
    the mean falls below the target; `mean_adjust` keeps it exact.

    Args:
        scores: for each document its non-negative scores, shape (tokens,).
        target: the mean mask probability aimed at, in [0, 1].

    Returns:
        For each document probabilities in [0, 1], float64; all equal to the target where no score is positive.

    >>> author_adjust([np.array([0.5, 0.5, 11.0])], target=0.5)[0].tolist()
    [0.0625, 0.0625, 1.0]
    """
    return [
        np.minimum(1.0, target * document / document.mean()) if document.any() else np.full(len(document), target)
        for document in scores
    ]
