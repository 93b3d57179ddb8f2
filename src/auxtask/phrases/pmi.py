"""N-grams whose tokens attract each other, by pointwise mutual information."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from auxtask.errors import AuxtaskError
from auxtask.phrases.positions import NgramPositions
from auxtask.phrases.ranked import RankedExtractor

Score = Literal["squared", "plain"]


@dataclass(frozen=True)
class PMIExtractor(RankedExtractor):
    """Takes the N-grams of highest pointwise mutual information in the documents of each class.

    The score is that of PMI-masking (Levine et al. 2021): of all ways to cut the N-gram into two or more parts,
    the lowest ln(p(N-gram) / product of p(part)), p being the count of an N-gram among all N-grams of its length
    in the documents of the class.

    Args:
        reference, max_length, min_frequency, equal: see `RankedExtractor`; the frequency is that in the class.
        score: `squared` has p(N-gram) squared in the score, which favours frequent N-grams; `plain` as it is.

    Raises:
        AuxtaskError: the score is neither.

    >>> documents = [[5, 6, 7, 8], [5, 6, 7, 9], [7, 7, 9, 8]]
    >>> PMIExtractor(max_length=2).extract(documents, classes=[0, 0, 0]).frequencies
    {(5, 6): {0: 2}, (7, 9): {0: 2}}
    """

    score: Score = "squared"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.score not in get_args(Score):
            raise AuxtaskError(f"score={self.score!r} is unknown; use {' or '.join(get_args(Score))}")

    def scores(self, ngrams: NgramPositions, document_class: int) -> NDArray[np.float64]:
        positions = ngrams.slices[document_class]
        counts = ngrams.counts(positions)
        scores = np.full(len(counts), -np.inf)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_p = np.log(counts) - np.log(ngrams.room[ngrams.lengths - 1, document_class])
        # For each length, ln p of the N-gram at each position, and of its most probable parts, itself one of them.
        whole: list[NDArray[np.float64]] = []
        parts: list[NDArray[np.float64]] = []
        for length, items in enumerate(ngrams.items[:, positions], 1):
            whole.append(np.where(items >= 0, log_p[items], -np.inf))
            cut = np.full(len(items), -np.inf)
            for head in range(1, length):
                tail = parts[length - head - 1][head:]
                np.maximum(cut[:-head], whole[head - 1][:-head] + tail, out=cut[:-head])
            parts.append(np.maximum(whole[-1], cut))
            kept = (items >= 0) & (counts[items] >= self.min_frequency)
            weight = 2 if self.score == "squared" else 1
            scores[items[kept]] = weight * whole[-1][kept] - cut[kept]
        return scores
