"""N-grams that a class has more of than the rest, by log-odds ratios."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auxtask.ground.log_odds import log_odds_z_scores
from auxtask.phrases.positions import NgramPositions
from auxtask.phrases.ranked import RankedExtractor


@dataclass(frozen=True)
class LogOddsExtractor(RankedExtractor):
    """Takes the N-grams whose log-odds ratio between their class and the rest is most surely above 0.

    The score is the z-score of Monroe et al. (2008), `auxtask.ground.log_odds.log_odds_z_scores`, of the counts of
    all N-grams of two and more units; those with a score of 0 or less are never taken.

    Args:
        reference, max_length, min_frequency, equal: see `RankedExtractor`.

    >>> documents = [[5, 6, 7, 8], [5, 6, 7, 9], [7, 8, 9], [7, 8, 5]]
    >>> LogOddsExtractor(max_length=2).extract(documents, classes=[0, 0, 1, 1]).frequencies
    {(5, 6): {0: 2}, (7, 8): {1: 2}}
    """

    def scores(self, ngrams: NgramPositions, document_class: int) -> NDArray[np.float64]:
        several = ngrams.lengths > 1
        own, total = ngrams.counts(ngrams.slices[document_class])[several], ngrams.counts()[several]
        scores = np.full(len(several), -np.inf)
        if len(own):
            z = log_odds_z_scores([own, total - own])[0]
            scores[several] = np.where(z > 0, z, -np.inf)
        return scores
