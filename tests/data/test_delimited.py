"""Python's own csv writer is the oracle of what is read, plain string splitting that of text taken literally."""

import csv

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auxtask.data.delimited import DELIMITERS, read_delimited
from auxtask.data.readers import read_documents
from auxtask.errors import AuxtaskError
from marking import rest_in_ci

quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
characters = st.characters(exclude_categories=["Cs"])


def read(path, content, names=("text", "label")):
    path.write_bytes(content.encode())
    columns = read_delimited(path, "utf-8", names).columns
    return list(zip(*(columns[name] for name in names), strict=True))


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("delimiter", rest_in_ci(DELIMITERS))
@quick
@given(data=st.data())
def test_what_a_writer_quotes_comes_back(tmp_path, delimiter, quoting, data):
    # A tab inside a quoted field may leave whole rows in every line; which is meant cannot be told.
    unknown = "\t" if delimiter == "\t" else ""
    field = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=unknown))
    rows = data.draw(st.lists(st.tuples(field, field), min_size=1))
    path = tmp_path / "x.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter, quoting=quoting).writerows([("text", "label"), *rows])
    assert read(path, path.read_bytes().decode()) == rows


@quick
@given(
    st.lists(
        st.tuples(*[st.text(st.one_of(characters, st.just('"'))).map(lambda s: "".join(s.split()))] * 2),
        min_size=1,
    )
)
def test_tabs_separate_plain_text(tmp_path, rows):
    rows = [(f'"{text}', label) for text, label in rows] + [('"a" b', "x")]
    content = "".join(f"{text}\t{label}\n" for text, label in [("text", "label"), *rows])
    assert read(tmp_path / "x.tsv", content) == rows


@pytest.mark.parametrize("name", ["x.csv", "x.tsv"])
@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_the_delimiter_is_found_out_and_said(tmp_path, name, delimiter):
    others = "".join(mark for mark in DELIMITERS if mark != delimiter)
    path = tmp_path / name
    path.write_text(f"label{delimiter}text\nNA{delimiter}a {others} b\n")
    pairs, layout, _ = read_documents(path)
    assert pairs == [(f"a {others} b", "NA")]
    assert layout == f"separated by {DELIMITERS[delimiter]}"


@pytest.mark.parametrize("missing", ["NA", "null", "None", "nan", "N/A", "#N/A", "<NA>", "NULL"])
@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_no_word_stands_for_a_missing_value(tmp_path, delimiter, missing):
    assert read(tmp_path / "x.csv", f"text{delimiter}label\n{missing}{delimiter}{missing}\n") == [(missing,) * 2]


@pytest.mark.parametrize("line", [2, 3, 5])
@pytest.mark.parametrize("cells", [1, 3, 4])
@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_a_row_of_the_wrong_width_names_its_line(tmp_path, delimiter, cells, line):
    lines = [delimiter.join(["a", "b"])] * 6
    lines[0], lines[line - 1] = delimiter.join(["text", "label"]), delimiter.join(["a"] * cells)
    with pytest.raises(AuxtaskError, match=rf"line {line} of .*it has {cells} fields?, the header 2"):
        read(tmp_path / "x.csv", "\n".join(lines))


def test_rows_are_named_by_their_first_line_after_quoted_line_breaks(tmp_path):
    with pytest.raises(AuxtaskError, match=r"line 5 of .*it has 3 fields"):
        read(tmp_path / "x.csv", 'text,label\n"one\ntwo\nthree",x\n"a",b,\n')


def test_an_unquoted_comma_in_every_text_loses_nothing_silently(tmp_path):
    with pytest.raises(AuxtaskError, match=r"line 2 of .*it has 3 fields, the header 2; separated by commas"):
        read(tmp_path / "x.csv", "text,label\nfine, really,good\ndull, really,bad\n")


QUOTES = {
    "opened and never closed": ['"Hello', "he said", "and left"],
    "closed rows later": ['"Hello', "he said", 'and left"'],
    "inches": ['5" nails', "he said"],
    "only some are whole": ['"Hello"', 'he said "no"'],
    "two quoted parts": ['"yes" or "no"', "he said"],
}


@pytest.mark.parametrize("texts", QUOTES.values(), ids=QUOTES)
@pytest.mark.parametrize("name", ["x.tsv", "x.csv"])
def test_quotation_marks_between_tabs_swallow_no_rows(tmp_path, name, texts):
    path = tmp_path / name
    path.write_text("text\tlabel\n" + "".join(f"{text}\tx\n" for text in texts))
    documents = read_documents(path)
    assert documents.pairs == [(text, "x") for text in texts]
    assert documents.layout == "separated by tabs, quotation marks taken as text"


def test_a_line_that_no_reading_of_the_quotes_explains_is_named(tmp_path):
    with pytest.raises(AuxtaskError, match=r"line 4 of .*it has 1 field, the header 2"):
        read(tmp_path / "x.tsv", 'text\tlabel\n"Hello\tx\nhe said\ty\nno label\n5" nails\tz\n')


def test_a_document_may_be_longer_than_the_csv_module_allows_at_first(tmp_path):
    text = "word " * 100_000
    assert read(tmp_path / "x.csv", f"text,label\n{text},x\n") == [(text, "x")]
