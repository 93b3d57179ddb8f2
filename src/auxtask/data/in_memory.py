"""Data that a program already holds: pairs, frames, data sets."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from datasets import ClassLabel, Dataset, DatasetDict

from auxtask.data.dataset import Pair, TextDataset
from auxtask.data.download import file_hash
from auxtask.data.grouped import Groups, build_completed, group_keys
from auxtask.data.intake import complete_documents
from auxtask.data.readers import FileDocuments, read_documents
from auxtask.errors import AuxtaskError


def load_in_memory(
    train: Any,
    valid: Any = None,
    test: Any = None,
    *,
    name: str | None = None,
    text_column: str = "text",
    label_column: str = "label",
    group_column: str | None = None,
) -> TextDataset:
    """Make a data set of what a program holds.

    Args:
        train: (text, label) pairs; a frame of pandas, polars or pyarrow; a `datasets.Dataset`; the path of a file
            that `auxtask.data.readers.read_documents` reads; or a `datasets.DatasetDict` of all splits.
        valid, test: likewise, each in place of a split of that name; without one, a share of the training
            documents is set aside, as of a user's own files.
        name: of the data set, a folder name in the paths of its runs; None for `data-` and its fingerprint.
        text_column, label_column: of frames, data sets and files.
        group_column: likewise, of the group, such as the author: the documents of a group stay on one side of all
            that is set aside or drawn; None for documents by themselves.

    Returns:
        The data set.

    Raises:
        AuxtaskError: a column is missing, or the documents do not make a data set.

    >>> films = load_in_memory([("a fine film", "good"), ("a dull film", "bad")] * 20)
    >>> films.label_names, films.name
    (['bad', 'good'], 'data-f9608948')
    """
    splits = {"train": train, "valid": valid, "test": test}
    if isinstance(train, DatasetDict):
        if "train" not in train:
            raise AuxtaskError(f"the data set has no split 'train', its splits are {', '.join(train)}; rename one")
        splits = {
            "train": train["train"],
            "valid": train.get("valid", train.get("validation")) if valid is None else valid,
            "test": train.get("test") if test is None else test,
        }
    pairs: dict[str, list[Pair]] = {}
    groups: Groups = {}
    provenance: dict[str, Any] = {"intake": {}}
    for split, given in splits.items():
        if given is not None or split == "train":  # None is no training data, and is refused as such
            read = read_given(given, split, text_column, label_column, group_column)
            pairs[split], provenance["intake"][split] = complete_documents(
                read.pairs, f"the {split} documents", read.layout
            )
            if read.groups is not None:
                groups[split] = group_keys(split, read.groups, read.pairs)
        if isinstance(given, str | Path):
            files = provenance.setdefault("files", {})
            files[split] = {"path": str(given), "sha256": file_hash(Path(given).expanduser())}
    dataset = build_completed(pairs, groups, name=name or "", provenance=provenance)
    dataset.name = name or f"data-{dataset.fingerprint[:8]}"
    return dataset


def read_given(
    given: Any, split: str, text_column: str, label_column: str, group_column: str | None = None
) -> FileDocuments:
    """Read documents off pairs, a frame, a data set or a file; labels become text.

    Args:
        given: as for `load_in_memory`, one split.
        split: its name, for the message.
        text_column, label_column, group_column: of frames, data sets and files; None for no groups.

    Returns:
        (text, label) pairs, None for a missing value; and how a file was read.

    Raises:
        AuxtaskError: it is nothing of the kind, or lacks a column.

    >>> read_given(pa.table({"text": ["a fine film"], "label": [1]}), "train", "text", "label").pairs
    [('a fine film', '1')]
    """
    if isinstance(given, str | Path):
        return read_documents(
            Path(given), text_column=text_column, label_column=label_column, group_column=group_column
        )
    columns = [text_column, label_column, *([] if group_column is None else [group_column])]
    groups: Sequence[Any] | None = None
    if isinstance(given, Dataset):
        _check_columns(given.column_names, split, *columns)
        texts, labels = list(given[text_column]), list(given[label_column])
        groups = None if group_column is None else list(given[group_column])
        feature = given.features[label_column]
        if isinstance(feature, ClassLabel):
            labels = [None if label is None or label < 0 else feature.int2str(label) for label in labels]
    elif isinstance(given, pd.DataFrame):
        _check_columns(list(given.columns), split, *columns)
        texts, labels = list(given[text_column]), list(given[label_column])
        groups = None if group_column is None else list(given[group_column])
    elif hasattr(given, "__arrow_c_stream__"):
        # Frames of polars, pyarrow, DuckDB and others, none of which has to be known here.
        table = pa.table(given)
        _check_columns(table.column_names, split, *columns)
        texts, labels = table[text_column].to_pylist(), table[label_column].to_pylist()
        groups = None if group_column is None else table[group_column].to_pylist()
    else:
        rows = list(given) if isinstance(given, Iterable) else None
        if rows is None or any(not isinstance(row, tuple | list) or len(row) != 2 for row in rows):
            raise AuxtaskError(
                f"{split}={str(given)[:60]!r} is no list of (text, label) pairs, frame, data set or path of a file"
            )
        if group_column is not None:
            raise AuxtaskError(
                f"group_column={group_column!r} names a column, and {split} is a list of (text, label) pairs; "
                "give a frame, a data set or a file"
            )
        texts, labels = [text for text, _ in rows], [label for _, label in rows]
    return FileDocuments(
        list(zip(map(_text, texts), map(_text, labels), strict=True)),
        "",
        None if groups is None else [_text(group) for group in groups],
    )


def _check_columns(columns: Sequence[Any], split: str, *wanted: str) -> None:
    for column in wanted:
        if column not in columns:
            raise AuxtaskError(
                f"{split} has no column {column!r}, its columns are {', '.join(map(repr, columns))}; "
                "name the right ones by text_column=, label_column= and group_column="
            )
        if list(columns).count(column) > 1:
            raise AuxtaskError(f"{split} has more than one column {column!r}; rename all but one")


def _text(value: Any) -> str | None:
    # Missing values of frames: pandas' own one, and not-a-number, which does not equal itself.
    return None if value is None or value is pd.NA or value != value else str(value)
