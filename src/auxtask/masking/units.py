"""Strategies that mask several tokens together: whole words and spans of words."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auxtask.errors import AuxtaskError
from auxtask.masking.collators import Feature, MaskingCollator, aligned_column

Positions = NDArray[np.int64]


@dataclass
class UnitMaskingCollator(MaskingCollator):
    """Strategies that select unit after unit until the mask rate is covered.

    The unit that would cross the mask rate is taken with the probability that makes the expected number of
    selected tokens exact, so that these strategies mask as much as those that select token by token.

    Args:
        tokenizer, mask_rate, seed: see `MaskingCollator`.

    Raises:
        AuxtaskError: a document has no column `word_ids` as `auxtask.data.encoding.encode` adds it.
    """

    @abstractmethod
    def units(self, words: Sequence[Positions], generator: np.random.Generator) -> Iterator[Positions]:
        """Draw units of a document, in random order.

        Args:
            words: the positions of each word's tokens, in order; at least one word.
            generator: the only randomness.

        Yields:
            Positions of a unit; units may overlap, and together they cover the document sooner or later.
        """

    def select(
        self,
        features: Sequence[Feature],
        maskable: NDArray[np.bool_],
        generators: Sequence[np.random.Generator],
    ) -> NDArray[np.bool_]:
        """Select units of each document until the mask rate is covered."""
        selected = np.zeros_like(maskable)
        for row, chosen, feature, generator in zip(maskable, selected, features, generators, strict=True):
            positions = np.flatnonzero(row)
            if not len(positions):
                continue
            word_ids = aligned_column(feature, "word_ids", "auxtask.data.encoding.encode(dataset)")[positions]
            words = np.split(positions, np.flatnonzero(np.diff(word_ids)) + 1)
            left = self.mask_rate * len(positions)
            for unit in self.units(words, generator):
                new = unit[~chosen[unit]]
                if len(new) > left:
                    chosen[new] = generator.random() * len(new) < left
                    break
                chosen[new] = True
                left -= len(new)
        return selected


@dataclass
class WholeWordMaskingCollator(UnitMaskingCollator):
    """Whole-word masking (Devlin et al. 2019, release of May; Cui et al. 2021): all pieces of a word or none.

    Args:
        tokenizer, mask_rate, seed: see `UnitMaskingCollator`.

    >>> from auxtask.data.encoding import encode_texts
    >>> from auxtask.model.loading import load_tokenizer
    >>> tokenizer = load_tokenizer("tiny")
    >>> encoded = encode_texts(["tokenization"], tokenizer, None)
    >>> feature = {name: column[0] for name, column in encoded.items()}
    >>> labels = WholeWordMaskingCollator(tokenizer, 0.5, seed=0)([feature])["labels"][0, 1:-1]
    >>> len(labels) > 1, len(set((labels == -100).tolist()))
    (True, 1)
    """

    def units(self, words: Sequence[Positions], generator: np.random.Generator) -> Iterator[Positions]:
        """Yield the words in random order."""
        return (words[index] for index in generator.permutation(len(words)))


@dataclass
class SpanMaskingCollator(UnitMaskingCollator):
    """Span masking (SpanBERT, Joshi et al. 2020): runs of whole words, geometric in length.

    Args:
        tokenizer, mask_rate, seed: see `UnitMaskingCollator`.
        stop_probability: of ending a span after each of its words, in (0, 1]: the parameter of the geometric
            distribution.
        longest: no span has more words, at least 1; with the defaults a span has 3.8 on average.

    Raises:
        AuxtaskError: a parameter is out of range.
    """

    stop_probability: float = field(default=0.2, kw_only=True)
    longest: int = field(default=10, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.stop_probability <= 1:
            raise AuxtaskError(
                f"stop_probability={self.stop_probability} is outside (0, 1]; use for example stop_probability=0.2"
            )
        if self.longest < 1:
            raise AuxtaskError(f"longest={self.longest} is below 1; use for example longest=10")

    def units(self, words: Sequence[Positions], generator: np.random.Generator) -> Iterator[Positions]:
        """Yield spans that begin at random words, without end."""
        while True:
            # The geometric distribution has no memory: its remainder is the distribution cut off at `longest`.
            length = 1 + (int(generator.geometric(self.stop_probability)) - 1) % self.longest
            start = int(generator.integers(len(words)))
            yield np.concatenate(words[start : start + length])
