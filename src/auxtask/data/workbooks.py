"""Excel workbooks, where `openpyxl` is installed."""

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from auxtask.data.delimited import FileColumns
from auxtask.errors import AuxtaskError


def read_workbook(path: Path, wanted: Sequence[str]) -> FileColumns:
    """Read columns of the first sheet of an `.xlsx` file; its first row is the header.

    Args:
        path: the file.
        wanted: the columns to read.

    Returns:
        The columns, every value a string, None where a cell is empty; rows without any value are left out. Of a
        formula the value that was saved counts.

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
        columns: dict[str, list[Any]] = {name: [] for name in names if name in wanted}
        for number, row in enumerate(rows, start=2):
            if any(value is not None for value in row[len(names) :]):
                raise AuxtaskError(
                    f"row {number} of {path} has a value right of the header's {len(names)} columns ({layout}); "
                    "give its column a name or empty it"
                )
            cells = dict(zip_longest(names, row[: len(names)]))
            if any(value is not None for value in cells.values()):
                for name, values in columns.items():
                    values.append(None if cells[name] is None else str(cells[name]))
    finally:
        book.close()
    return FileColumns(names, columns, layout)
