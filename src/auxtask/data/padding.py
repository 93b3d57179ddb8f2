"""Rows of unlike length as one array, and documents that were padded before as they were."""

import numpy as np
import pyarrow as pa
from datasets import Dataset
from numpy.typing import NDArray

from auxtask.data.arrow import flatten_lists
from auxtask.data.encoding import document_lengths
from auxtask.errors import AuxtaskError


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
