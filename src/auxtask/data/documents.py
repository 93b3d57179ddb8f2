"""Token ids of many documents as flat arrays: what the scorer reads, straight from Arrow or from lists."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from auxtask.data.arrow import flatten_lists
from auxtask.data.padding import attended_tokens, expect_aligned


@dataclass(frozen=True)
class Documents:
    """Documents laid end to end.

    Args:
        token_ids: special tokens included, shape (tokens,), int64.
        word_ids: the word of each token within its document, -1 at special tokens, shape (tokens,), int64.
        offsets: document i is `token_ids[offsets[i]:offsets[i + 1]]`, shape (documents + 1,), int64.
        scored: whether a token is to be predicted, shape (tokens,), bool.
    """

    token_ids: NDArray[np.int64]
    word_ids: NDArray[np.int64]
    offsets: NDArray[np.int64]
    scored: NDArray[np.bool_]

    @classmethod
    def from_lists(cls, token_ids: Sequence[Sequence[int]], word_ids: Sequence[Sequence[int]]) -> "Documents":
        """Lay lists of token ids and of word indices end to end; every token with a word is to be predicted.

        >>> Documents.from_lists([[2, 7, 3], [2, 3]], [[-1, 0, -1], [-1, -1]]).offsets.tolist()
        [0, 3, 5]
        """
        offsets = np.cumsum([0, *map(len, token_ids)], dtype=np.int64)
        flat_ids, flat_words = (
            np.fromiter((value for row in rows for value in row), np.int64) for rows in (token_ids, word_ids)
        )
        return cls(flat_ids, flat_words, offsets, flat_words >= 0)

    @classmethod
    def from_dataset(cls, dataset: Dataset) -> "Documents":
        """Read the columns `input_ids` and `word_ids` without making Python lists of them, as `from_lists` does.

        What `attention_mask` leaves out is left out (`auxtask.data.padding.attended_tokens`).

        Raises:
            AuxtaskError: the columns differ in length somewhere.
        """
        token_ids, offsets = flatten_lists(dataset, "input_ids")
        word_ids, word_offsets = flatten_lists(dataset, "word_ids")
        expect_aligned("input_ids", np.diff(offsets), "word_ids", np.diff(word_offsets))
        attended = attended_tokens(dataset)
        if not attended.all():
            token_ids, word_ids = token_ids[attended], word_ids[attended]
            offsets = np.concatenate([[0], np.cumsum(attended)])[offsets]
        return cls(token_ids, word_ids, offsets, word_ids >= 0)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each document, special ones included, shape (documents,)."""
        return np.diff(self.offsets)

    def words(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Find the words: runs of one word index within a document.

        Returns:
            Where each begins and where it ends (exclusive) in the flat arrays, in order, shape (words,).

        >>> start, stop = Documents.from_lists([[2, 7, 8, 9, 3]], [[-1, 0, 1, 1, -1]]).words()
        >>> start.tolist(), stop.tolist()
        ([1, 2], [2, 4])
        """
        begins = np.ones(len(self.word_ids) + 1, dtype=bool)
        begins[1:-1] = self.word_ids[1:] != self.word_ids[:-1]
        begins[self.offsets] = True
        edges = np.flatnonzero(begins)
        inside = self.word_ids[edges[:-1]] >= 0
        return edges[:-1][inside], edges[1:][inside]

    def part(self, values: NDArray[Any], document: int) -> NDArray[Any]:
        """Cut one document out of a flat array of values."""
        return values[self.offsets[document] : self.offsets[document + 1]]

    def keys(self) -> Iterator[bytes]:
        """Identify each document's content, and what of it is scored: SHA-256, 32 bytes."""
        content = np.stack([self.token_ids, self.word_ids, self.scored], axis=1)
        bounds = self.offsets.tolist()
        for start, stop in pairwise(bounds):
            yield hashlib.sha256(content[start:stop].data).digest()

    def take(self, chosen: NDArray[np.int64]) -> "Documents":
        """Keep some documents, in the order given."""
        positions = ranges(self.offsets[chosen], self.offsets[chosen + 1])
        offsets = np.concatenate([[0], np.cumsum(self.lengths[chosen])])
        return Documents(self.token_ids[positions], self.word_ids[positions], offsets, self.scored[positions])


def ranges(start: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.int64]:
    """Concatenate the ranges start[i]..stop[i]-1.

    >>> ranges(np.array([0, 7]), np.array([3, 9])).tolist()
    [0, 1, 2, 7, 8]
    """
    lengths = stop - start
    ends = np.cumsum(lengths)
    return np.arange(int(lengths.sum())) + np.repeat(start - (ends - lengths), lengths)
