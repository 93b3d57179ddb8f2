"""One table value says the same in Markdown, CSV, LaTeX, HTML and on the terminal."""

import csv
import io
from html.parser import HTMLParser

from rich.console import Console

from auxtask.tables.rendering import to_csv, to_html, to_latex, to_markdown
from auxtask.tables.terminal import to_terminal
from auxtask.tables.values import Cell, MeanStd, Missing, Note, Rank, Table, ranked

TABLE = Table(
    "toy",
    "Scores of a_b & <c>",
    ("model", "F1"),
    [
        [Cell("a_b"), *ranked([Cell(MeanStd(70.25, 1.5, 3)), Cell(MeanStd(80.0, None, 1))])[:1]],
        [Cell("<c> & 5 %"), Cell(MeanStd(80.0, None, 1), Rank.BEST, ("†",))],
        [Cell("d|e"), Cell(Missing(2))],
    ],
    notes=[Note("†", "100 % sure_", "run --x=[1]")],
)


class Rows(HTMLParser):
    """Collects the text of table rows and checks that every tag is closed."""

    def __init__(self):
        super().__init__()
        self.rows, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and {"td", "th"} & set(self.open) and "sup" not in self.open:
            self.rows[-1][-1] += data


def test_one_table_says_the_same_in_every_format():
    texts = [["a_b", "70.25 ± 1.50"], ["<c> & 5 %", "80.00"], ["d|e", "2 runs missing"]]
    page = Rows()
    page.feed(to_html(TABLE))
    assert page.rows[1:] == texts
    assert page.open == []

    assert list(csv.reader(io.StringIO(to_csv(TABLE)))) == [
        ["model", "F1 mean", "F1 std", "F1 runs"],
        ["a_b", "70.25", "1.5", "3"],
        ["<c> & 5 %", "80.0", "", "1"],
        ["d|e", "", "", "0"],
    ]

    latex = to_latex(TABLE)
    assert r"a\_b & \underline{70.25 $\pm$ 1.50} \\" in latex
    assert r"\textless{}c\textgreater{} \& 5 \% & \textbf{80.00}\textsuperscript{$\dagger$} \\" in latex
    assert r"100 \% sure\_ \texttt{run --x={[}1{]}}" in latex
    assert latex.count(r"\begin{") == latex.count(r"\end{") == 2

    markdown = to_markdown(TABLE).splitlines()
    assert len({len(line) for line in markdown[2:7]}) == 1
    assert "<ins>70.25 ± 1.50</ins>" in markdown[4]
    assert r"\<c\> \& 5 %" in markdown[5]
    assert "**80.00** <sup>†</sup>" in markdown[5]
    assert r"d\|e" in markdown[6]
    assert "`run --x=[1]`" in markdown[-1]


def printed(table, **options):
    """The lines of a table on a terminal, and the text of each style that stands in them."""
    console = Console(file=io.StringIO(), width=200)
    rendered = to_terminal(table, **options)
    styled = {}
    for segment in console.render(rendered):
        for style in str(segment.style or "").split():
            styled[style] = styled.get(style, "") + segment.text
    console.print(rendered)
    return console.file.getvalue().splitlines(), styled


def test_the_terminal_shows_every_cell_and_note():
    lines, styled = printed(TABLE)
    assert lines[4:7] == [
        "│ a_b       │    70.25 ± 1.50 │",
        "│ <c> & 5 % │          80.00† │",
        "│ d|e       │  2 runs missing │",
    ]
    assert lines[0].strip() == "Scores of a_b & <c>"
    assert " ".join(line.strip() for line in lines[8:]) == "† 100 % sure_ run --x=[1]"
    assert "80.00" in styled["bold"]
    assert "70.25 ± 1.50" in styled["underline"]


def test_the_terminal_parts_blocks_and_emphasizes_rows():
    rows = [[Cell(block), Cell(name), Cell(number)] for number, (block, name) in enumerate(["ax", "ay", "bx"])]
    lines, styled = printed(Table("toy", "Toy", ("block", "name", "n"), rows, labels=2), emphasized=[1])
    assert [line[0] for line in lines] == ["T", "┏", "┃", "┡", "│", "│", "├", "│", "└"]
    assert "1" in styled["bold"]
    assert not {"0", "2"} & set(styled["bold"])
