"""Files read and written some rows at a time: every format gives back what it was given."""

import csv
import gzip
import io
import json

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auxtask.data import chunk_readers
from auxtask.data.chunk_readers import read_chunks
from auxtask.data.chunk_writers import open_writer
from auxtask.data.chunks import ListChunk, format_of
from auxtask.errors import AuxtaskError

TEXTS = ["a fine, fine film", 'he said "dull"\nand left', "+1", "日本語\u2028à", "", "slow"]


def read(path, most=2, kind=None, text_column="text"):
    kind = kind or format_of(path)
    return list(read_chunks(path, kind, text_column=text_column, encoding="utf-8-sig", most=most))


def copy(path, target, kind=None):
    """Read one file and write the other, chunk by chunk."""
    with open(target, "wb") as file:
        packed = target.name.endswith(".gz")
        with open_writer(file, format_of(target), like=kind or format_of(path), is_gzipped=packed) as write:
            for chunk in read(path, kind=kind):
                write(chunk)


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.jsonl", "x.parquet", "x.xlsx", "x.csv.gz", "x.jsonl.gz"])
@pytest.mark.parametrize("other", ["y.csv", "y.tsv.gz", "y.jsonl", "y.parquet", "y.xlsx"])
def test_every_format_becomes_every_other(tmp_path, name, other):
    table = pd.DataFrame({"text": TEXTS, "number": range(6)})
    source = tmp_path / name
    if name.endswith(".parquet"):
        table.to_parquet(source)
    elif name.endswith(".xlsx"):
        table.to_excel(source, index=False)
    elif ".jsonl" in name:
        table.to_json(source, orient="records", lines=True)
    else:
        table.to_csv(source, index=False, sep="\t" if ".tsv" in name else ",")
    copy(source, tmp_path / other)
    chunks = read(tmp_path / other)
    texts = [text or "" for chunk in chunks for text in chunk.column("text")]
    assert texts == TEXTS
    assert [int(number) for chunk in chunks for number in chunk.column("number")] == list(range(6))
    assert all(chunk.names == ["text", "number"] for chunk in chunks)


def test_a_json_line_keeps_its_own_names(tmp_path):
    rows = [{"text": "a", "of": {"x": [1, None]}}, {"text": None}, {"more": 0.1, "text": "\ud800"}, {}]
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    copy(path, tmp_path / "y.jsonl")
    assert [json.loads(line) for line in (tmp_path / "y.jsonl").read_text().splitlines()] == rows


def test_types_of_parquet_are_kept(tmp_path):
    table = pa.table(
        {
            "text": pa.array(["a", None, "a"]).dictionary_encode(),
            "when": pa.array([1, 2, None], pa.timestamp("ns", "UTC")),
            "half": pa.array([1, 2, 3], pa.int8()),
            "list": pa.array([[{"x": 1}], [], None]),
        }
    )
    pq.write_table(table, tmp_path / "x.parquet")
    copy(tmp_path / "x.parquet", tmp_path / "y.parquet")
    assert pq.read_table(tmp_path / "y.parquet").equals(table)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", 'text;n;;\n"a;b";1;;\nc;2;;\n'),
        ("x.tsv", 'text\tn\nsaid "dull" twice\t1\n"open\t2\n'),
        ("x.csv", "text\n"),
    ],
)
def test_a_delimited_file_is_written_as_it_was_read(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    copy(tmp_path / name, tmp_path / f"copy-{name}")
    assert (tmp_path / f"copy-{name}").read_text() == content


def test_plain_text_is_a_document_a_line(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes("one\r\n\r\n two \u2028three".encode())
    assert [chunk.rows for chunk in read(path)] == [[["one"], [""]], [[" two \u2028three"]]]
    stream = io.BytesIO(path.read_bytes())
    found = list(read_chunks(stream, "lines", text_column="body", encoding="utf-8", most=9))
    assert found == [ListChunk(["body"], [["one"], [""], [" two \u2028three"]])]
    assert not stream.closed


def test_a_workbook_gives_text_where_text_is_asked_for_and_writes_no_formula(tmp_path):
    book = openpyxl.Workbook()
    for row in (["text", "n"], [7, 1.5], [None, True], ["=1+1", None]):
        book.active.append(row)
    book.active["A4"].data_type = "s"
    book.save(tmp_path / "x.xlsx")
    copy(tmp_path / "x.xlsx", tmp_path / "y.xlsx")
    cells = list(openpyxl.load_workbook(tmp_path / "y.xlsx").active.iter_rows())
    assert [[cell.value for cell in row] for row in cells] == [
        ["text", "n"],
        ["7", 1.5],
        [None, True],
        ["=1+1", None],
    ]
    assert cells[3][0].data_type == "s"


def test_long_documents_end_a_chunk_early(tmp_path, monkeypatch):
    monkeypatch.setattr(chunk_readers, "LARGEST_CHUNK", 1000)
    path = tmp_path / "x.jsonl.gz"
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps({"text": "x" * 500}) + "\n" for _ in range(5))
    chunks = read(path, most=100)
    assert [len(chunk) for chunk in chunks] == [3, 2]
    assert chunks[-1].share == 1.0


def test_what_no_header_holds_is_refused_with_a_mend(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "a"}\n{"text": "b"}\n{"text": "c", "more": 1}\n')
    for other in ("y.csv", "y.xlsx", "y.parquet"):
        with pytest.raises(AuxtaskError, match=r"'more' is in no row before.*output=\.\.\.\.jsonl"):
            copy(path, tmp_path / other)
    path.write_text('{"text": "a", "n": 1}\n{"text": "b", "n": "x"}\n')
    with pytest.raises(AuxtaskError, match="'n' are not of one type"):
        copy(path, tmp_path / "y.parquet")


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.parquet", "x.xlsx"])
def test_a_column_that_is_not_there_is_named(tmp_path, name):
    with open(tmp_path / "rows.csv", "w", newline="") as file:
        csv.writer(file).writerows([["body"], ["a"]])
    list(read(tmp_path / "rows.csv", text_column="body"))
    with open(tmp_path / name, "wb") as file, open_writer(file, format_of(name), like="csv") as write:
        write(ListChunk(["body"], [["a"]]))
    with pytest.raises(AuxtaskError, match=r"has no column 'text', its columns are 'body'.*text_column="):
        read(tmp_path / name)
