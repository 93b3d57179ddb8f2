"""A table value on the terminal, in the colours and the width that it has."""

from collections.abc import Collection

from rich.console import JustifyMethod
from rich.table import Table as TerminalTable
from rich.text import Text

from auxtask.ground.escaping import terminal_text, visible
from auxtask.tables.values import Cell, Note, Table

EMPHASIS = {"best": "bold", "second": "underline", "missing": "italic"}


def to_terminal(table: Table, emphasized: Collection[int] = ()) -> TerminalTable:
    """Render a table for `rich.print`: best in bold, second best underlined, notes below.

    Args:
        table: any.
        emphasized: rows to print in bold, counted from 0.

    Returns:
        What a `rich` console prints, as wide as its terminal allows.

    >>> from rich import print
    >>> rows = [[Cell("stl"), Cell(712, marks=("*",))], [Cell("rtm"), Cell(1712)]]
    >>> print(to_terminal(Table("runs", "Runs", ("method", "steps"), rows, notes=[Note("*", "cut")])))
    Runs
    ┏━━━━━━━━┳━━━━━━━━┓
    ┃ method ┃  steps ┃
    ┡━━━━━━━━╇━━━━━━━━┩
    │ stl    │   712* │
    │ rtm    │ 1,712  │
    └────────┴────────┘
    * cut
    """
    rendered = TerminalTable(
        title=terminal_text(table.title, "table.title"),
        title_justify="left",
        caption=Text("\n", "table.caption").join(map(_note, table.notes)) if table.notes else None,
        caption_justify="left",
    )
    for at, column in enumerate(table.columns):
        justify: JustifyMethod = "left" if at < table.labels else "right"
        # What is too wide goes on in the next line; nothing is cut.
        rendered.add_column(terminal_text(column), justify=justify, overflow="fold")
    # A mark hangs behind its number, so that digits stand below digits.
    marked = [
        max((len("".join(cell.marks)) for cell in column), default=0) for column in zip(*table.rows, strict=True)
    ]
    for at, row in enumerate(table.rows):
        if table.begins_block(at):
            rendered.add_section()
        cells = [_cell(cell, width) for cell, width in zip(row, marked, strict=True)]
        rendered.add_row(*cells, style="bold" if at in emphasized else None)
    return rendered


def _cell(cell: Cell, marked: int) -> Text:
    text = visible(str(cell)), EMPHASIS.get(cell.emphasis, "")
    return Text.assemble(text, "".join(cell.marks).ljust(marked))


def _note(note: Note) -> Text:
    return terminal_text(" ".join(filter(None, (note.mark, note.text, note.command))))
