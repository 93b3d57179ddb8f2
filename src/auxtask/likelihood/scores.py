"""`TokenScores`: what a scorer says about one text."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auxtask.data.words import Marking, spelled_word
from auxtask.errors import AuxtaskError

if TYPE_CHECKING:
    import pandas as pd


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

    def __post_init__(self) -> None:
        lengths = {name: len(value) for name, value in vars(self).items()}
        if len({*lengths.values()}) > 1:
            said = ", ".join(f"{length} {name}" for name, length in lengths.items())
            raise AuxtaskError(f"{said}: give one of each for every token")

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def likelihoods(self) -> NDArray[np.float32]:
        """The probability of each token, in [0, 1]."""
        return np.exp(self.log_probs)

    @property
    def pll(self) -> float:
        """The pseudo-log-likelihood of the text: the sum over its tokens, in nats (Salazar et al. 2020).

        Longer texts have lower sums; `pll / len(scores)` is the mean a token, `word_log_probs.mean()` a word.
        """
        return float(np.sum(self.log_probs, dtype=np.float64))

    @property
    def pseudo_perplexity(self) -> float:
        """exp(-pll / tokens), see `pseudo_perplexity`; not a number for a text without tokens."""
        return pseudo_perplexity(self.log_probs)

    @property
    def word_log_probs(self) -> NDArray[np.float64]:
        """The sum over the tokens of each word, in order, shape (words,)."""
        log_probs = np.asarray(self.log_probs, dtype=np.float64)
        return np.add.reduceat(log_probs, self._starts) if len(self) else np.zeros(0)

    @property
    def word_tokens(self) -> list[list[str]]:
        """The token strings of each word, in order."""
        bounds = [*self._starts.tolist(), len(self)]
        return [self.tokens[start:end] for start, end in pairwise(bounds)]

    @property
    def _starts(self) -> NDArray[np.int64]:
        return np.flatnonzero(np.diff(self.word_ids, prepend=-1))


@dataclass(frozen=True)
class ScoringSummary:
    """What a call of the scorer did, all processes together.

    Args:
        documents, tokens: scored in all; special tokens are not counted.
        cached_documents, cached_tokens: of these, answered by the cache or by an equal document.
        seconds: wall-clock time.
    """

    documents: int
    tokens: int
    cached_documents: int
    cached_tokens: int
    seconds: float


def word_frame(scores: Sequence[TokenScores], mark: Marking) -> "pd.DataFrame":
    """Lay out the words of scored texts.

    Args:
        scores: of each text.
        mark: how the tokenizer's tokens mark words, as from `auxtask.data.words.marking`.

    Returns:
        A row a word, with the columns of `PLLScorer.word_scores`.

    >>> scores = TokenScores(["par", "##ser"], np.array([7, 8]), np.log([0.1, 0.5]), np.array([0, 0]))
    >>> word_frame([scores], "##").to_dict("records")[0]["word"]
    'parser'
    """
    import pandas as pd  # it takes a second, which training does without

    rows = [
        (text, word_id, spelled_word(tokens, mark), len(tokens), -log_prob)
        for text, of_text in enumerate(scores)
        for word_id, (tokens, log_prob) in enumerate(
            zip(of_text.word_tokens, of_text.word_log_probs.tolist(), strict=True)
        )
    ]
    return pd.DataFrame(rows, columns=["text", "word_id", "word", "tokens", "surprisal"])


def pseudo_perplexity(log_probs: ArrayLike) -> float:
    """Sum up how well a model expects a text or a whole corpus (Salazar et al. 2020): lower is better.

    Args:
        log_probs: natural logarithms of the probabilities of all tokens, any shape; not-a-numbers, as at special
            tokens, are left out.

    Returns:
        exp(-mean), at least 1; not a number where there are no tokens.

    >>> pseudo_perplexity(np.log([0.25, 0.25, np.nan]))
    4.0
    """
    values = np.asarray(log_probs, dtype=np.float64)
    values = values[~np.isnan(values)]
    return float(np.exp(-values.mean())) if len(values) else math.nan
