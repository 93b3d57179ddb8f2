"""A hub data set is a folder in the hub's layout; here it lies on this machine."""

import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features, Sequence, Value

from auxtask.data import hub
from auxtask.data.hub import load_hub
from auxtask.data.user_files import load_files
from auxtask.errors import AuxtaskError

FEATURES = Features({"text": Value("string"), "label": ClassLabel(names=["World", "Sports"])})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A function that writes a split of a data set laid out as on the hub."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")

    def write(split, rows, features=FEATURES):
        path = tmp_path / "some" / "news" / "data"
        path.mkdir(parents=True, exist_ok=True)
        Dataset.from_list(rows, features=features).to_parquet(path / f"{split}-00000-of-00001.parquet")
        return str(tmp_path / "some" / "news")

    return write


ROWS = [{"text": f"text {number}", "label": number % 2} for number in range(30)]


def test_class_labels_become_their_names_and_missing_splits_are_made(folder):
    folder("train", ROWS)
    dataset = load_hub(folder("test", ROWS[:4]))
    assert dataset.label_names == ["Sports", "World"]
    assert {split: len(rows) for split, rows in dataset.items()} == {"train": 27, "valid": 3, "test": 4}
    assert dataset["test"]["label"][:] == [1, 0, 1, 0]
    assert dataset.name.endswith("some--news")
    assert "/" not in dataset.name


def test_renamed_columns_and_splits_with_integer_labels(folder):
    rows = [{"body": row["text"], "stars": row["label"] + 1} for row in ROWS]
    features = Features({"body": Value("string"), "stars": Value("int64")})
    folder("train", rows, features)
    folder("validation", rows[:5], features)
    path = folder("holdout", rows[:3], features)
    dataset = load_hub(path, text_column="body", label_column="stars", test_split="holdout")
    assert dataset.label_names == ["1", "2"]
    assert {split: len(found) for split, found in dataset.items()} == {"train": 30, "valid": 5, "test": 3}


def test_hidden_test_labels_are_missing_labels(folder):
    folder("train", ROWS)
    path = folder("test", [{"text": "hidden", "label": -1}])
    with pytest.raises(AuxtaskError, match=r"document 1 of the test split .* has no label"):
        load_hub(path)
    assert len(load_hub(path, test_split=None)["test"]) == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text_column": "body"}, "has no column 'body', its columns are 'text', 'label'"),
        ({"text_column": "label"}, "column 'label' .* is not text"),
        ({"train_split": "training"}, "has no split 'training', its splits are 'train'"),
    ],
)
def test_what_the_data_set_lacks_is_named(folder, options, message):
    with pytest.raises(AuxtaskError, match=message):
        load_hub(folder("train", ROWS), **options)


def test_lists_of_labels_are_refused(folder):
    features = Features({"text": Value("string"), "label": Sequence(Value("int64"))})
    path = folder("train", [{"text": "x", "label": [1, 2]}], features)
    with pytest.raises(AuxtaskError, match="a document has one label"):
        load_hub(path)


def write_table(path, table):
    if path.suffix == ".parquet":
        table.to_parquet(path)
    elif path.suffix == ".jsonl":
        table.to_json(path, orient="records", lines=True)
    else:
        table.to_csv(path, index=False, sep="\t" if ".tsv" in path.name else ",")


MISSING = ["NA", "null", "None", "nan", "N/A"]


def documents(dataset):
    return sorted((row["text"], dataset.label_names[row["label"]]) for rows in dataset.values() for row in rows)


@pytest.mark.parametrize("name", ["train.csv", "train.tsv", "train.csv.gz", "train.parquet", "train.jsonl"])
def test_words_for_missing_values_are_labels_and_texts_in_every_format(folder, tmp_path, name):
    rows = [(f"text {number}", MISSING[number % 5]) for number in range(20)] + [(word, word) for word in MISSING]
    rows += [("007", "NA"), ('5" nails', "NA")]
    table = pd.DataFrame(rows, columns=["text", "label"])
    path = tmp_path / "some" / "folder"
    path.mkdir(parents=True)
    write_table(path / name, table)
    dataset = load_hub(str(path))
    assert documents(dataset) == sorted(rows)
    assert dataset.provenance["intake"]["train"]["rows"] == len(rows)
    own = load_files(path / name)
    assert own.fingerprint == dataset.fingerprint


def test_a_folder_of_delimited_files_is_read_as_strictly_as_ones_own(tmp_path, folder):
    path = tmp_path / "films"
    path.mkdir()
    (path / "train.csv").write_text("text,label\n" + "fine, really,good\n" * 9)
    with pytest.raises(AuxtaskError, match=r"line 2 of .*train\.csv .*it has 3 fields"):
        load_hub(str(path))


CARD = """---
dataset_info:
  features:
  - name: text
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': World
          '1': Sports
---
"""


@pytest.mark.parametrize("labels", [["0", "1"], ["World", "Sports"]])
def test_the_classes_of_a_card_name_those_of_delimited_files(tmp_path, folder, labels):
    path = tmp_path / "news"
    path.mkdir()
    (path / "README.md").write_text(CARD)
    (path / "train.csv").write_text(
        "text,label\n" + "".join(f"text {number},{labels[number % 2]}\n" for number in range(20))
    )
    dataset = load_hub(str(path))
    assert documents(dataset) == sorted((f"text {n}", ["World", "Sports"][n % 2]) for n in range(20))


def test_files_that_need_settings_go_through_the_library(tmp_path, folder):
    path = tmp_path / "bare"
    path.mkdir()
    (path / "README.md").write_text(
        "---\nconfigs:\n- config_name: default\n  column_names: [label, text]\n  data_files: train.csv\n---\n"
    )
    (path / "train.csv").write_text("".join(f"{'ab'[number % 2]},text {number}\n" for number in range(20)))
    assert documents(load_hub(str(path))) == sorted((f"text {n}", "ab"[n % 2]) for n in range(20))


def test_rows_without_text_or_label_are_dropped_and_counted(folder):
    folder("train", [*ROWS, {"text": None, "label": 1}, {"text": "x", "label": -1}, {"text": " ", "label": None}])
    dataset = load_hub(folder("test", ROWS[:4]))
    assert dataset.provenance["intake"] == {
        "train": {"rows": 33, "no_text": 2, "no_label": 1, "layout": ""},
        "test": {"rows": 4, "no_text": 0, "no_label": 0, "layout": ""},
    }
    assert sum(map(len, dataset.values())) == 34


def test_no_name_and_no_network_are_one_line(monkeypatch):
    with pytest.raises(AuxtaskError, match=r"dataset\.path=ag_news"):
        load_hub(None)

    def unreachable(*arguments, **options):
        raise ConnectionError("Couldn't reach 'ag_news'\non the Hub")

    monkeypatch.setattr(hub, "ask_hub", lambda: False)
    monkeypatch.setattr(hub, "load_dataset_builder", unreachable)
    with pytest.raises(AuxtaskError, match="dataset=docstrings") as error:
        load_hub("ag_news")
    assert "\n" not in str(error.value)
