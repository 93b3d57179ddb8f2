"""Excel workbooks, where `openpyxl` is installed."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

from auxtask.data.delimited import FileColumns
from auxtask.errors import AuxtaskError


class Sheet(NamedTuple):
    """The first sheet of an open workbook.

    Args:
        names: of its columns, from its first row.
        rows: the cells of the rows below, one after another, None where a cell is empty; rows without any value
            are left out. Of a formula it is the value that was saved.
        layout: which sheet it is, for the reader of a line on the terminal.
        height: its last row, as far as the file says.
    """

    names: list[str]
    rows: Iterator[list[Any]]
    layout: str
    height: int | None


@contextmanager
def open_sheet(path: Path) -> Iterator[Sheet]:
    """Open the first sheet of an `.xlsx` file; its first row is the header.

    Args:
        path: the file.

    Yields:
        The sheet, whose rows are read as they are asked for.

    Raises:
        AuxtaskError: `openpyxl` is not installed, the file is no workbook, or a value stands beside the header.
    """
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise AuxtaskError(
            f"file {path} needs openpyxl: pip install 'auxtask[xlsx]', or save it as CSV"
        ) from error
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, KeyError, ValueError) as error:
        raise AuxtaskError(f"file {path} is not a whole Excel workbook ({error}); save it again") from error
    try:
        sheet = book.worksheets[0]
        layout = f"sheet {sheet.title!r}" + (", the first of several" if len(book.worksheets) > 1 else "")
        rows = sheet.iter_rows(values_only=True)
        names = ["" if name is None else str(name) for name in next(rows, ())]
        while names and not names[-1]:
            names.pop()
        yield Sheet(names, _complete_rows(rows, len(names), path, layout), layout, sheet.max_row)
    finally:
        book.close()


def _complete_rows(rows: Iterable[tuple], width: int, path: Path, layout: str) -> Iterator[list[Any]]:
    for number, row in enumerate(rows, start=2):
        if any(value is not None for value in row[width:]):
            raise AuxtaskError(
                f"row {number} of {path} has a value right of the header's {width} columns ({layout}); "
                "give its column a name or empty it"
            )
        if any(value is not None for value in row):
            yield [*row[:width], *[None] * (width - len(row))]


def read_workbook(path: Path, wanted: Sequence[str]) -> FileColumns:
    """Read columns of the first sheet of an `.xlsx` file; errors as for `open_sheet`.

    Args:
        path: the file.
        wanted: the columns to read.

    Returns:
        The columns, every value a string, None where a cell is empty.
    """
    with open_sheet(path) as sheet:
        columns: dict[str, list[Any]] = {name: [] for name in sheet.names if name in wanted}
        # Where two columns have one name, the last counts.
        places = {name: at for at, name in enumerate(sheet.names) if name in columns}
        for row in sheet.rows:
            for name, values in columns.items():
                values.append(None if row[places[name]] is None else str(row[places[name]]))
    return FileColumns(sheet.names, columns, sheet.layout)
