"""All N-grams of a text as arrays: which one begins at each position, by length."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from auxtask.phrases.documents import ClassDocuments
from auxtask.phrases.segmentation import Ngram, Unit


@dataclass(frozen=True)
class NgramPositions:
    """N-grams that are frequent in a text, numbered; those of one unit are the units themselves.

    Attributes:
        units: the distinct units, in order.
        items: row n - 1 has for each position of the text the number of the N-gram of n units that begins there,
            -1 where none does that is frequent enough; shape (longest, positions), int32. A position without a
            unit parts documents and what nothing joins.
        first: for each N-gram a position at which it begins, shape (N-grams,), int64.
        lengths: for each N-gram its units, shape (N-grams,), int64. The numbers go by length, then by the units.
        tokens: for each N-gram its tokens, shape (N-grams,), int64.
        room: how many N-grams of n units begin in the text of each class, frequent or not, in row n - 1; shape
            (longest, classes), int64.
        slices: the positions of each class.
    """

    units: Sequence[Unit]
    items: NDArray[np.int32]
    first: NDArray[np.int64]
    lengths: NDArray[np.int64]
    tokens: NDArray[np.int64]
    room: NDArray[np.int64]
    slices: Sequence[slice]

    def counts(self, positions: slice = slice(None)) -> NDArray[np.int64]:
        """Count each N-gram in a part of the text, also where its occurrences overlap; shape (N-grams,), int64."""
        found = self.items[:, positions]
        return np.bincount(found[found >= 0], minlength=len(self.first))

    def longest_match(self, taken: NDArray[np.int64], positions: slice) -> NDArray[np.int32]:
        """Cut a part of the text into the longest of some N-grams, from left to right.

        Args:
            taken: their numbers.
            positions: of the part, which begins and ends with documents.

        Returns:
            The numbers of those that are found, in their order; no two overlap.
        """
        # The last one stands for no N-gram, -1.
        known = np.zeros(len(self.first) + 1, dtype=np.bool_)
        known[taken] = True
        longest = np.full_like(self.items[0, positions], -1)
        for row in self.items[1:, positions]:
            np.copyto(longest, row, where=known[row])
        starts = np.flatnonzero(longest >= 0)
        kept, free = [], 0
        for start, length in zip(starts.tolist(), self.lengths[longest[starts]].tolist(), strict=True):
            if start >= free:
                kept.append(start)
                free = start + length
        return longest[kept]

    def ngram(self, item: int) -> Ngram:
        """Write an N-gram as token ids."""
        start, length = self.first[item], self.lengths[item]
        units = [self.units[at] for at in self.items[0, start : start + length].tolist()]
        return tuple(chain.from_iterable((unit,) if isinstance(unit, int) else unit for unit in units))


def number_ngrams(documents: ClassDocuments, longest: int, min_frequency: int) -> NgramPositions:
    """Find all N-grams of a text.

    Args:
        documents: the text.
        longest: of the N-grams, in units, at least 2.
        min_frequency: leave out N-grams of two and more units that occur less often, overlaps counted.

    Returns:
        The N-grams and where they begin.

    >>> found = number_ngrams(ClassDocuments(("a",), (5,), [[[5, 6, 5], [5, 6]]], None), 2, min_frequency=2)
    >>> found.items.tolist(), found.ngram(2)
    ([[0, 1, 0, -1, 0, 1, -1], [2, -1, -1, -1, 2, -1, -1]], (5, 6))
    """
    # A boundary behind every document parts it from the next one.
    texts = [list(chain.from_iterable((*document, None) for document in members)) for members in documents.units]
    ends = np.cumsum([0, *map(len, texts)])
    slices = [slice(start, end) for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)]
    distinct = {unit for text in texts for unit in text if unit is not None}
    units = sorted(distinct, key=lambda unit: (unit,) if isinstance(unit, int) else unit)
    codes: dict[Unit | None, int] = {unit: code for code, unit in enumerate(units)} | {None: -1}
    single = np.fromiter((codes[unit] for text in texts for unit in text), dtype=np.int32, count=ends[-1])

    items = np.full((longest, len(single)), -1, dtype=np.int32)
    items[0] = single
    inside = single >= 0
    room = [[np.count_nonzero(inside[each]) for each in slices]]
    first = [np.zeros(len(units), dtype=np.int64)]
    first[0][single[inside]] = np.flatnonzero(inside)
    for length in range(2, longest + 1):
        inside[: 1 - length] &= single[length - 1 :] >= 0
        inside[1 - length :] = False
        room.append([np.count_nonzero(inside[each]) for each in slices])
        # What begins with an N-gram that is too rare is too rare itself.
        starts = np.flatnonzero(inside & (items[length - 2] >= 0))
        keys = items[length - 2, starts] * np.int64(len(units)) + single[starts + length - 1]
        _, found, inverse, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
        frequent = counts >= min_frequency
        numbers = np.where(frequent, np.cumsum(frequent) - 1 + sum(map(len, first)), -1)
        items[length - 1, starts] = numbers[inverse]
        first.append(starts[found[frequent]])
    lengths = np.repeat(np.arange(1, longest + 1), list(map(len, first)))
    begin = np.concatenate(first)
    widths = np.array([1 if isinstance(unit, int) else len(unit) for unit in units] + [0])
    through = np.concatenate([[0], np.cumsum(widths[single])])
    tokens = through[begin + lengths] - through[begin]
    return NgramPositions(units, items, begin, lengths, tokens, np.array(room), slices)
