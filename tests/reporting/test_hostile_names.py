"""A report over runs whose names and labels hold whatever a folder or a file may: all is written and found."""

import csv
import re
import sys
from html.parser import HTMLParser
from itertools import pairwise
from unicodedata import category
from urllib.parse import unquote

import pytest
from hydra.core.global_hydra import GlobalHydra
from markdown_it import MarkdownIt

from auxtask.cli.command import run_command
from auxtask.ground.escaping import visible
from auxtask.report import report
from folders import files_of, make_run

DATASETS = [
    "$a$ and $b$ 'it' \"is\" 50 % of #1 (a)! & <b>|`c`",
    "=日本語\u202e",
    "\x1b[31mred\nline\ttab [x]",
]
MODEL = "[m] $ \u200b"
METHODS = ["stl", "rtm", "_$x$ [y] a,b='c'"]
LABELS = ("=cmd|' /C calc'!A0", "a\nb | c \u202e <i>", "_$x$ & $y$ 5 % \x1b[0m")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The report's folder, and what the command printed."""
    folder = tmp_path_factory.mktemp("hostile")
    for dataset in DATASETS:
        for at, method in enumerate(METHODS):
            predicted = (0, 0, 0, 1, 1, at, 2, 2, 2, 0)
            make_run(
                folder / "runs", dataset=dataset, model=MODEL, method=method, names=LABELS, predicted=predicted
            )
    (folder / "runs" / DATASETS[2] / MODEL / "rtm" / "\x1b[31mforeign").mkdir()
    lines = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.print", lambda *texts, **_: lines.append(" ".join(map(str, texts))))
        patch.setattr(sys, "argv", ["report", f"paths.runs={folder / 'runs'}", f"output={folder / 'report'}"])
        GlobalHydra.instance().clear()
        run_command("report", report)
        GlobalHydra.instance().clear()
    return folder / "report", lines


def hidden(text):
    return {each for each in text if category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - {"\n"}


class Page(HTMLParser):
    """Collects rows, links and ids; fails where a tag is not closed."""

    def __init__(self):
        super().__init__()
        self.open, self.rows, self.links, self.ids = [], [], [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag not in ("meta", "link"):
            self.open.append(tag)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes[name] for name in ("href", "xlink:href") if name in attributes]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in ("meta", "link"):
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"td", "th"} & set(self.open) and "sup" not in self.open:
            self.rows[-1][-1] += data


def test_every_table_and_figure_is_written_and_linked(written):
    folder, _ = written
    files = files_of(folder)
    markdown = files["report.md"].decode()
    images = [
        unquote(child.attrs["src"])
        for token in MarkdownIt().parse(markdown)
        for child in token.children or ()
        if child.type == "image"
    ]
    # Curves, gains and confusions of each data set.
    assert len(images) == len(set(images)) == 3 * len(DATASETS)
    assert {name for name in files if name.endswith(".png")} == set(images)
    tables = {name for name in files if name.startswith("tables/") and name.endswith(".tex")}
    assert {name.removesuffix(".tex") for name in tables} == {
        name.removesuffix(".csv") for name in files if name.endswith(".csv")
    } - {"tables/runs"}
    assert len([name for name in tables if name.startswith("tables/scores_")]) == len(DATASETS)
    assert all(re.fullmatch(r"[\w./-]+", name) for name in files)


def test_the_page_has_whole_rows_and_its_links_lead_somewhere(written):
    folder, _ = written
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert not hidden(text)
    page = Page()
    page.feed(text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links if not link.startswith("data:")} <= set(page.ids)
    cells = {cell for row in page.rows for cell in row}
    assert {*map(visible, LABELS), visible(METHODS[2])} <= cells


def test_markdown_has_whole_rows_and_shows_the_names(written):
    folder, lines = written
    text = (folder / "report.md").read_text(encoding="utf-8")
    for each in [text, *lines]:
        assert not hidden(each)
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    titles = [after.children for before, after in pairwise(tokens) if before.tag == "h2"]
    plain = ["".join(child.content for child in children) for children in titles if children]
    assert set(map(visible, DATASETS)) <= set(plain)
    cells = {"".join(child.content for child in token.children or () if child.type == "text") for token in tokens}
    assert {*map(visible, LABELS), visible(METHODS[2])} <= cells
    # No line of a table ends it early.
    starts = [line for line in text.splitlines() if line.startswith("| ") or line.startswith("| :")]
    assert len(starts) == sum(token.type == "tr_open" for token in tokens) + sum(
        token.type == "table_open" for token in tokens
    )


def test_no_field_of_a_csv_file_is_a_formula(written):
    folder, _ = written
    for path in (folder / "tables").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        assert {len(row) for row in rows} == {len(rows[0])}
        for field in (field for row in rows for field in row if field.startswith(("=", "+", "-", "@"))):
            float(field)
        assert not hidden(path.read_text(encoding="utf-8"))


def test_latex_has_whole_rows(written):
    folder, _ = written
    for path in (folder / "tables").glob("*.tex"):
        text = path.read_text(encoding="utf-8")
        assert not hidden(text)
        [alignment] = re.findall(r"\\begin\{tabular\}\{([lr]+)\}", text)
        rows = [line for line in text.splitlines() if line.endswith(r"\\")]
        assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {len(alignment) - 1}
        assert not re.search(r"(?<!\\)[%#]", text)
        [label] = re.findall(r"\\label\{tab:(.*)\}", text)
        assert label == path.stem
        assert re.fullmatch(r"[\w.-]+", label)
