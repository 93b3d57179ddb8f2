"""Any text classification data set of the Hugging Face hub."""

from dataclasses import fields
from pathlib import Path

from datasets import (
    BuilderConfig,
    ClassLabel,
    DatasetBuilder,
    DownloadManager,
    Value,
    load_dataset_builder,
)
from datasets.exceptions import DatasetsError
from datasets.packaged_modules.csv.csv import CsvConfig

from auxtask.data.dataset import Pair, TextDataset
from auxtask.data.grouped import Groups, build_completed, group_keys
from auxtask.data.intake import complete_documents
from auxtask.data.readers import FileDocuments, read_documents
from auxtask.errors import AuxtaskError
from auxtask.ground.hub_access import ask_hub


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
    group_column: str | None = None,
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
        group_column: the column of the group, see `auxtask.data.user_files.load_files`.

    Returns:
        The data set, named by `path` with `--` for each `/`.

    Raises:
        AuxtaskError: it cannot be reached or does not exist, lacks a split or a column, or its documents do
            not make a data set.
    """
    if path is None:
        raise AuxtaskError("dataset=hub has no data set; name it with dataset.path=ag_news")
    if not Path(path).expanduser().is_dir():
        ask_hub()
    try:
        builder = load_dataset_builder(path, name, revision=revision)
        source = _Files(builder) if _is_delimited(builder) else _Table(builder)
    except (OSError, ValueError, RuntimeError, DatasetsError) as error:
        reason = " ".join(str(error).split())
        raise AuxtaskError(
            f"data set '{path}' of the hub cannot be loaded ({type(error).__name__}: {reason:.300}); "
            "check its name and the network, or work offline with: python -m auxtask.train dataset=docstrings"
        ) from error
    pairs: dict[str, list[Pair]] = {}
    groups: Groups = {}
    intake = {}
    for split, split_name in {"train": train_split, "valid": valid_split, "test": test_split}.items():
        if split_name in source.splits:
            documents = source.read(str(split_name), path, text_column, label_column, group_column)
            where = f"the {split} split of data set '{path}'"
            pairs[split], intake[split] = complete_documents(documents.pairs, where, documents.layout)
            if documents.groups is not None:
                groups[split] = group_keys(split, documents.groups, documents.pairs)
        elif split == "train":
            raise AuxtaskError(
                f"data set '{path}' has no split {split_name!r}, its splits are "
                f"{', '.join(map(repr, source.splits))}; name the right one with dataset.train_split=..."
            )
    version = str(builder.info.version)
    provenance = {"hub": path, "name": name, "revision": revision, "version": version, "intake": intake}
    return build_completed(
        pairs,
        groups,
        name=path.strip("/").replace("/", "--"),
        provenance=provenance,
        valid_share=valid_share,
        test_share=test_share,
    )


class _Files:
    """Delimited files, read as a user's own are: pandas takes `NA` for missing and drops what is too much."""

    def __init__(self, builder: DatasetBuilder) -> None:
        download = DownloadManager(dataset_name=builder.dataset_name).download
        self._paths = {str(split): download(list(files)) for split, files in builder.config.data_files.items()}
        self._features = builder.info.features or {}
        self._encoding = builder.config.encoding or "utf-8-sig"
        self.splits = list(self._paths)

    def read(
        self, split: str, path: str, text_column: str, label_column: str, group_column: str | None
    ) -> FileDocuments:
        parts = [
            read_documents(
                file,
                text_column=text_column,
                label_column=label_column,
                encoding=self._encoding,
                group_column=group_column,
            )
            for file in self._paths[split]
        ]
        feature = self._features.get(label_column)
        pairs = [
            (text, _class_name(feature, label) if isinstance(feature, ClassLabel) else label)
            for part in parts
            for text, label in part.pairs
        ]
        groups = None if group_column is None else [group for part in parts for group in part.groups or []]
        return FileDocuments(pairs, parts[0].layout, groups)


class _Table:
    """What `datasets` makes of everything else."""

    def __init__(self, builder: DatasetBuilder) -> None:
        builder.download_and_prepare()
        self._tables = builder.as_dataset()
        self.splits = list(self._tables)

    def read(
        self, split: str, path: str, text_column: str, label_column: str, group_column: str | None
    ) -> FileDocuments:
        table = self._tables[split]
        wanted = {"text_column": text_column, "label_column": label_column, "group_column": group_column}
        for option, column in wanted.items():
            if column is not None and column not in table.column_names:
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
        labels = table[label_column]
        if isinstance(feature, ClassLabel):
            names = [_class_name(feature, label) for label in labels]
        else:
            names = [None if label is None else str(label) for label in labels]
        groups = None
        if group_column is not None:
            groups = [None if group is None else str(group) for group in table[group_column]]
        return FileDocuments(list(zip(table[text_column], names, strict=True)), "", groups)


def _is_delimited(builder: DatasetBuilder) -> bool:
    """Tell whether a data set lies in delimited files that need no settings to be read."""
    if not isinstance(builder.config, CsvConfig) or not builder.config.data_files:
        return False
    ours = {field.name for field in fields(BuilderConfig)} | {"sep", "delimiter", "features", "encoding"}
    plain = CsvConfig()
    return all(
        getattr(builder.config, field.name) == getattr(plain, field.name)
        for field in fields(CsvConfig)
        if field.name not in ours
    ) and all(
        str(file).removesuffix(".gz").endswith((".csv", ".tsv"))
        for files in builder.config.data_files.values()
        for file in files
    )


def _class_name(feature: ClassLabel, value: int | str | None) -> str | None:
    """Name a class; competitions hide the labels of a test split behind -1."""
    if isinstance(value, str):
        if value in feature.names:
            return value
        try:
            value = int(value)
        except ValueError:
            raise AuxtaskError(f"label {value!r} is none of the data set's own classes {feature.names}") from None
    return None if value is None or value < 0 else str(feature.int2str(value))
