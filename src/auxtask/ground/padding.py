"""Rows of unlike length as one array, and documents that were padded before as they were."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auxtask.errors import AuxtaskError

# The label of a position that no loss counts: torch's cross-entropy and every stock head of transformers skip it.
IGNORE_INDEX = -100


def pad(rows: Sequence[Sequence[int]], value: int) -> NDArray[np.int64]:
    """Pad rows of token ids on the right to the longest of them.

    Args:
        rows: at least one row of integers.
        value: what fills the end of shorter rows.

    Returns:
        Array of shape (rows, longest row), int64.

    >>> pad([[1, 2, 3], [4]], value=0).tolist()
    [[1, 2, 3], [4, 0, 0]]
    """
    padded = np.full((len(rows), max(len(row) for row in rows)), value, dtype=np.int64)
    for target, row in zip(padded, rows, strict=True):
        target[: len(row)] = row
    return padded


def without_padding(feature: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out of a document what its `attention_mask` leaves out, on either side.

    Args:
        feature: with `input_ids`; a column of the same length, but for `label`, is aligned with it.

    Returns:
        The document as a tokenizer gives it without padding; the very same where there is none.

    Raises:
        AuxtaskError: the mask has another length than `input_ids`.

    >>> without_padding({"input_ids": [0, 0, 2, 7, 3], "attention_mask": [0, 0, 1, 1, 1], "label": 1})
    {'input_ids': [2, 7, 3], 'attention_mask': [1, 1, 1], 'label': 1}
    """
    mask = feature.get("attention_mask")
    if mask is None:
        return feature
    length = len(feature["input_ids"])
    if len(mask) != length:
        raise AuxtaskError(
            f"a document has {length} input_ids and {len(mask)} entries in attention_mask; tokenize its text again"
        )
    attended = np.flatnonzero(np.asarray(mask)).tolist()
    if len(attended) == length:
        return feature
    aligned = {name for name, value in feature.items() if name != "label" and _has_length(value, length)}
    return {
        name: [value[position] for position in attended] if name in aligned else value
        for name, value in feature.items()
    }


def _has_length(value: Any, length: int) -> bool:
    return not isinstance(value, str | bytes) and hasattr(value, "__len__") and len(value) == length
