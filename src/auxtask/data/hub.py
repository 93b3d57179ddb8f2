"""Any text classification data set of the Hugging Face hub."""

from typing import Any

from datasets import ClassLabel, DatasetDict, Value, load_dataset
from datasets.exceptions import DatasetsError

from auxtask.data.dataset import TextDataset, build_text_dataset
from auxtask.data.readers import Pair
from auxtask.data.splits import complete_splits
from auxtask.errors import AuxtaskError


def load_hub(
    path: str | None,
    name: str | None = None,
    *,
    revision: str | None = None,
    text_column: str = "text",
    label_column: str = "label",
    train_split: str = "train",
    valid_split: str | None = "validation",
    test_split: str | None = "test",
    valid_share: float = 0.1,
    test_share: float = 0.2,
) -> TextDataset:
    """Load a data set of the Hugging Face hub, or of a local folder laid out like one.

    Args:
        path: its hub id, such as "ag_news".
        name: which of its configurations.
        revision: a branch, tag or commit of it.
        text_column: the column of the text.
        label_column: the column of the label: a ClassLabel, strings or integers.
        train_split: the name of its training split.
        valid_split: the name of its validation split; where it has none (or None is given), `valid_share` of
            the training documents validates.
        test_split: the name of its test split; where it has none (or None is given), `test_share` of the
            training documents tests.
        valid_share: a share in (0, 1).
        test_share: a share in (0, 1).

    Returns:
        The data set, named by `path` with `--` for each `/`.

    Raises:
        AuxtaskError: it cannot be reached or does not exist, lacks a split or a column, or its documents do
            not make a data set.
    """
    if path is None:
        raise AuxtaskError("dataset=hub has no data set; name it with dataset.path=ag_news")
    try:
        loaded = load_dataset(path, name, revision=revision)
    except (OSError, ValueError, RuntimeError, DatasetsError) as error:
        reason = " ".join(str(error).split())
        raise AuxtaskError(
            f"data set '{path}' of the hub cannot be loaded ({type(error).__name__}: {reason:.300}); "
            "check its name and the network, or work offline with: python -m auxtask.train dataset=docstrings"
        ) from error
    names = {"train": train_split, "valid": valid_split, "test": test_split}
    pairs = {
        split: _pairs(loaded, split_name, path, text_column, label_column)
        for split, split_name in names.items()
        if split == "train" or split_name in loaded
    }
    splits = complete_splits(pairs, valid_share=valid_share, test_share=test_share)
    info = loaded[train_split].info
    provenance = {"hub": path, "name": name, "revision": revision, "version": str(info.version)}
    return build_text_dataset(splits, name=path.strip("/").replace("/", "--"), provenance=provenance)


def _pairs(loaded: DatasetDict, split: str | None, path: str, text_column: str, label_column: str) -> list[Pair]:
    if split not in loaded:
        raise AuxtaskError(
            f"data set '{path}' has no split {split!r}, its splits are {', '.join(map(repr, loaded))}; "
            "name the right one with dataset.train_split=..."
        )
    table = loaded[split]
    for option, column in (("text_column", text_column), ("label_column", label_column)):
        if column not in table.column_names:
            raise AuxtaskError(
                f"data set '{path}' has no column {column!r}, its columns are "
                f"{', '.join(map(repr, table.column_names))}; name the right one with dataset.{option}=..."
            )
    if table.features[text_column] not in (Value("string"), Value("large_string")):
        raise AuxtaskError(
            f"column {text_column!r} of data set '{path}' is not text but {table.features[text_column]}; "
            "name the right one with dataset.text_column=..."
        )
    feature = table.features[label_column]
    if not isinstance(feature, ClassLabel | Value):
        raise AuxtaskError(
            f"column {label_column!r} of data set '{path}' is {feature}; a document has one label: "
            "name the right column with dataset.label_column=..."
        )

    def label_of(value: Any) -> str | None:
        if isinstance(feature, ClassLabel):
            # Competitions hide the labels of a test split behind -1.
            return None if value is None or value < 0 else str(feature.int2str(value))
        return None if value is None else str(value)

    return [(text, label_of(value)) for text, value in zip(table[text_column], table[label_column], strict=True)]
