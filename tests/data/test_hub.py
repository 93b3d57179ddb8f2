"""A hub data set is a folder in the hub's layout; here it lies on this machine."""

import pytest
from datasets import ClassLabel, Dataset, Features, Sequence, Value

from auxtask.data import hub
from auxtask.data.hub import load_hub
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


def test_no_name_and_no_network_are_one_line(monkeypatch):
    with pytest.raises(AuxtaskError, match=r"dataset\.path=ag_news"):
        load_hub(None)

    def unreachable(*arguments, **options):
        raise ConnectionError("Couldn't reach 'ag_news'\non the Hub")

    monkeypatch.setattr(hub, "load_dataset", unreachable)
    with pytest.raises(AuxtaskError, match="dataset=docstrings") as error:
        load_hub("ag_news")
    assert "\n" not in str(error.value)
