"""A user's own files as a data set."""

from pathlib import Path

from auxtask.data.dataset import Pair, TextDataset
from auxtask.data.download import file_hash
from auxtask.data.grouped import Groups, build_completed, group_keys
from auxtask.data.intake import complete_documents
from auxtask.data.readers import read_documents
from auxtask.errors import AuxtaskError


def load_files(
    train: str | Path | None,
    valid: str | Path | None = None,
    test: str | Path | None = None,
    *,
    name: str = "files",
    text_column: str = "text",
    label_column: str = "label",
    encoding: str = "utf-8-sig",
    valid_share: float = 0.1,
    test_share: float = 0.2,
    group_column: str | None = None,
) -> TextDataset:
    """Load delimited files, JSON lines (each plain or gzipped), Parquet files or Excel workbooks.

    Rows without text or label are left out; `provenance["intake"]` counts them (`intake_line` says it).

    Args:
        train: the training file.
        valid: the validation file; without one, `valid_share` of the training documents validates.
        test: the test file; without one, `test_share` of the training documents tests.
        name: the data set's name, a folder name in the paths of its runs.
        text_column: the column of the text.
        label_column: the column of the label.
        encoding: the encoding of CSV, TSV and JSON lines.
        valid_share: a share in (0, 1).
        test_share: a share in (0, 1).
        group_column: the column of the group, such as the author: the documents of a group stay on one side of all
            that is set aside or drawn; None for documents by themselves.

    Returns:
        The data set; splits set aside from train have its class shares and are the same at every call.

    Raises:
        AuxtaskError: a file is missing, unreadable, lacks a column or most of its values, or its documents do
            not make a data set (`read_documents`, `complete_documents`, `build_text_dataset`).

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "films.csv"
    >>> _ = path.write_text("text,label\\n" + "fine,1\\ndull,0\\n" * 50)
    >>> {split: len(rows) for split, rows in load_files(path).items()}
    {'train': 72, 'valid': 8, 'test': 20}
    """
    if train is None:
        raise AuxtaskError(
            "dataset=files has no training file; "
            "name it with dataset.train=my.csv (and dataset.test=my_test.csv where there is one)"
        )
    paths = {"train": Path(train)}
    paths |= {split: Path(path) for split, path in (("valid", valid), ("test", test)) if path is not None}
    pairs: dict[str, list[Pair]] = {}
    groups: Groups = {}
    intake = {}
    for split, path in paths.items():
        read = read_documents(
            path,
            text_column=text_column,
            label_column=label_column,
            encoding=encoding,
            group_column=group_column,
        )
        pairs[split], intake[split] = complete_documents(read.pairs, f"file {path}", read.layout)
        if read.groups is not None:
            groups[split] = group_keys(split, read.groups, read.pairs)
    provenance = {
        "files": {split: {"path": str(path), "sha256": file_hash(path)} for split, path in paths.items()},
        "intake": intake,
    }
    return build_completed(
        pairs, groups, name=name, provenance=provenance, valid_share=valid_share, test_share=test_share
    )
