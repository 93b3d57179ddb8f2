"""Masking by a score of each word that was counted beforehand."""

from dataclasses import dataclass, field

import numpy as np

from auxtask.ground.values import check_number
from auxtask.masking.collator import Feature, Priorities, TokenMaskingCollator, aligned_column

# The column that the strategies below add, each by its own count: a score of at least 0 for each token of a word.
WORD_SCORES = "word_scores"


@dataclass
class WordScoreCollator(TokenMaskingCollator):
    """Mask tokens in proportion to a power of the score of their word.

    A token whose word has the score s is selected with probability f(s^gamma). Scores come in the column
    `word_scores`, which `annotate_tfidf`, `annotate_log_odds`, `annotate_keywords` or `annotate_difference` adds.
    A document whose words all have the score 0 is masked at random.

    Args:
        tokenizer, mask_rate, seed, adjust: see `TokenMaskingCollator`.
        gamma: at least 0; the larger, the more the highest scores are preferred; 0 is random token masking.

    Raises:
        AuxtaskError: gamma is negative, or a document has no scores.

    >>> from auxtask.model.loading import load_tokenizer
    >>> feature = {"input_ids": [2, 900, 901, 3], "word_scores": [float("nan"), 1.0, 4.0, float("nan")]}
    >>> WordScoreCollator(load_tokenizer("tiny"), gamma=0.5).priorities(feature).tolist()
    [nan, 0.5, 1.0, nan]
    """

    gamma: float = field(default=1.0, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("gamma", self.gamma, "[0, inf)", example=1.0)

    def priorities(self, feature: Feature) -> Priorities:
        """Score every token by its word; a token of no word is never masked."""
        scores = aligned_column(feature, WORD_SCORES, "annotate_tfidf(dataset) or another such function")
        # Relative to the highest, no power of them is infinite; f knows no common factor.
        return (scores / np.fmax.reduce(scores, initial=np.finfo(np.float64).tiny)) ** self.gamma
