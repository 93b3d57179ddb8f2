"""Read (text, label) pairs from CSV, TSV, JSON lines and Parquet files, plain or gzipped."""

import codecs
import gzip
import json
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from auxtask.errors import AuxtaskError
from auxtask.files import atomic_path

Pair = tuple[str | None, str | None]


def read_pairs(
    path: str | Path,
    *,
    text_column: str = "text",
    label_column: str = "label",
    encoding: str = "utf-8-sig",
) -> list[Pair]:
    """Read the text and the label of every document of a file.

    Args:
        path: a `.csv`, `.tsv` or `.jsonl` file or one of them gzipped (`.csv.gz`, ...), or `.parquet`.
            CSV and TSV have a header line and are quoted as Excel and pandas write them.
        text_column: the column (JSON key) of the text.
        label_column: the column (JSON key) of the label; numbers become strings.
        encoding: the encoding of the text formats; the default is UTF-8 with or without a byte order mark.

    Returns:
        A (text, label) pair a document in file order, None where a value is missing.

    Raises:
        AuxtaskError: the file is missing, empty, damaged, of an unknown format, not in that encoding, or
            lacks one of the columns.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "films.csv"
    >>> _ = path.write_text("text,label\\n\\"fine, really\\",1\\n")
    >>> read_pairs(path)
    [('fine, really', '1')]
    """
    path = Path(path).expanduser()
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if suffix not in _READERS or (suffix == ".parquet" and path.name.endswith(".gz")):
        raise AuxtaskError(
            f"file {path} has an unknown format; give .csv, .tsv, .jsonl (each also with .gz) or .parquet"
        )
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise AuxtaskError(f"encoding {encoding!r} is unknown; use for example utf-8 or latin-1") from error
    if not path.is_file():
        raise AuxtaskError(f"file {path} does not exist; check the path (it is relative to {Path.cwd()})")
    try:
        columns = _READERS[suffix](path, encoding)
    except UnicodeDecodeError as error:
        raise AuxtaskError(
            f"file {path} is not {error.encoding.upper()} text: byte 0x{error.object[error.start]:02x} "
            "cannot be decoded; save it as UTF-8 or name its encoding (dataset.encoding=latin-1, cp932, ...)"
        ) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise AuxtaskError(f"file {path} is not a whole gzip file ({error}); pack it again") from error
    except OSError as error:
        raise AuxtaskError(
            f"file {path} cannot be read ({error.strerror or error}); check its permissions"
        ) from error
    if not columns or not next(iter(columns.values())):
        raise AuxtaskError(f"file {path} has no documents; give it at least one")
    for option, column in (("text_column", text_column), ("label_column", label_column)):
        if column not in columns:
            raise AuxtaskError(
                f"file {path} has no column {column!r}, its columns are {', '.join(map(repr, columns))}; "
                f"name the right one with dataset.{option}=..."
            )
    for value in columns[text_column]:
        if value is not None and not isinstance(value, str):
            raise AuxtaskError(
                f"column {text_column!r} of {path} holds {value!r:.60}, not text; "
                "name the right column with dataset.text_column=..."
            )
    for value in columns[label_column]:
        if isinstance(value, list | dict | bytes):
            raise AuxtaskError(
                f"column {label_column!r} of {path} holds {value!r:.60}; "
                "a document has one label, a string or a number"
            )
    labels = (None if label is None else str(label) for label in columns[label_column])
    return list(zip(columns[text_column], labels, strict=True))


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


def _read_delimited(path: Path, encoding: str, separator: str) -> dict[str, list[Any]]:
    import pandas as pd  # a third of a second that JSON lines need not wait for

    try:
        # No value stands for "missing": a class may well be called NA.
        table = pd.read_csv(path, sep=separator, encoding=encoding, dtype=str, keep_default_na=False)
    except pd.errors.EmptyDataError:
        return {}
    except pd.errors.ParserError as error:
        reason = str(error).strip().splitlines()[-1]
        raise AuxtaskError(
            f"file {path} cannot be parsed ({reason}); quote fields with {separator!r}, quotes or line breaks"
        ) from error
    return {str(name): table[name].tolist() for name in table.columns}


def _read_csv(path: Path, encoding: str) -> dict[str, list[Any]]:
    return _read_delimited(path, encoding, ",")


def _read_tsv(path: Path, encoding: str) -> dict[str, list[Any]]:
    return _read_delimited(path, encoding, "\t")


def _read_json_lines(path: Path, encoding: str) -> dict[str, list[Any]]:
    rows: list[dict[str, Any]] = []
    open_text = gzip.open if path.name.endswith(".gz") else open
    with open_text(path, "rt", encoding=encoding) as lines:
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
            rows.append(row)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _read_parquet(path: Path, encoding: str) -> dict[str, list[Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise AuxtaskError(f"file {path} is not a whole Parquet file ({error}); write it again") from error
    return {name: table.column(name).to_pylist() for name in table.column_names}


_READERS = {".csv": _read_csv, ".tsv": _read_tsv, ".jsonl": _read_json_lines, ".parquet": _read_parquet}
