"""A control: spans at random places, as many, as long and of the same types as those that were found."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from auxtask.phrases.bio import labels_to_spans, spans_to_labels


def random_spans(labels: Sequence[list[str]], token_ids: Sequence[Sequence[int]], seed: int) -> list[list[str]]:
    """Move the spans of each document to random places.

    Args:
        labels: of each document, one a token.
        token_ids: of each document; with the seed they determine its places.
        seed: of the run.

    Returns:
        The new labels of each document: spans of the same lengths and types, none of which overlap.

    >>> random_spans([["B-a", "I-a", "O", "O", "O"]], [[5, 6, 7, 8, 9]], seed=0)
    [['O', 'O', 'O', 'B-a', 'I-a']]
    """
    moved = []
    for row, ids in zip(labels, token_ids, strict=True):
        spans = labels_to_spans(row)
        content = f"{seed}/random_spans/".encode() + np.asarray(ids, dtype=np.int64).tobytes()
        generator = np.random.default_rng(int.from_bytes(blake2b(content, digest_size=8).digest(), "little"))
        lengths = np.array([end - start for start, end, _ in spans], dtype=np.int64)
        starts = random_starts(len(row), lengths, generator)
        types = [kind for _, _, kind in spans]
        places = zip(starts.tolist(), (starts + lengths).tolist(), types, strict=True)
        moved.append(spans_to_labels(len(row), places))
    return moved


def random_starts(tokens: int, lengths: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Place spans that do not overlap, uniformly over all placements.

    Of k spans of l tokens in all, in a random order, each takes one slot of n - l + k, and each token outside
    another: comb(n - l + k, k) placements for each order.

    Args:
        tokens: n, at least the sum of the lengths.
        lengths: of the spans, shape (spans,).
        generator: the randomness.

    Returns:
        The first token of each span, shape (spans,).

    >>> random_starts(5, np.array([3, 2]), np.random.default_rng(0)).tolist() in ([0, 3], [2, 0])
    True
    """
    order = generator.permutation(len(lengths))
    in_order = lengths[order]
    slots = np.sort(generator.choice(tokens - lengths.sum() + len(lengths), size=len(lengths), replace=False))
    starts = np.empty_like(lengths)
    starts[order] = slots + np.cumsum(in_order) - in_order - np.arange(len(lengths))
    return starts
