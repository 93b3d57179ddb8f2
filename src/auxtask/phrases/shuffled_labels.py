"""A control: labels that say nothing of the text they stand in."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from auxtask.errors import AuxtaskError
from auxtask.phrases.bio import OUTSIDE, labels_to_spans, spans_to_labels

Shuffle = Literal["types", "documents"]


def shuffle_labels(
    labels: Sequence[list[str]], token_ids: Sequence[Sequence[int]], seed: int, *, shuffle: Shuffle = "types"
) -> list[list[str]]:
    """Shuffle the labels of a training set.

    Args:
        labels: of each document, one a token.
        token_ids: not needed.
        seed: of the permutation.
        shuffle: `types` permutes the types over all spans of the documents, so that spans stay and each type stays
            as frequent; `documents` gives each document the labels of another one, cut to its length or filled
            with `O`.

    Returns:
        The new labels of each document, as long as before.

    Raises:
        AuxtaskError: `shuffle` is neither.

    >>> shuffle_labels([["B-a", "O"], ["B-b", "I-b", "O"]], [[5, 6], [7, 8, 9]], 0, shuffle="documents")
    [['B-b', 'I-b'], ['B-a', 'O', 'O']]
    """
    if shuffle not in get_args(Shuffle):
        raise AuxtaskError(f"shuffle={shuffle!r} is unknown; use {' or '.join(get_args(Shuffle))}")
    generator = np.random.default_rng(seed)
    if shuffle == "documents":
        # Along one circle through all documents, so that none keeps its own.
        circle = generator.permutation(len(labels))
        other = dict(zip(circle.tolist(), np.roll(circle, 1).tolist(), strict=True))
        return [(labels[other[at]] + [OUTSIDE] * len(row))[: len(row)] for at, row in enumerate(labels)]
    spans = [labels_to_spans(row) for row in labels]
    types = [kind for document in spans for _, _, kind in document]
    shuffled = (types[at] for at in generator.permutation(len(types)).tolist())
    return [
        spans_to_labels(len(row), [(start, end, next(shuffled)) for start, end, _ in document])
        for row, document in zip(labels, spans, strict=True)
    ]
