"""Overlapping windows over documents longer than the model reads, so that no token goes unscored."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from auxtask.data.documents import Documents

Indices = NDArray[np.int64]


def split_into_windows(documents: Documents, max_length: int) -> tuple[Documents, Indices]:
    """Cut long documents into overlapping windows; each token is scored in the one that shows most around it.

    A window is a stretch of the document between the special tokens of its two ends, and begins half a stretch
    after the window before. Stretches begin and end between words, unless one word alone is longer. A token is
    scored in the window where the nearer end of the stretch is farthest away; the earlier of equals.

    Args:
        documents: documents of any length.
        max_length: tokens of a window, special ones included, at least 3.

    Returns:
        The windows, a document of at most `max_length` tokens as it is; and the place of each of their tokens
        in the flat arrays of the documents, shape (tokens of the windows,), int64.

    >>> ids, words = [2, 10, 11, 12, 13, 14, 15, 3], [-1, 0, 1, 2, 3, 4, 5, -1]
    >>> windows, place = split_into_windows(Documents.from_lists([ids], [words]), max_length=6)
    >>> [windows.part(windows.token_ids, window).tolist() for window in range(2)]
    [[2, 10, 11, 12, 13, 3], [2, 12, 13, 14, 15, 3]]
    >>> place[windows.scored].tolist()
    [1, 2, 3, 4, 5, 6]
    """
    if documents.lengths.max(initial=0) <= max_length:
        return documents, np.arange(len(documents.token_ids))
    places: list[Indices] = []
    scored = []
    for begin, end in pairwise(documents.offsets.tolist()):
        if end - begin <= max_length:
            places.append(np.arange(begin, end))
            scored.append(documents.scored[begin:end])
            continue
        first = begin + int(documents.word_ids[begin] < 0)
        last = end - int(documents.word_ids[end - 1] < 0)
        head, tail = np.arange(begin, first), np.arange(last, end)
        stretches = list(_stretches(documents.word_ids[first:last], max_length - len(head) - len(tail)))
        owner = _owners(stretches, last - first)
        for window, (start, stop) in enumerate(stretches):
            places.append(np.concatenate([head, np.arange(first + start, first + stop), tail]))
            owned = np.pad(owner[start:stop] == window, (len(head), len(tail)))
            scored.append(documents.scored[places[-1]] & owned)
    place = np.concatenate(places)
    offsets = np.cumsum([0, *map(len, places)], dtype=np.int64)
    return Documents(documents.token_ids[place], documents.word_ids[place], offsets, np.concatenate(scored)), place


def _stretches(word_ids: Indices, size: int) -> Iterator[tuple[int, int]]:
    """Where each stretch of at most `size` tokens begins and ends (exclusive)."""
    edges = np.append(np.flatnonzero(np.diff(word_ids)) + 1, len(word_ids))
    start = stop = 0
    while stop < len(word_ids):
        within = edges[(edges > start) & (edges <= start + size)]
        stop = int(within[-1]) if len(within) else start + size
        yield start, stop
        if len(within):
            before_half = within[within <= start + size // 2]
            start = int(before_half[-1]) if len(before_half) else int(within[0])
        else:
            start += max(size // 2, 1)


def _owners(stretches: Sequence[tuple[int, int]], length: int) -> Indices:
    """The stretch in which each token is scored, shape (length,)."""
    owner, farthest = np.zeros(length, np.int64), np.full(length, -1)
    for window, (start, stop) in enumerate(stretches):
        from_start = np.arange(stop - start)
        distance = np.minimum(from_start, from_start[::-1])
        better = distance > farthest[start:stop]
        owner[start:stop][better] = window
        farthest[start:stop][better] = distance[better]
    return owner
