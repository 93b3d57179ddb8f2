"""Columns of lists as flat arrays, without Python lists of a whole corpus."""

import numpy as np
import pyarrow as pa
from datasets import Dataset
from numpy.typing import NDArray


def flatten_lists(split: Dataset, column: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lay the lists of a column end to end.

    Args:
        split: one split.
        column: a column of lists of integers.

    Returns:
        The values, shape (values,), int64, and where each document begins and the last one ends, shape
        (documents + 1,), int64.

    >>> values, offsets = flatten_lists(Dataset.from_dict({"input_ids": [[2, 7, 3], [2, 3]]}), "input_ids")
    >>> values.tolist(), offsets.tolist()
    ([2, 7, 3, 2, 3], [0, 3, 5])
    """
    chunks = split.select_columns(column).with_format("arrow")[:].column(column)
    lists = chunks.cast(pa.large_list(pa.int64())).combine_chunks()
    offsets = lists.offsets.to_numpy()
    # A slice of a longer array keeps its offsets; `flatten` gives the values of the slice alone.
    return lists.flatten().to_numpy(), offsets - offsets[0]
