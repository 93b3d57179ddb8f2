"""N-grams whose tokens attract each other, by pointwise mutual information."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from auxtask.errors import AuxtaskError
from auxtask.phrases.positions import NgramPositions
from auxtask.phrases.ranked import RankedExtractor
from auxtask.phrases.word_pmi import Score, WordNgrams, pmi_scores


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
        scores = np.full(len(ngrams.first), -np.inf)
        # Numbered anew: what does not occur in the class has no place there.
        present, at, counts = {}, {}, {}
        for length, row in enumerate(ngrams.items[:, ngrams.slices[document_class]], 1):
            begins = np.flatnonzero(row >= 0)
            present[length], number, counts[length] = np.unique(
                row[begins], return_inverse=True, return_counts=True
            )
            at[length] = np.full(len(row), -1)
            at[length][begins] = number
        room = dict(enumerate(ngrams.room[:, document_class].tolist(), 1))
        for length, found in pmi_scores(WordNgrams(at, counts, room), self.score).items():
            frequent = counts[length] >= self.min_frequency
            scores[present[length][frequent]] = found[frequent]
        return scores
