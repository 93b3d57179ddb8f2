"""The column `unit_ids`: which unit each token of a document belongs to."""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from auxtask.data.encoding import NO_WORD, encode_whole
from auxtask.ground.tools import Tools

Words = Literal["join", "ignore"]


def whole_documents(dataset: Dataset, tools: Tools) -> tuple[list[list[int]], list[list[int]]]:
    """Give the documents that N-grams are looked for in: whole, without special tokens.

    Args:
        dataset: one split with the columns of `auxtask.data.encoding.encode`; without the column `text`, as the
            windows of long texts are, its rows count as whole.
        tools: have the tokenizer.

    Returns:
        For each document its token ids, and aligned with them the index of each token's word.
    """
    if "text" in dataset.column_names:
        return encode_whole(dataset["text"], tools.tokenizer, tools.segmenter)
    rows = [
        [(token, word) for token, word in zip(row["input_ids"], row["word_ids"], strict=True) if word != NO_WORD]
        for row in dataset.select_columns(["input_ids", "word_ids"])
    ]
    return [[token for token, _ in row] for row in rows], [[word for _, word in row] for row in rows]


def join_units(
    word_ids: Sequence[int], spans: Iterable[tuple[int, int]], words: Words = "join"
) -> NDArray[np.int64]:
    """Number the units of a document: neighbours are in one unit if they share a span or a word.

    Args:
        word_ids: the word of each token, shape (tokens,).
        spans: (start, end) in tokens, `end` exclusive; they do not overlap.
        words: `ignore` lets tokens share spans alone, so that a unit may end within a word.

    Returns:
        Ascending from 0, shape (tokens,), int64; equal to `word_ids` where no span joins two words.

    >>> join_units([0, 1, 1, 2, 3], [(2, 4)]).tolist(), join_units([0, 1, 1, 2, 3], [(2, 4)], "ignore").tolist()
    ([0, 1, 1, 1, 2], [0, 1, 2, 2, 3])
    """
    begins = np.ones(len(word_ids), dtype=bool)
    if words == "join":
        begins[1:] = np.diff(word_ids) != 0
    for start, end in spans:
        begins[start + 1 : end] = False
    return np.cumsum(begins) - 1


def add_unit_ids(dataset: Dataset, units: Iterable[NDArray[np.int64]], truncation_side: str) -> Dataset:
    """Add the column `unit_ids` to documents that may have been truncated.

    Args:
        dataset: with the column `word_ids`, -1 at special tokens and padding.
        units: of each document's tokens, special ones not counted, before it was truncated; see `join_units`.
        truncation_side: of the tokenizer, `right` or `left`: the end at which documents were cut.

    Returns:
        The data set with one column more, aligned with `input_ids`; -1 at special tokens and padding.

    >>> dataset = Dataset.from_dict({"word_ids": [[-1, 0, 0, -1]]})
    >>> add_unit_ids(dataset, [np.array([0, 0, 1])], "right")["unit_ids"][:]
    [[-1, 0, 0, -1]]
    """
    column = []
    for whole, word_ids in zip(units, dataset["word_ids"], strict=True):
        aligned = np.array(word_ids, dtype=np.int64)
        inside = aligned != NO_WORD
        kept = int(inside.sum())
        aligned[inside] = whole[len(whole) - kept :] if truncation_side == "left" else whole[:kept]
        column.append(aligned)
    return dataset.add_column("unit_ids", column)
