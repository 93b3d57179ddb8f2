"""Rows of unlike length as one array, and documents that were padded before as they were."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from datasets import Dataset
from numpy.typing import NDArray

from auxtask.data.arrow import flatten_lists
from auxtask.data.encoding import document_lengths
from auxtask.errors import AuxtaskError


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


def attended_tokens(split: Dataset) -> NDArray[np.bool_]:
    """Tell the tokens of all documents, laid end to end, from their padding.

    Args:
        split: with the column `input_ids`, and `attention_mask` unless nothing is padded.

    Returns:
        Shape (tokens and padding,), True where `attention_mask` is not 0.

    Raises:
        AuxtaskError: the two columns differ in length somewhere.

    >>> split = Dataset.from_dict({"input_ids": [[2, 3], [2, 0]], "attention_mask": [[1, 1], [1, 0]]})
    >>> attended_tokens(split).tolist()
    [True, True, True, False]
    """
    lengths = document_lengths(split)
    if "attention_mask" not in split.column_names:
        return np.ones(int(lengths.sum()), dtype=bool)
    mask, offsets = flatten_lists(split, "attention_mask")
    expect_aligned("input_ids", lengths, "attention_mask", np.diff(offsets))
    return mask != 0


def add_token_column(split: Dataset, name: str, values: NDArray[np.floating]) -> Dataset:
    """Add a column with a number for each token.

    Args:
        split: as for `attended_tokens`.
        name: of the column; one that is there is replaced.
        values: of the tokens that are attended to, all documents end to end, shape (tokens,).

    Returns:
        The data set with the column: float32, aligned with `input_ids`, not a number at padding.

    >>> split = Dataset.from_dict({"input_ids": [[2, 3], [2, 0]], "attention_mask": [[1, 1], [1, 0]]})
    >>> add_token_column(split, "likelihoods", np.array([0.5, 0.25, 1.0]))["likelihoods"][:]
    [[0.5, 0.25], [1.0, nan]]
    """
    attended, offsets = attended_tokens(split), np.cumsum([0, *document_lengths(split)])
    aligned = np.full(len(attended), np.nan, dtype=np.float32)
    aligned[attended] = values
    column = pa.LargeListArray.from_arrays(offsets, aligned).cast(pa.list_(pa.float32()))
    if name in split.column_names:
        split = split.remove_columns(name)
    return split.add_column(name, column)


def expect_aligned(
    name: str, lengths: NDArray[np.int64], other_name: str, other_lengths: NDArray[np.int64]
) -> None:
    """Refuse two columns of lists that differ in length somewhere.

    Args:
        name, other_name: the columns.
        lengths, other_lengths: of their lists, shape (documents,).

    Raises:
        AuxtaskError: they differ; the document and its two lengths are named.
    """
    if not np.array_equal(lengths, other_lengths):
        row = int(np.flatnonzero(lengths != other_lengths)[0])
        raise AuxtaskError(
            f"document {row} has {lengths[row]} {name} and {other_lengths[row]} {other_name}; "
            "encode the texts again with auxtask.data.encoding.encode"
        )
