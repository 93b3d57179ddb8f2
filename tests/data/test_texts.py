"""Texts without labels: formats, what is left out, and what is refused in a line."""

import gzip
import json

import pandas as pd
import pytest
from datasets import Dataset

from auxtask.data.texts import Texts, read_hub_texts, read_texts
from auxtask.data.windows import encode_in_windows
from auxtask.errors import AuxtaskError

LINES = ["A fine film.", "  ", "Ünïcode, “quoted”", "a dull film"]
KEPT = [LINES[0], LINES[2], LINES[3]]


def written(folder, name):
    path = folder / name
    if ".jsonl" in name:
        content = "\n".join(json.dumps({"text": line, "id": number}) for number, line in enumerate(LINES))
    elif ".csv" in name:
        content = pd.DataFrame({"id": range(4), "text": LINES}).to_csv(index=False)
    else:
        content = "\n".join(LINES)
    if name.endswith(".parquet"):
        pd.DataFrame({"text": LINES}).to_parquet(path)
    elif name.endswith(".gz"):
        path.write_bytes(gzip.compress(content.encode()))
    else:
        path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "name", ["a.txt", "a.txt.gz", "a.jsonl", "a.jsonl.gz", "a.csv", "a.csv.gz", "a.parquet", "with [b] = c.txt"]
)
def test_every_format_gives_its_texts_without_the_blank_ones(tmp_path, name):
    texts = read_texts(written(tmp_path, name))
    assert texts.documents["text"][:] == KEPT
    assert texts.documents.column_names == ["text"]


def test_a_folder_gives_the_texts_of_its_files_in_the_order_of_their_names(tmp_path):
    (tmp_path / "b.txt").write_text("two\nthree\n")
    (tmp_path / "a.txt").write_text("one\n")
    (tmp_path / "README.md").write_text("no text of ours\n")
    assert read_texts(tmp_path).documents["text"][:] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.txt", None, "none.txt' does not exist"),
        ("some.doc", "text", "some.doc' has an unknown format; give .txt"),
        ("blank.txt", "\n \n", "blank.txt' holds no text"),
        ("other.jsonl", '{"body": "x"}\n', "no column 'text', its columns are 'body'; name the right one"),
        ("numbers.jsonl", '{"text": 5}\n', "column 'text' of .* is not text"),
        ("cut.jsonl", '{"text": "x"', "cut.jsonl' cannot be read"),
        ("bytes.parquet", "no parquet", "bytes.parquet' cannot be read"),
    ],
)
def test_what_holds_no_texts_is_refused_in_a_line(tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(AuxtaskError, match=said) as refused:
        read_texts(tmp_path / name)
    assert "\n" not in str(refused.value)


def test_formats_are_not_mixed(tmp_path):
    (tmp_path / "a.txt").write_text("one\n")
    (tmp_path / "b.csv").write_text("text\ntwo\n")
    with pytest.raises(AuxtaskError, match="holds 2 formats"):
        read_texts(tmp_path)


def test_a_folder_laid_out_like_a_data_set_of_the_hub(tmp_path):
    (tmp_path / "train.jsonl").write_text('{"body": "one"}\n{"body": "two"}\n')
    texts = read_hub_texts(str(tmp_path), text_column="body")
    assert texts.documents["text"][:] == ["one", "two"]
    with pytest.raises(AuxtaskError, match="cannot be loaded"):
        read_hub_texts(str(tmp_path), split="validation")


def test_what_validates_or_tests_is_left_out_and_counted():
    texts = Texts(Dataset.from_dict({"text": ["A  Film", "another", "a film", "last"]}), "here")
    rest = texts.without(["a film", "LAST\n"])
    assert rest.documents["text"][:] == ["another"]
    assert rest.copies == 3
    assert rest.line == "1 unlabelled texts of here, 3 equal to validation or test documents left out"
    with pytest.raises(AuxtaskError, match="all 1 texts of here stand in the validation or test documents"):
        rest.without(["another"])


def test_the_fingerprint_is_that_of_the_content(tmp_path):
    plain, packed = read_texts(written(tmp_path, "a.txt")), read_texts(written(tmp_path, "b.csv"))
    assert plain.fingerprint == packed.fingerprint
    other = Texts(Dataset.from_dict({"text": ["A fine", " film.", *KEPT[1:]]}), "here")
    assert other.fingerprint != plain.fingerprint


def test_windows_hold_every_token_once_with_the_frame_around_each(tokenizer, sentences):
    texts = Dataset.from_dict({"text": [" ".join(sentences), sentences[0], ""]})
    rows = encode_in_windows(texts, tokenizer, max_length=9)
    whole = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts["text"]]
    assert [token for row in rows["input_ids"] for token in row[1:-1]] == [token for row in whole for token in row]
    assert max(map(len, rows["input_ids"])) == 9
    for row in rows:
        assert row["input_ids"][0] == tokenizer.cls_token_id
        assert row["input_ids"][-1] == tokenizer.sep_token_id
        assert len(row["input_ids"]) == len(row["word_ids"]) == len(row["attention_mask"])
