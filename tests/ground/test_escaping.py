"""Whatever a label holds, each format shows it as text, and no reader of the format takes it for anything else."""

import csv
import io
import re
from html.parser import HTMLParser
from itertools import pairwise
from unicodedata import category
from urllib.parse import unquote

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from matplotlib.cbook import is_math_text
from rich.console import Console
from rich.table import Table as TerminalTable

from auxtask.ground.escaping import escape_figure, file_name, link, markdown_code, terminal_text, visible
from auxtask.likelihood.scores import TokenScores
from auxtask.phrases.tables import listed_ngrams, ngrams_by_class
from auxtask.plot import mask_heatmap
from auxtask.plot.style import legend_label
from auxtask.tables.rendering import to_csv, to_html, to_latex, to_markdown
from auxtask.tables.values import Cell, Note, Number, Table

PIECES = [
    *("\x1b[31mred", "\x1b]8;;http://x\x07", "\u202edesrever", "\u200b", "\u2066", "\ufeff", "\x00", "\x85"),
    *("\n", "\r", "\t", "\u2028", "\ud800", "=cmd()", "+1", "-2", "@x", "＝1", "\t=1", "'", '"', ",", ";", "|"),
    *("`", "``", "*", "**", "_", "~~", "#", "C:\\new", "$a$", "$", "\\", "\\$", "%", "50 %", "{", "}", "^", "~"),
    *("<b>", "</td>", "&lt;", "&", "[/x]", "[bold]", "]", "![", ":smile:", "url(#a", ' id="x"', "../x", "-->"),
    *("日本語", "é", "]]>", "a", " "),
]  # fmt: skip
TEXTS = st.one_of(
    st.text(st.characters(), max_size=20),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join),
)


def shown(text):
    """What a reader is to see: what does something unseen is written as Python's own `repr` writes it."""
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return "".join(repr(each)[1:-1] if category(each) in hidden else each for each in text)


def one_column(texts):
    return Table("toy", texts[0], ("no.", texts[0]), [[Cell(at), Cell(text)] for at, text in enumerate(texts)],
                 notes=[Note("1", texts[-1], f"run {texts[0]}")])  # fmt: skip


@given(TEXTS)
@settings(deadline=None)
def test_nothing_that_is_not_seen_is_left(text):
    assert visible(text) == shown(text)
    assert visible(visible(text)) == visible(text)


@given(st.lists(TEXTS, min_size=1, max_size=4))
@settings(deadline=None)
def test_markdown_parses_to_the_same_rows_and_texts(texts):
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(
        to_markdown(one_column(texts))
    )  # fmt: skip
    kinds = [token.type for token in tokens]
    assert kinds.count("table_open") == 1
    assert kinds.count("tr_open") == 1 + len(texts)
    in_cells = [token for before, token in pairwise(tokens) if before.type in ("td_open", "th_open")]
    assert {child.type for token in in_cells for child in token.children} <= {"text"}
    second = ["".join(child.content for child in token.children) for token in in_cells[1::2]]
    assert [text.strip() for text in second] == [shown(text).strip() for text in [texts[0], *texts]]
    [code] = [child for token in tokens for child in token.children or () if child.type == "code_inline"]
    assert code.content == f"run {shown(texts[0])}"


@given(st.lists(TEXTS, min_size=1, max_size=4), st.floats(-100, 0))
@settings(deadline=None)
def test_csv_is_read_back_and_no_field_is_a_formula(texts, number):
    table = one_column(texts)
    rows = list(csv.reader(io.StringIO(to_csv(table))))
    assert [row[1].removeprefix("'") for row in rows] == [
        shown(text).removeprefix("'") for text in [texts[0], *texts]
    ]
    assert not [field for row in rows for field in row if re.match(r"[=+\-@\t\r＝＋－＠]", field)]
    formulas = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
    assert [row[1] == f"'{shown(text)}" for text, row in zip(texts, rows[1:], strict=True)] == [
        text.startswith(formulas) for text in texts
    ]
    # Numbers stay numbers, whatever they begin with.
    [_, row] = csv.reader(io.StringIO(to_csv(Table("toy", "", ("x",), [[Cell(Number(number, "−"))]]))))
    assert float(row[0]) == pytest.approx(number, abs=1e-6)


# One character that stands for itself, or one of the ways to write one that does not.
LATEX_TEXT = re.compile(
    r"(?:[^\\{}$&#%_^~<>|\[\]*\n]|\\[&%$#_{}]|\\text[a-z]+\{\}|\$(?:-|\\[a-z]+)\$|\{[\[\]*]\})*"
)


@given(st.lists(TEXTS, min_size=1, max_size=4))
@settings(deadline=None)
def test_latex_holds_no_character_that_does_something(texts):
    lines = to_latex(one_column(texts)).splitlines()
    rows = [line.removesuffix(r" \\") for line in lines if line.endswith(r" \\")]
    assert len(rows) == 1 + len(texts)
    for row, text in zip(rows, [texts[0], *texts], strict=True):
        number, _, cell = row.partition(" & ")
        assert number.isdigit() or number == "no."
        assert LATEX_TEXT.fullmatch(cell)
        plain = re.sub(r"[^\\{}$&#%_^~<>|\[\]*±−†×·]", "", shown(text))
        assert len(re.findall(r"\\text[a-z]+\{\}|\\[&%$#_{}]|\$[^$]+\$|\{[\[\]*]\}", cell)) == len(plain)
    assert LATEX_TEXT.fullmatch(re.fullmatch(r"\\caption\{(.*)\}", lines[2])[1])


class Page(HTMLParser):
    """Collects the text of every element of some kinds; fails where a tag is not closed."""

    def __init__(self, *kinds):
        super().__init__()
        self.kinds, self.texts, self.open = kinds, [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag in self.kinds:
            self.texts.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if set(self.kinds) & set(self.open):
            self.texts[-1] += data


@given(st.lists(TEXTS, min_size=1, max_size=4))
@settings(deadline=None)
def test_html_parses_to_the_same_texts(texts):
    page = Page("td", "th")
    page.feed(to_html(one_column(texts)))
    page.close()
    assert page.open == []
    assert page.texts[1::2] == [shown(text) for text in [texts[0], *texts]]


@given(st.lists(TEXTS, min_size=1, max_size=4))
@settings(deadline=None)
def test_the_terminal_gets_no_escape_and_no_markup(texts):
    out = io.StringIO()
    console = Console(file=out, width=4000)
    table = TerminalTable(title=terminal_text(texts[0], "table.title"))
    table.add_column("")
    for text in texts:
        table.add_row(terminal_text(text))
    console.print(table)
    printed = out.getvalue()
    assert {each for each in printed if category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp")} == {"\n"}
    for text in texts:
        assert shown(text).rstrip() in printed


@given(TEXTS)
@settings(deadline=None)
def test_matplotlib_takes_no_text_for_mathematics(text):
    escaped = escape_figure(text)
    assert not is_math_text(escaped)
    assert escaped.replace(r"\$", "$") == shown(text)
    assert not legend_label(text).startswith("_")


@given(TEXTS, TEXTS)
@settings(deadline=None)
def test_file_names_hold_nothing_special_and_stay_apart(first, second):
    names = [file_name("scores", text) for text in (first, second)]
    assert all(re.fullmatch(r"[\w.-]+", name) and len(name.encode()) <= 180 for name in names)
    assert (names[0] == names[1]) == (first == second)
    assert all(len(file_name("scores", text * 100).encode()) <= 180 for text in (first, second))


@given(TEXTS)
@settings(deadline=None)
def test_links_lead_to_the_file_that_they_name(text):
    path = f"figures/{shown(text)}.png"
    [inline] = [token for token in MarkdownIt().parse(f"![x]({link(path)})") if token.type == "inline"]
    [image] = inline.children
    assert unquote(image.attrs["src"]) == path
    assert re.fullmatch(r"[\w./~%-]+", link(path), re.ASCII)


def test_a_code_span_holds_back_quotes():
    for text in ("a", "`", "a `b` ``c``", "`a", " a "):
        [inline] = [token for token in MarkdownIt().parse(f"x {markdown_code(text)}") if token.type == "inline"]
        assert inline.children[-1].content == text


@given(st.lists(TEXTS, min_size=1, max_size=3))
@settings(deadline=None)
def test_ngrams_go_out_the_same_way(texts):
    rows = [
        {"class": text, "rank": 1, "ngram": text, "token_ids": [1, 2], "frequency": 3, "classes": [text]}
        for text in dict.fromkeys(texts)
    ]
    lines = to_markdown(ngrams_by_class(rows)).splitlines()
    assert len(lines) == 4 + len(rows)
    assert {len(re.sub(r"\\.", "x", line).split("|")) for line in lines[2:]} == {4}
    read = list(csv.DictReader(io.StringIO(to_csv(listed_ngrams(rows)))))
    assert [row["frequency"] for row in read] == ["3"] * len(rows)
    assert not [field for row in read for field in row.values() if field.startswith(("=", "+", "-", "@"))]


def test_the_heat_map_shows_tokens_as_they_are_in_every_format():
    count = len(PIECES)
    scores = TokenScores(
        [f"x{piece}y" for piece in PIECES], np.arange(count), np.full(count, -0.7), np.arange(count)
    )
    heatmap = mask_heatmap(scores)
    texts = [shown(token.text) for token in heatmap.tokens]
    assert re.sub(r"\x1b\[[0-9;]*m", "", heatmap.terminal(width=4000)) == f"{' '.join(texts)}\n"
    page = Page("span")
    page.feed(heatmap._repr_html_())
    assert page.open == []
    assert page.texts[1 : 2 * count : 2] == texts
    drawn = {each.get_text() for each in heatmap.figure().axes[0].texts}
    assert drawn >= set(map(escape_figure, texts))
