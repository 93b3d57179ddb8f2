"""`TokenScores`: what a scorer says about one text."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TokenScores:
    """The pseudo-log-likelihood of one text, token by token; special tokens are left out.

    Args:
        tokens: token strings.
        token_ids: shape (tokens,), int64.
        log_probs: natural logarithm of each token's probability, at most 0, shape (tokens,), float32.
        word_ids: the word each token belongs to, counted from 0, shape (tokens,), int64.

    >>> scores = TokenScores(["par", "##ser"], np.array([7, 8]), np.log([0.1, 0.5]), np.array([0, 0]))
    >>> round(scores.pll, 4), scores.word_log_probs.round(4).tolist()
    (-2.9957, [-2.9957])
    """

    tokens: list[str]
    token_ids: NDArray[np.int64]
    log_probs: NDArray[np.float32]
    word_ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def likelihoods(self) -> NDArray[np.float32]:
        """The probability of each token, in [0, 1]."""
        return np.exp(self.log_probs)

    @property
    def pll(self) -> float:
        """The pseudo-log-likelihood of the text: the sum over its tokens, in nats (Salazar et al. 2020)."""
        return float(np.sum(self.log_probs, dtype=np.float64))

    @property
    def pseudo_perplexity(self) -> float:
        """exp(-pll / tokens); not a number for a text without tokens."""
        return math.exp(-self.pll / len(self)) if len(self) else math.nan

    @property
    def word_log_probs(self) -> NDArray[np.float64]:
        """The sum over the tokens of each word, in order, shape (words,)."""
        starts = np.flatnonzero(np.diff(self.word_ids, prepend=-1))
        return np.add.reduceat(np.asarray(self.log_probs, dtype=np.float64), starts) if len(self) else np.zeros(0)
