"""Delimited text files read strictly: the delimiter is found out, and a row of the wrong width is an error."""

import csv
import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from auxtask.errors import AuxtaskError

# In the order of preference where headers leave the choice open.
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}


class FileColumns(NamedTuple):
    """What was read of a file.

    Args:
        names: all its columns.
        columns: the values of those that were asked for, as far as it has them.
        layout: how it was read, for the reader of a line on the terminal; empty where there is no choice.
    """

    names: list[str]
    columns: dict[str, list[Any]]
    layout: str = ""


@contextmanager
def open_text(path: Path, encoding: str) -> Iterator[TextIO]:
    """Open a text file, gzipped or not, with its line ends as they are."""
    opener: Any = gzip.open if path.name.endswith(".gz") else open
    with opener(path, "rt", encoding=encoding, newline="") as lines:
        yield lines


@dataclass(frozen=True)
class DelimitedLayout:
    """How a delimited file with a header line is written.

    Args:
        delimiter: between fields, one of `DELIMITERS`.
        names: the fields of the header.
        literal: quotation marks are plain text.
        odd: where tabs separate, the first line that has not the header's fields if quotation marks are plain
            text, and what is wrong with it.
    """

    delimiter: str
    names: list[str]
    literal: bool = False
    odd: tuple[int, str] | None = None

    @property
    def words(self) -> str:
        """Say it on the terminal."""
        quotes = ", quotation marks taken as text" if self.literal else ""
        return f"separated by {DELIMITERS[self.delimiter]}{quotes}"

    @property
    def style(self) -> dict[str, Any]:
        """The same as arguments of `csv.reader` and `csv.writer`."""
        quotes = {"quoting": csv.QUOTE_NONE, "quotechar": None} if self.literal else {}
        return {"delimiter": self.delimiter, **quotes}


def find_layout(path: Path, encoding: str, wanted: Sequence[str]) -> DelimitedLayout:
    """Find out how a delimited file is written.

    The delimiter is the one of `DELIMITERS` whose header holds most of the wanted columns, or else most
    columns. Fields are quoted as RFC 4180 has it, a quotation mark inside doubled. Where tabs separate, quotation
    marks are often plain text: they count as such where every line has the header's number of fields and some
    field holds a quotation mark without being quoted as a whole.

    Args:
        path, encoding, wanted: as for `read_delimited`.

    Returns:
        The layout; one without names for an empty file.
    """
    csv.field_size_limit(2**31 - 1)  # A document may be longer than the 128 KiB that are allowed at first.
    delimiter, names = _find_header(path, encoding, wanted)
    if delimiter != "\t":
        return DelimitedLayout(delimiter, names)
    return DelimitedLayout(delimiter, names, *_read_quotes(path, encoding, len(names)))


def delimited_rows(lines: TextIO, layout: DelimitedLayout, path: Path) -> Iterator[list[str]]:
    """Read the rows below the header one after another.

    Args:
        lines: the open file.
        layout: what `find_layout` found.
        path: of the file, for messages.

    Yields:
        The fields of a row.

    Raises:
        AuxtaskError: a row has not the header's number of fields, or a quotation is not closed.
    """
    rows = csv.reader(lines, strict=True, **layout.style)
    width, line = len(layout.names), 1
    try:
        next(filter(None, rows), None)
        line = rows.line_num + 1
        for row in rows:
            if len(row) == width:
                yield row
            elif row:  # A blank line is no row.
                raise csv.Error(_width(len(row), width))
            line = rows.line_num + 1
    except csv.Error as error:
        line, reason = layout.odd or (line, str(error))
        raise AuxtaskError(
            f"line {line} of {path} cannot be read ({reason}; {layout.words}): give each row the header's number "
            "of fields; quote those that hold a separator, a line break or, doubled, a quotation mark"
        ) from error


def read_delimited(path: Path, encoding: str, wanted: Sequence[str]) -> FileColumns:
    """Read columns of a delimited file with a header line, written as `find_layout` finds out.

    Args:
        path: the file, gzipped if it ends in `.gz`.
        encoding: of its text.
        wanted: the columns to read.

    Returns:
        The columns, every value a string; a table without columns for an empty file.

    Raises:
        AuxtaskError: as for `delimited_rows`.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "films.csv"
    >>> _ = path.write_text("label;text\\n1;fine, really\\n")
    >>> read_delimited(path, "utf-8", ["text", "label"]).columns
    {'label': ['1'], 'text': ['fine, really']}
    """
    layout = find_layout(path, encoding, wanted)
    columns: dict[str, list[Any]] = {name: [] for name in layout.names if name in wanted}
    parts = [(layout.names.index(name), values.append) for name, values in columns.items()]
    with open_text(path, encoding) as lines:
        for row in delimited_rows(lines, layout, path):
            for at, append in parts:
                append(row[at])
    return FileColumns(layout.names, columns, layout.words)


def _find_header(path: Path, encoding: str, wanted: Sequence[str]) -> tuple[str, list[str]]:
    headers = {}
    for delimiter in DELIMITERS:
        with open_text(path, encoding) as lines:
            headers[delimiter] = next(filter(None, csv.reader(lines, delimiter=delimiter)), [])
    delimiter = max(headers, key=lambda found: (len({*wanted} & {*headers[found]}), len(headers[found])))
    return delimiter, headers[delimiter]


def _read_quotes(path: Path, encoding: str, width: int) -> tuple[bool, tuple[int, str] | None]:
    """Tell whether quotation marks are text, and the first line that has not the header's fields if they are."""
    odd, quoted = None, True
    with open_text(path, encoding) as lines:
        for number, line in enumerate(lines, start=1):
            line = line.rstrip("\r\n")
            fields = line.count("\t") + 1
            if fields != width and line and odd is None:
                odd = number, _width(fields, width)
            if quoted and '"' in line:
                quoted = all(_is_quoted(field) for field in line.split("\t") if '"' in field)
    return odd is None and not quoted, odd


def _is_quoted(field: str) -> bool:
    return len(field) > 1 and field[0] == field[-1] == '"' and '"' not in field[1:-1].replace('""', "")


def _width(fields: int, width: int) -> str:
    return f"it has {fields} field{'' if fields == 1 else 's'}, the header {width}"
