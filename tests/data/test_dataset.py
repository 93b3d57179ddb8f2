import pickle

import pytest
from datasets import ClassLabel, DatasetDict

from auxtask.data.dataset import build_text_dataset
from auxtask.errors import AuxtaskError

PAIRS = [("a fine film", "good"), ("a dull film", "bad"), ("so so", "bad")]


def build(**changed):
    splits = {"train": PAIRS, "valid": PAIRS[:2], "test": PAIRS[1:]} | changed
    return build_text_dataset(splits, name="films", provenance={"by": "hand"})


def test_text_dataset_is_a_dataset_dict_with_sorted_class_labels():
    dataset = build()
    assert isinstance(dataset, DatasetDict)
    assert list(dataset) == ["train", "valid", "test"]
    assert dataset["train"].column_names == ["text", "label"]
    assert dataset["train"].features["label"] == ClassLabel(names=["bad", "good"])
    assert dataset["train"]["label"][:] == [1, 0, 0]
    assert dataset["test"]["text"][:] == ["a dull film", "so so"]
    assert (dataset.name, dataset.label_names, dataset.provenance) == (
        "films",
        ["bad", "good"],
        {"by": "hand"},
    )


def test_text_dataset_maps_and_pickles():
    dataset = build()
    longer = dataset.map(lambda row: {"text": row["text"] + "!"})
    assert longer["valid"]["text"][:] == ["a fine film!", "a dull film!"]
    assert pickle.loads(pickle.dumps(dataset)).fingerprint == dataset.fingerprint


def test_fingerprint_is_of_the_content_alone():
    other = build_text_dataset(
        {"test": PAIRS[1:], "valid": PAIRS[:2], "train": PAIRS}, name="other", provenance={}
    )
    assert other.fingerprint == build().fingerprint


@pytest.mark.parametrize(
    "changed",
    [
        {"train": PAIRS[::-1]},
        {"valid": PAIRS[:1]},
        {"test": [("a dull film", "bad"), ("so  so", "bad")]},
        {"test": [("a dull film", "good"), ("so so", "bad")]},
        {"valid": PAIRS[1:], "test": PAIRS[:2]},
    ],
)
def test_fingerprint_changes_with_texts_labels_order_and_splits(changed):
    assert build(**changed).fingerprint != build().fingerprint


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"valid": []}, "valid split of data set 'films' has no documents"),
        ({"train": [("x", "bad"), ("y", "bad")]}, r"one class only \('bad'\)"),
        ({"test": [("x", "worse")]}, r"label 'worse' in the test split .* train has 'bad', 'good'"),
        ({"valid": [("x", "bad"), (" \t", "bad")]}, "document 2 of the valid split .* has no text"),
        ({"train": [*PAIRS, (None, "bad")]}, "document 4 of the train split .* has no text"),
        ({"train": [*PAIRS, ("x", None), ("y", "")]}, r"document 4 .* has no label \(2 such documents\)"),
    ],
)
def test_documents_that_make_no_data_set_are_refused_in_one_line(changed, message):
    with pytest.raises(AuxtaskError, match=message) as error:
        build(**changed)
    assert "\n" not in str(error.value)


def test_documents_left_out_of_training_make_another_data_set():
    films = build()
    fewer = films.without([1])
    assert fewer["train"]["text"][:] == ["a fine film", "so so"]
    assert fewer["test"]["text"][:] == films["test"]["text"][:]
    assert (fewer.name, fewer.label_names, fewer.provenance) == (films.name, films.label_names, films.provenance)
    assert fewer.fingerprint == build(train=[PAIRS[0], PAIRS[2]]).fingerprint
    assert films.without([]).fingerprint == films.fingerprint != fewer.fingerprint
