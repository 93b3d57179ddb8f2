"""Write delimited files, JSON lines, Parquet files and workbooks, some rows at a time."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, BinaryIO, cast

from auxtask.data.chunks import ABSENT, Chunk, ListChunk
from auxtask.errors import AuxtaskError

Write = Callable[[Chunk], None]

# Excel has no more rows on a sheet, and no more characters in a cell.
SHEET_ROWS, CELL_CHARACTERS = 1_048_576, 32_767


@contextmanager
def open_writer(file: BinaryIO, kind: str, *, like: str, is_gzipped: bool = False) -> Iterator[Write]:
    """Write chunks to a file; equal chunks give equal bytes, but for the date that is in a workbook.

    Args:
        file: open for writing; it stays open.
        kind: its format, one of `auxtask.data.chunks.ENDINGS` but plain text.
        like: the format of what the chunks were read from: a delimited file of that format is written
            as it was.
        is_gzipped: whether a text format is packed.

    Yields:
        A function that writes a chunk. All of it is in the file when the block ends.

    Raises:
        AuxtaskError: the format cannot hold a value, or openpyxl is not installed.

    >>> file = io.BytesIO()
    >>> with open_writer(file, "csv", like="csv") as write:
    ...     write(ListChunk(["text"], [["fine, really"]]))
    >>> file.getvalue()
    b'text\\n"fine, really"\\n'
    """
    with ExitStack() as stack:
        if is_gzipped:
            packed = gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0)
            file = cast(BinaryIO, stack.enter_context(packed))
        yield stack.enter_context(_WRITERS[kind](file, kind == like))


@contextmanager
def _delimited(file: BinaryIO, delimiter: str, as_read: bool) -> Iterator[Write]:
    text = io.TextIOWrapper(file, "utf-8", errors="backslashreplace", newline="")
    header: list[str] = []
    writer: Any = None

    def write(chunk: Chunk) -> None:
        nonlocal writer
        if writer is None:
            header.extend(chunk.names)
            layout = chunk.layout if as_read and isinstance(chunk, ListChunk) else None
            writer = csv.writer(
                text, lineterminator="\n", **(layout.style if layout else {"delimiter": delimiter})
            )
            writer.writerow(header)
        try:
            writer.writerows(map(_fields, _aligned(chunk, header)))
        except csv.Error as error:
            raise AuxtaskError(
                "a class name holds a tab or a line break, and quotation marks are plain text in the file; "
                "use output=....jsonl"
            ) from error
        text.flush()

    try:
        yield write
    finally:
        text.detach()


def _aligned(chunk: Chunk, header: list[str]) -> Sequence[Sequence[Any]]:
    if chunk.names == header:
        return chunk.rows
    if unknown := [name for name in chunk.names if name not in header]:
        raise AuxtaskError(f"{unknown[0]!r} is in no row before, and a table has one header; use output=....jsonl")
    return list(zip(*map(chunk.column, header), strict=True))


def _fields(row: Sequence[Any]) -> list[str]:
    return ["" if value is None or value is ABSENT else _plain(value) for value in row]


def _plain(value: Any) -> str:
    is_json = isinstance(value, dict | list | tuple | bool | int | float)
    return json.dumps(value, ensure_ascii=False, default=str) if is_json else str(value)


@contextmanager
def _json_lines(file: BinaryIO, as_read: bool) -> Iterator[Write]:
    def write(chunk: Chunk) -> None:
        for row in chunk.rows:
            named = zip(chunk.names, row, strict=True)
            file.write(_json_line({name: value for name, value in named if value is not ABSENT}))
        file.flush()

    yield write


def _json_line(row: dict[str, Any]) -> bytes:
    line = json.dumps(row, ensure_ascii=False, default=str) + "\n"
    try:
        return line.encode("utf-8")
    except UnicodeEncodeError:
        # Half of a surrogate pair is no character; JSON can only spell it out.
        return (json.dumps(row, default=str) + "\n").encode("ascii")


@contextmanager
def _parquet(file: BinaryIO, as_read: bool) -> Iterator[Write]:
    import pyarrow.parquet as pq

    with ExitStack() as stack:
        writer: Any = None

        def write(chunk: Chunk) -> None:
            nonlocal writer
            table = chunk.table(None if writer is None else writer.schema)
            if writer is None:
                writer = stack.enter_context(pq.ParquetWriter(file, table.schema))
            writer.write_table(table)

        yield write


@contextmanager
def _workbook(file: BinaryIO, as_read: bool) -> Iterator[Write]:
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
    except ImportError as error:
        raise AuxtaskError(
            "a workbook needs openpyxl: pip install 'auxtask[xlsx]', or use output=....csv"
        ) from error
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    header: list[str] = []
    height = 0

    def cell(value: Any) -> Any:
        if value is None or value is ABSENT:
            return None
        if isinstance(value, dict | list | tuple):
            value = _plain(value)
        if not isinstance(value, str):
            return value
        if len(value) > CELL_CHARACTERS:
            raise AuxtaskError(
                f"a text has {len(value):,} characters, a cell {CELL_CHARACTERS:,} at most; use output=....csv"
            )
        made = WriteOnlyCell(sheet, value)
        made.data_type = "s"  # a text that begins with an equal sign is no formula
        return made

    def write(chunk: Chunk) -> None:
        nonlocal height
        rows = _aligned(chunk, header or chunk.names)
        if not header:
            header.extend(chunk.names)
            rows = [header, *rows]
        height += len(rows)
        if height > SHEET_ROWS:
            raise AuxtaskError(f"a sheet has {SHEET_ROWS:,} rows at most; use output=....csv")
        for row in rows:
            try:
                sheet.append([cell(value) for value in row])
            except AuxtaskError:
                raise
            except (ValueError, TypeError) as error:
                raise AuxtaskError(f"a workbook cannot hold a value ({error}); use output=....csv") from error

    try:
        yield write
    except BaseException:
        sheet.close()  # its rows are in a temporary file
        raise
    book.save(file)


def _csv(file: BinaryIO, as_read: bool) -> AbstractContextManager[Write]:
    return _delimited(file, ",", as_read)


def _tsv(file: BinaryIO, as_read: bool) -> AbstractContextManager[Write]:
    return _delimited(file, "\t", as_read)


_WRITERS: dict[str, Callable[[BinaryIO, bool], AbstractContextManager[Write]]] = {
    "csv": _csv,
    "tsv": _tsv,
    "jsonl": _json_lines,
    "parquet": _parquet,
    "xlsx": _workbook,
}
