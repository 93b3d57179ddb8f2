"""Read (text, label) pairs from delimited files, JSON lines, Parquet files and Excel workbooks."""

import codecs
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from auxtask.data.dataset import Pair
from auxtask.data.delimited import FileColumns, open_text, read_delimited
from auxtask.data.workbooks import read_workbook
from auxtask.errors import AuxtaskError
from auxtask.ground.files import atomic_path


class FileDocuments(NamedTuple):
    """The documents of a file.

    Args:
        pairs: a (text, label) pair a document in file order, None where a value is missing.
        layout: how the file was read where there was a choice, such as "separated by semicolons".
        groups: the group of each, None where it is missing; None where none was asked for.
    """

    pairs: list[Pair]
    layout: str
    groups: list[str | None] | None = None


def read_pairs(
    path: str | Path,
    *,
    text_column: str = "text",
    label_column: str = "label",
    encoding: str = "utf-8-sig",
) -> list[Pair]:
    """Read the text and the label of every document of a file; arguments and errors as for `read_documents`.

    Returns:
        A (text, label) pair a document in file order, None where a value is missing.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "films.csv"
    >>> _ = path.write_text("text,label\\n\\"fine, really\\",1\\n")
    >>> read_pairs(path)
    [('fine, really', '1')]
    """
    return read_documents(path, text_column=text_column, label_column=label_column, encoding=encoding).pairs


def read_documents(
    path: str | Path,
    *,
    text_column: str = "text",
    label_column: str = "label",
    encoding: str = "utf-8-sig",
    group_column: str | None = None,
) -> FileDocuments:
    """Read the text and the label of every document of a file, and say how it was read.

    Args:
        path: a `.csv`, `.tsv` or `.jsonl` file or one of them gzipped (`.csv.gz`, ...), `.parquet`, or `.xlsx`
            (where openpyxl is installed). CSV and TSV have a header line, see `read_delimited`.
        text_column: the column (JSON key) of the text.
        label_column: the column (JSON key) of the label; numbers become strings. A label may be called `NA`.
        encoding: the encoding of the text formats; the default is UTF-8 with or without a byte order mark.
        group_column: the column (JSON key) of the group, such as the author; None for none.

    Returns:
        The documents.

    Raises:
        AuxtaskError: the file is missing, empty, damaged, of an unknown format, not in that encoding, or
            lacks one of the columns.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "films.csv"
    >>> _ = path.write_text("label;text\\nNA;fine, really\\n")
    >>> read_documents(path)
    FileDocuments(pairs=[('fine, really', 'NA')], layout='separated by semicolons', groups=None)
    """
    path = Path(path).expanduser()
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if suffix not in _READERS or (suffix in _BINARY and path.name.endswith(".gz")):
        raise AuxtaskError(
            f"file {path} has an unknown format; give .csv, .tsv, .jsonl (each also with .gz), .parquet or .xlsx"
        )
    check_source(path, encoding)
    with refused_in_a_line(path, "dataset.encoding"):
        wanted = dict.fromkeys((text_column, label_column, *([] if group_column is None else [group_column])))
        names, columns, layout = _READERS[suffix](path, encoding, tuple(wanted))
    check_column(path, names, text_column, "dataset.text_column")
    check_column(path, names, label_column, "dataset.label_column")
    if group_column is not None:
        check_column(path, names, group_column, "dataset.group_column")
    texts, labels = columns[text_column], columns[label_column]
    if not texts:
        raise AuxtaskError(f"file {path} has no documents; give it at least one")
    for value in texts:
        if value is not None and not isinstance(value, str):
            raise AuxtaskError(
                f"column {text_column!r} of {path} holds {value!r:.60}, not text; "
                "name the right column with dataset.text_column=..."
            )
    for value in labels:
        if isinstance(value, list | dict | bytes):
            raise AuxtaskError(
                f"column {label_column!r} of {path} holds {value!r:.60}; "
                "a document has one label, a string or a number"
            )
    groups = None if group_column is None else [_named(group) for group in columns[group_column]]
    return FileDocuments(
        [(text, None if label is None else str(label)) for text, label in zip(texts, labels, strict=True)],
        layout,
        groups,
    )


def _named(group: Any) -> str | None:
    return None if group is None or str(group).strip() == "" else str(group)


def check_source(path: Path, encoding: str) -> None:
    """Refuse a file that is not there, or an encoding that nobody knows."""
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise AuxtaskError(f"encoding {encoding!r} is unknown; use for example utf-8 or latin-1") from error
    if not path.is_file():
        raise AuxtaskError(f"file {path} does not exist; check the path (it is relative to {Path.cwd()})")


@contextmanager
def refused_in_a_line(path: str | Path, encoding_option: str) -> Iterator[None]:
    """Say in one line what is wrong with a file that cannot be read.

    Args:
        path: of the file, for the message.
        encoding_option: what names its encoding, for the message.

    Raises:
        AuxtaskError: in place of what the libraries raise.
    """
    import pyarrow as pa

    try:
        yield
    except UnicodeDecodeError as error:
        raise AuxtaskError(
            f"file {path} is not {error.encoding.upper()} text: byte 0x{error.object[error.start]:02x} "
            f"cannot be decoded; save it as UTF-8 or name its encoding ({encoding_option}=latin-1, cp932, ...)"
        ) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise AuxtaskError(f"file {path} is not a whole gzip file ({error}); pack it again") from error
    except pa.ArrowInvalid as error:
        raise AuxtaskError(f"file {path} is not a whole Parquet file ({error}); write it again") from error
    except OSError as error:
        raise AuxtaskError(
            f"file {path} cannot be read ({error.strerror or error}); check its permissions"
        ) from error


def check_column(path: str | Path, names: Sequence[str], column: str, option: str) -> None:
    """Refuse a file without a column, or with several of its name.

    Args:
        path: of the file, for the message.
        names: of its columns.
        column: the one that is wanted.
        option: what names it, for the message.
    """
    if not names:
        raise AuxtaskError(f"file {path} has no documents; give it at least one")
    if column not in names:
        raise AuxtaskError(
            f"file {path} has no column {column!r}, its columns are {', '.join(map(repr, names))}; "
            f"name the right one with {option}=..."
        )
    if names.count(column) > 1:
        raise AuxtaskError(f"file {path} has {names.count(column)} columns {column!r}; rename all but one")


def json_rows(lines: Iterable[str], path: str | Path) -> Iterator[dict[str, Any]]:
    """Read JSON lines one after another; blank lines are none.

    Args:
        lines: of the file.
        path: of the file, for the message.

    Yields:
        The object of a line.

    Raises:
        AuxtaskError: a line is no JSON object.

    >>> list(json_rows(['{"text": "a"}\\n', "\\n"], "films.jsonl"))
    [{'text': 'a'}]
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise AuxtaskError(
                f"line {number} of {path} is not JSON ({error}); write one object a line"
            ) from error
        if not isinstance(row, dict):
            raise AuxtaskError(f"line {number} of {path} is {row!r:.60}; write one JSON object a line")
        yield row


def write_pairs(path: str | Path, pairs: Iterable[Pair]) -> None:
    """Write (text, label) pairs as gzipped JSON lines, whole or not at all; equal pairs give equal bytes.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "train.jsonl.gz"
    >>> write_pairs(path, [("a fine film", "good")])
    >>> read_pairs(path)
    [('a fine film', 'good')]
    """
    lines = "".join(json.dumps({"text": text, "label": label}, ensure_ascii=False) + "\n" for text, label in pairs)
    with atomic_path(path) as temporary:
        temporary.write_bytes(gzip.compress(lines.encode("utf-8"), mtime=0))


def _read_json_lines(path: Path, encoding: str, wanted: Sequence[str]) -> FileColumns:
    names: dict[str, None] = {}
    columns: dict[str, list[Any]] = {name: [] for name in wanted}
    with open_text(path, encoding) as lines:
        for row in json_rows(lines, path):
            names.update(dict.fromkeys(row))
            for name, values in columns.items():
                values.append(row.get(name))
    return FileColumns(list(names), columns)


def _read_parquet(path: Path, encoding: str, wanted: Sequence[str]) -> FileColumns:
    import pyarrow.parquet as pq

    names = pq.read_schema(path).names
    table = pq.read_table(path, columns=[name for name in names if name in wanted])
    return FileColumns(names, {name: table.column(name).to_pylist() for name in table.column_names})


def _read_workbook(path: Path, encoding: str, wanted: Sequence[str]) -> FileColumns:
    return read_workbook(path, wanted)


_READERS = {
    ".csv": read_delimited,
    ".tsv": read_delimited,
    ".jsonl": _read_json_lines,
    ".parquet": _read_parquet,
    ".xlsx": _read_workbook,
}
_BINARY = {".parquet", ".xlsx"}
