"""Read delimited files, JSON lines, plain text, Parquet files and workbooks, some rows at a time."""

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO, TypeVar

from auxtask.data.chunks import ABSENT, ArrowChunk, Chunk, ListChunk
from auxtask.data.delimited import delimited_rows, find_layout, open_text
from auxtask.data.readers import check_column, check_source, json_rows, refused_in_a_line
from auxtask.data.workbooks import open_sheet

Row = TypeVar("Row", list[Any], dict[str, Any])

# Long documents end a chunk before it has all of its rows.
LARGEST_CHUNK = 8_000_000  # characters

# What is read as it comes, without a file that can be read twice.
STREAMED = {"jsonl", "lines"}


def read_chunks(
    source: Path | BinaryIO, kind: str, *, text_column: str, encoding: str, most: int
) -> Iterator[Chunk]:
    """Read a file from its beginning to its end; one without rows gives one chunk without rows.

    Args:
        source: the file, gzipped if it ends in `.gz`; for a format of `STREAMED` also what is open for reading.
        kind: its format, one of `auxtask.data.chunks.ENDINGS`.
        text_column: a column that it must have, and of which a workbook gives the cells as text; also the name of
            the one column of plain text.
        encoding: of text formats.
        most: rows of a chunk.

    Yields:
        The chunks, the same at every call.

    Raises:
        AuxtaskError: the file is missing, damaged, not in that encoding, or lacks the column.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "films.csv"
    >>> _ = path.write_text("text\\nfine\\ndull\\nslow\\n")
    >>> [len(chunk) for chunk in read_chunks(path, "csv", text_column="text", encoding="utf-8", most=2)]
    [2, 1]
    """
    name = source if isinstance(source, Path) else "standard input"
    if isinstance(source, Path):
        check_source(source, encoding)
    with refused_in_a_line(name, "encoding"):
        if kind in STREAMED:
            yield from (_json if kind == "jsonl" else _plain)(source, text_column, encoding, most)
        elif isinstance(source, Path):
            yield from _READERS[kind](source, text_column, encoding, most)


def _delimited(path: Path, text_column: str, encoding: str, most: int) -> Iterator[Chunk]:
    layout = find_layout(path, encoding, [text_column])
    check_column(path, layout.names, text_column, "text_column")
    with open_text(path, encoding) as lines:
        share = _share_of(lines, path)
        for rows in _groups(delimited_rows(lines, layout, path), most):
            yield ListChunk(layout.names, rows, share(), layout)


def _json(source: Path | BinaryIO, text_column: str, encoding: str, most: int) -> Iterator[Chunk]:
    with _opened(source, encoding) as lines:
        share = _share_of(lines, source)
        path = source if isinstance(source, Path) else "standard input"
        for at, objects in enumerate(_groups(json_rows(lines, path), most)):
            names = list(dict.fromkeys(name for row in objects for name in row)) or [text_column]
            if at == 0:  # Later objects may lack their text.
                check_column(path, names, text_column, "text_column")
            yield ListChunk(names, [[row.get(name, ABSENT) for name in names] for row in objects], share())


def _plain(source: Path | BinaryIO, text_column: str, encoding: str, most: int) -> Iterator[Chunk]:
    with _opened(source, encoding) as lines:
        share = _share_of(lines, source)
        for rows in _groups(([line.rstrip("\r\n")] for line in lines), most):
            yield ListChunk([text_column], rows, share())


def _parquet(path: Path, text_column: str, encoding: str, most: int) -> Iterator[Chunk]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, pre_buffer=False) as file:
        check_column(path, file.schema_arrow.names, text_column, "text_column")
        read, total = 0, file.metadata.num_rows
        for batch in file.iter_batches(batch_size=most):
            read += batch.num_rows
            yield ArrowChunk(pa.Table.from_batches([batch], file.schema_arrow), read / total)
        if total == 0:
            yield ArrowChunk(file.schema_arrow.empty_table(), 1.0)


def _workbook(path: Path, text_column: str, encoding: str, most: int) -> Iterator[Chunk]:
    with open_sheet(path) as sheet:
        check_column(path, sheet.names, text_column, "text_column")
        at, read = sheet.names.index(text_column), 0
        for rows in _groups(sheet.rows, most):
            for row in rows:
                row[at] = None if row[at] is None else str(row[at])
            read += len(rows)
            yield ListChunk(sheet.names, rows, min(1.0, (read + 1) / sheet.height) if sheet.height else None)


_READERS: dict[str, Callable[[Path, str, str, int], Iterator[Chunk]]] = {
    "csv": _delimited,
    "tsv": _delimited,
    "parquet": _parquet,
    "xlsx": _workbook,
}


@contextmanager
def _opened(source: Path | BinaryIO, encoding: str) -> Iterator[TextIO]:
    if isinstance(source, Path):
        with open_text(source, encoding) as lines:
            yield lines
        return
    lines = io.TextIOWrapper(source, encoding=encoding, newline="")
    try:
        yield lines
    finally:
        lines.detach()  # else it would close what it did not open


def _share_of(lines: TextIO, source: Path | BinaryIO) -> Callable[[], float | None]:
    """Tell how far a file is read: by its bytes, those of the packed file where it is gzipped."""
    if not isinstance(source, Path):
        return lambda: None
    size = source.stat().st_size
    file = getattr(lines.buffer, "fileobj", None) or lines.buffer
    return lambda: min(1.0, file.tell() / size) if size else 1.0


def _groups(rows: Iterable[Row], most: int) -> Iterator[list[Row]]:
    group: list[Row] = []
    size, empty = 0, True
    for row in rows:
        group.append(row)
        values = row.values() if isinstance(row, dict) else row
        size += sum(len(value) for value in values if isinstance(value, str))
        if len(group) == most or size > LARGEST_CHUNK:
            yield group
            group, size, empty = [], 0, False
    if group or empty:
        yield group
