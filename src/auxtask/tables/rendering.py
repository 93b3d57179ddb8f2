"""One table value, four formats: Markdown, CSV, LaTeX and HTML."""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from auxtask.ground.escaping import csv_field, escape_html, escape_latex, escape_markdown, markdown_code
from auxtask.tables.values import Cell, Note, Number, Table


@dataclass(frozen=True)
class _Markup:
    """How a format of text marks cells and notes; in the patterns, braces stand for text that is escaped."""

    escape: Callable[[str], str]
    emphasis: Mapping[str, str]
    mark: str
    command: Callable[[str], str]
    before_mark: str = ""

    def cell(self, cell: Cell) -> str:
        text = self.emphasis.get(cell.emphasis, "{}").format(self.escape(str(cell)))
        return text + "".join(self.before_mark + self.mark.format(self.escape(mark)) for mark in cell.marks)

    def note(self, note: Note) -> str:
        mark = f"{self.mark.format(self.escape(note.mark))} " if note.mark else ""
        command = f" {self.command(note.command)}" if note.command else ""
        return f"{mark}{self.escape(note.text)}{command}"


_MARKDOWN = _Markup(
    escape=escape_markdown,
    emphasis={"best": "**{}**", "second": "<ins>{}</ins>"},
    mark="<sup>{}</sup>",
    before_mark=" ",
    command=markdown_code,
)
_LATEX = _Markup(
    escape=escape_latex,
    emphasis={"best": r"\textbf{{{}}}", "second": r"\underline{{{}}}"},
    mark=r"\textsuperscript{{{}}}",
    command=lambda command: rf"\texttt{{{escape_latex(command)}}}",
)
_HTML = _Markup(
    escape=escape_html,
    emphasis={"best": "<strong>{}</strong>", "second": "<u>{}</u>", "missing": "<em>{}</em>"},
    mark="<sup>{}</sup>",
    command=lambda command: f"<code>{escape_html(command)}</code>",
)
_NUMBER = ' class="number"'


def to_markdown(table: Table) -> str:
    """Render a table as Markdown: best in bold, second best underlined, commands as code.

    >>> from auxtask.tables.values import MeanStd, ranked
    >>> scores = ranked([Cell(MeanStd(mean, None, 1)) for mean in (70.0, 72.0)])
    >>> rows = [[Cell(name), score] for name, score in zip(("stl", "rtm"), scores)]
    >>> print(to_markdown(Table("scores", "Scores", ("method", "macro-F1"), rows)), end="")
    **Scores**
    <BLANKLINE>
    | method |         macro-F1 |
    | :----- | ---------------: |
    | stl    | <ins>70.00</ins> |
    | rtm    |        **72.00** |
    """
    lines = [
        [escape_markdown(column) for column in table.columns],
        *([_MARKDOWN.cell(cell) for cell in row] for row in table.rows),
    ]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]

    def line(cells: list[str]) -> str:
        padded = [
            cell.ljust(width) if at < table.labels else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    dashes = ["-" * (width - 1) for width in widths]
    rule = [f":{dash}" if at < table.labels else f"{dash}:" for at, dash in enumerate(dashes)]
    notes = "".join(f"\n{_MARKDOWN.note(note)}\n" for note in table.notes)
    body = "\n".join([line(lines[0]), line(rule), *map(line, lines[1:])])
    return f"**{escape_markdown(table.title)}**\n\n{body}\n{notes}"


def to_csv(table: Table) -> str:
    """Render a table as CSV; a column of scores or intervals becomes one of each of their numbers.

    >>> from auxtask.tables.values import MeanStd
    >>> rows = [[Cell("stl"), Cell(MeanStd(70.0, 1.0, 3))]]
    >>> print(to_csv(Table("scores", "Scores", ("method", "macro-F1"), rows)))
    method,macro-F1 mean,macro-F1 std,macro-F1 runs
    stl,70.0,1.0,3
    <BLANKLINE>
    """
    parts = [
        next((list(row[at].parts) for row in table.rows if row[at].parts), []) for at in range(len(table.columns))
    ]
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(
        csv_field(heading)
        for column, names in zip(table.columns, parts, strict=True)
        for heading in ([f"{column} {name}" for name in names] or [column])
    )
    for row in table.rows:
        writer.writerow(
            value
            for cell, names in zip(row, parts, strict=True)
            for value in ([cell.parts.get(name) for name in names] or [_plain(cell)])
        )
    return lines.getvalue()


def _plain(cell: Cell) -> Any:
    match cell.value:
        case Number():
            return round(cell.value.value, 6)
        case str():
            return csv_field(cell.value)
    return cell.value


def to_latex(table: Table) -> str:
    """Render a table as a LaTeX `table` with the rules of the package booktabs.

    >>> print(to_latex(Table("scores", "Scores", ("method", "n"), [[Cell("bit_label"), Cell(3)]])), end="")
    \\begin{table}
    \\centering
    \\caption{Scores}
    \\label{tab:scores}
    \\begin{tabular}{lr}
    \\toprule
    method & n \\\\
    \\midrule
    bit\\_label & 3 \\\\
    \\bottomrule
    \\end{tabular}
    \\end{table}
    """
    alignment = "l" * table.labels + "r" * (len(table.columns) - table.labels)
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape_latex(table.title)}}}",
        rf"\label{{tab:{table.name}}}",
        rf"\begin{{tabular}}{{{alignment}}}",
        r"\toprule",
        rf"{' & '.join(map(escape_latex, table.columns))} \\",
        r"\midrule",
    ]
    for at, row in enumerate(table.rows):
        if table.begins_block(at):
            lines.append(r"\midrule")
        lines.append(rf"{' & '.join(map(_LATEX.cell, row))} \\")
    lines += [r"\bottomrule", r"\end{tabular}"]
    if table.notes:
        lines += ["", r"\medskip\footnotesize\raggedright", *(rf"{_LATEX.note(note)}\par" for note in table.notes)]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def to_html(table: Table) -> str:
    """Render a table as an HTML `figure` without a style of its own.

    >>> print(to_html(Table("scores", "Scores", ("method", "n"), [[Cell("a<b"), Cell(3)]])), end="")
    <figure id="scores">
    <figcaption>Scores</figcaption>
    <div class="wide"><table>
    <thead><tr><th scope="col">method</th><th scope="col" class="number">n</th></tr></thead>
    <tbody>
    <tr><th scope="row">a&lt;b</th><td>3</td></tr>
    </tbody>
    </table></div>
    </figure>
    """
    headings = "".join(
        f'<th scope="col"{"" if at < table.labels else _NUMBER}>{escape_html(column)}</th>'
        for at, column in enumerate(table.columns)
    )
    lines = [
        f'<figure id="{escape_html(table.name)}">',
        f"<figcaption>{escape_html(table.title)}</figcaption>",
        f'<div class="wide"><table>\n<thead><tr>{headings}</tr></thead>\n<tbody>',
    ]
    for at, row in enumerate(table.rows):
        cells = "".join(
            f'<th scope="row">{_HTML.cell(cell)}</th>' if column < table.labels else f"<td>{_HTML.cell(cell)}</td>"
            for column, cell in enumerate(row)
        )
        opening = '<tr class="block">' if table.begins_block(at) else "<tr>"
        lines.append(f"{opening}{cells}</tr>")
    lines += [
        "</tbody>\n</table></div>",
        *(f'<p class="note">{_HTML.note(note)}</p>' for note in table.notes),
        "</figure>",
    ]
    return "\n".join(lines) + "\n"
