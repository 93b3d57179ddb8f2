"""Data that a program already holds: pairs, frames, data sets."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from datasets import ClassLabel, Dataset

from auxtask.data.dataset import Pair, TextDataset, build_text_dataset
from auxtask.data.intake import complete_documents
from auxtask.data.readers import read_documents
from auxtask.data.splits import complete_splits
from auxtask.errors import AuxtaskError


def load_in_memory(
    train: Any,
    valid: Any = None,
    test: Any = None,
    *,
    name: str | None = None,
    text_column: str = "text",
    label_column: str = "label",
) -> TextDataset:
    """Make a data set of what a program holds.

    Args:
        train: (text, label) pairs, a frame of pandas or polars, a `datasets.Dataset`, or the path of a file that
            `auxtask.data.readers.read_documents` reads.
        valid, test: likewise; without one, a share of the training documents is set aside.
        name: of the data set, a folder name in the paths of its runs; None for `data-` and its fingerprint.
        text_column, label_column: of frames, data sets and files.

    Returns:
        The data set.

    Raises:
        AuxtaskError: a column is missing, or the documents do not make a data set.

    >>> films = load_in_memory([("a fine film", "good"), ("a dull film", "bad")] * 20)
    >>> films.label_names, films.name
    (['bad', 'good'], 'data-f9608948')
    """
    pairs: dict[str, list[Pair]] = {}
    intake = {}
    for split, given in {"train": train, "valid": valid, "test": test}.items():
        if given is not None:
            read = pairs_of(given, split, text_column, label_column)
            pairs[split], intake[split] = complete_documents(read, f"the {split} documents")
    dataset = build_text_dataset(complete_splits(pairs), name=name or "", provenance={"intake": intake})
    dataset.name = name or f"data-{dataset.fingerprint[:8]}"
    return dataset


def pairs_of(given: Any, split: str, text_column: str, label_column: str) -> list[Pair]:
    """Read documents off pairs, a frame, a data set or a file; labels become text.

    Args:
        given: as for `load_in_memory`.
        split: its name, for the message.
        text_column, label_column: of frames, data sets and files.

    Returns:
        (text, label) pairs, None for a missing value.

    Raises:
        AuxtaskError: it is nothing of the kind, or lacks a column.

    >>> pairs_of([("a fine film", 1)], "train", "text", "label")
    [('a fine film', '1')]
    """
    if isinstance(given, str | Path):
        return read_documents(Path(given), text_column=text_column, label_column=label_column).pairs
    columns = given.column_names if isinstance(given, Dataset) else getattr(given, "columns", None)
    if columns is not None:
        for column in (text_column, label_column):
            if column not in columns:
                raise AuxtaskError(
                    f"{split} has no column {column!r}, its columns are {', '.join(map(repr, columns))}; "
                    "rename the right one"
                )
        labels: Iterable[Any] = list(given[label_column])
        feature = given.features[label_column] if isinstance(given, Dataset) else None
        if isinstance(feature, ClassLabel):
            labels = [None if label is None or label < 0 else feature.int2str(label) for label in labels]
        rows = zip(given[text_column], labels, strict=True)
    else:
        rows = list(given) if isinstance(given, Iterable) else None  # type: ignore[assignment]
        if rows is None or any(not isinstance(row, tuple | list) or len(row) != 2 for row in rows):
            raise AuxtaskError(
                f"{split}={str(given)[:60]!r} is no list of (text, label) pairs, frame, data set or path of a file"
            )
    return [(_text(text), _text(label)) for text, label in rows]


def _text(value: Any) -> str | None:
    # A missing value of a frame is the one that does not equal itself.
    return None if value is None or value != value else str(value)
