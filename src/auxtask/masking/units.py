"""Strategies that mask several tokens together."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auxtask.masking.collator import Feature, MaskingCollator, aligned_column

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
            left = self.rate * len(positions)
            for unit in self.units(words, generator):
                new = unit[~chosen[unit]]
                if len(new) > left:
                    chosen[new] = generator.random() * len(new) < left
                    break
                chosen[new] = True
                left -= len(new)
        return selected
