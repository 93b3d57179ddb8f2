import gzip
import json

import pandas as pd
import pytest

from auxtask.data.readers import read_pairs, write_pairs
from auxtask.errors import AuxtaskError

PAIRS = [("a fine, fine film", "1"), ('he said "dull"\nand left', "0"), ("日本語のテキスト\u2028à", "NA")]


def write_table(path, table):
    if path.suffix == ".parquet":
        table.to_parquet(path)
    elif path.suffix == ".xlsx":
        table.to_excel(path, index=False)
    elif ".jsonl" in path.name:
        table.to_json(path, orient="records", lines=True, force_ascii=False)
    else:
        table.to_csv(path, index=False, sep="\t" if ".tsv" in path.name else ",")


@pytest.mark.parametrize(
    "name", ["x.csv", "x.tsv", "x.jsonl", "x.csv.gz", "x.tsv.gz", "x.jsonl.gz", "x.parquet", "x.xlsx", "X.CSV"]
)
def test_every_format_gives_the_same_pairs(tmp_path, name):
    path = tmp_path / name
    write_table(path, pd.DataFrame(PAIRS, columns=["review", "stars"]).assign(more=7))
    assert read_pairs(path, text_column="review", label_column="stars") == PAIRS


def test_written_pairs_come_back_and_equal_pairs_give_equal_bytes(tmp_path):
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        write_pairs(tmp_path / name, PAIRS)
    assert read_pairs(tmp_path / "a.jsonl.gz") == PAIRS
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()


def test_numbers_become_labels_and_missing_values_stay_empty(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "a", "label": 3}\n\n{"text": null, "label": true}\n{"label": 2, "text": "b"}\n{}\n')
    assert read_pairs(path) == [("a", "3"), (None, "True"), ("b", "2"), (None, None)]
    pd.DataFrame({"text": ["a", None], "label": [3, 4]}).to_parquet(tmp_path / "x.parquet")
    assert read_pairs(tmp_path / "x.parquet") == [("a", "3"), (None, "4")]
    (tmp_path / "x.csv").write_text("text,label\na,3\n\nb,\n")
    assert read_pairs(tmp_path / "x.csv") == [("a", "3"), ("b", "")]


def test_byte_order_marks_and_other_encodings_are_read(tmp_path):
    (tmp_path / "bom.csv").write_bytes("text,label\né,x\n".encode("utf-8-sig"))
    assert read_pairs(tmp_path / "bom.csv") == [("é", "x")]
    (tmp_path / "latin.tsv").write_bytes("text\tlabel\né\tx\n".encode("latin-1"))
    assert read_pairs(tmp_path / "latin.tsv", encoding="latin-1") == [("é", "x")]


GOOD = b"text,label\na,x\n"


@pytest.mark.parametrize(
    ("name", "content", "options", "message"),
    [
        ("x.csv", None, {}, "does not exist; check the path"),
        ("x.txt", GOOD, {}, "unknown format; give .csv, .tsv, .jsonl"),
        ("x.parquet.gz", GOOD, {}, "unknown format"),
        ("x.xlsx", GOOD, {}, "is not a whole Excel workbook"),
        ("x.csv", b"", {}, "has no documents"),
        ("x.csv", b"text,label\n", {}, "has no documents"),
        ("x.jsonl", b"\n", {}, "has no documents"),
        (
            "x.csv",
            b"text,klass\na,x\n",
            {},
            r"no column 'label', its columns are 'text', 'klass'.*label_column=",
        ),
        ("x.csv", GOOD, {"text_column": "body"}, "no column 'body'.*dataset.text_column="),
        ("x.csv", b"text,label\ncaf\xe9,x\n", {}, "is not UTF-8 text: byte 0xe9.*dataset.encoding=latin-1"),
        ("x.jsonl", b'{"text": "caf\xe9"}\n', {}, "is not UTF-8 text: byte 0xe9"),
        ("x.csv", GOOD, {"encoding": "utf-99"}, "encoding 'utf-99' is unknown"),
        ("x.csv", b'text,label\na,x\nb,"y\n', {}, r"line 3 of .* cannot be read \(unexpected end of data"),
        ("x.csv", b"text,label\na,x\nb,y,z,w\n", {}, "line 3 of .*it has 4 fields, the header 2"),
        ("x.csv", b"text,text,label\na,b,x\n", {}, "has 2 columns 'text'"),
        ("x.jsonl", b'{"text": "a", "label": 1}\n{"text"\n', {}, "line 2 of .* is not JSON"),
        ("x.jsonl", b"[1]\n", {}, "write one JSON object a line"),
        ("x.jsonl", b'{"text": 5, "label": 1}\n', {}, "column 'text' .* holds 5, not text"),
        (
            "x.jsonl",
            b'{"text": "a", "label": [1]}\n',
            {},
            r"column 'label' .* holds \[1\]; a document has one",
        ),
        ("x.csv.gz", GOOD, {}, "is not a whole gzip file"),
        (
            "x.jsonl.gz",
            gzip.compress(b'{"text": "a", "label": 1}\n' * 99, mtime=0)[:-9],
            {},
            "is not a whole gzip file",
        ),
        ("x.parquet", GOOD, {}, "is not a whole Parquet file"),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path, name, content, options, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(AuxtaskError, match=message) as error:
        read_pairs(tmp_path / name, **options)
    assert "\n" not in str(error.value)
    assert name in str(error.value) or "encoding" in options


def test_a_folder_in_place_of_a_file_is_refused(tmp_path):
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(AuxtaskError, match="does not exist"):
        read_pairs(tmp_path / "x.csv")


def test_json_lines_are_split_at_line_feeds_alone(tmp_path):
    # str.splitlines would cut this line in three.
    row = {"text": "one\u2028two\x85three", "label": "x"}
    (tmp_path / "x.jsonl").write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    assert read_pairs(tmp_path / "x.jsonl") == [(row["text"], "x")]
