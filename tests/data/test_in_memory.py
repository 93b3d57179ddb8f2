"""What a program holds is the pairs it holds, in whatever it holds them."""

import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from auxtask.data.in_memory import load_in_memory, read_given
from auxtask.data.user_files import load_files
from auxtask.errors import AuxtaskError

PAIRS = [(f"the {word}, number {n}", word) for word in ("sea", "land") for n in range(20)]
COLUMNS = {"text": [text for text, _ in PAIRS], "label": [label for _, label in PAIRS]}


class Frame:
    """Offers the Arrow PyCapsule interface and nothing else, as a frame of polars or DuckDB may be."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


IN_MEMORY = {
    "tuples": PAIRS,
    "lists": [list(pair) for pair in PAIRS],
    "pandas": pd.DataFrame(COLUMNS),
    "pandas, categories, another index": pd.DataFrame(COLUMNS, index=range(100, 140)).astype(
        {"label": "category"}
    ),
    "arrow": pa.table(COLUMNS),
    "capsule": Frame(pa.table(COLUMNS)),
    "capsule, dictionary": Frame(pa.table({**COLUMNS, "label": pa.array(COLUMNS["label"]).dictionary_encode()})),
    "dataset": Dataset.from_dict(COLUMNS),
    "class labels": Dataset.from_dict(
        {**COLUMNS, "label": [int(label == "sea") for label in COLUMNS["label"]]},
        features=Features({"text": Value("string"), "label": ClassLabel(names=["land", "sea"])}),
    ),
}


@pytest.mark.parametrize("name", IN_MEMORY)
def test_every_container_gives_the_same_data_set(name):
    dataset = load_in_memory(IN_MEMORY[name])
    assert dataset.fingerprint == load_in_memory(PAIRS).fingerprint
    assert dataset.name == f"data-{dataset.fingerprint[:8]}"


def write_workbook(path):
    pd.DataFrame(COLUMNS).to_excel(path, index=False)


WRITERS = {
    ".csv": lambda path: pd.DataFrame(COLUMNS).to_csv(path, index=False),
    ".tsv": lambda path: pd.DataFrame(COLUMNS).to_csv(path, index=False, sep="\t"),
    ".jsonl": lambda path: path.write_text(
        "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in PAIRS)
    ),
    ".parquet": lambda path: pq.write_table(pa.table(COLUMNS), path),
    ".xlsx": write_workbook,
}


@pytest.mark.parametrize("ending", WRITERS)
def test_a_file_without_a_test_split_is_split_as_by_the_command(ending, tmp_path):
    path = tmp_path / f"coast{ending}"
    WRITERS[ending](path)
    dataset, commanded = load_in_memory(str(path), name="coast"), load_files(path, name="coast")
    assert dataset.fingerprint == commanded.fingerprint
    assert dataset.provenance["files"] == commanded.provenance["files"]
    assert dataset.provenance["intake"] == commanded.provenance["intake"]
    assert [len(dataset[split]) for split in ("train", "valid", "test")] == [28, 4, 8]


def test_a_data_set_of_all_splits_keeps_them():
    splits = DatasetDict(
        {split: Dataset.from_dict(COLUMNS).select(rows) for split, rows in
         (("train", range(10, 30)), ("validation", [0, 30]), ("test", [1, 31, 2]))}
    )  # fmt: skip
    dataset = load_in_memory(splits)
    assert [len(dataset[split]) for split in ("train", "valid", "test")] == [20, 2, 3]
    assert dataset["test"]["text"][2] == PAIRS[2][0]
    assert len(load_in_memory(splits, test=PAIRS[:7])["test"]) == 7
    del splits["train"]
    with pytest.raises(AuxtaskError, match="has no split 'train', its splits are validation, test"):
        load_in_memory(splits)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"text": pd.array(["a", None], dtype="string"), "label": pd.array([1, None], dtype="Int64")}),
        pd.DataFrame({"text": ["a", float("nan")], "label": ["1", None]}),
        pa.table({"text": ["a", None], "label": [1, None]}),
    ],
)
def test_missing_values_are_told_from_text(frame):
    assert read_given(frame, "train", "text", "label").pairs == [("a", "1"), (None, None)]


def test_columns_are_named_and_looked_for():
    frame = pd.DataFrame({"review": COLUMNS["text"], "stars": COLUMNS["label"]})
    dataset = load_in_memory(frame, text_column="review", label_column="stars")
    assert dataset.fingerprint == load_in_memory(PAIRS).fingerprint
    for given in (frame, pa.table({"review": ["a"]})):
        with pytest.raises(
            AuxtaskError, match=r"train has no column 'text', its columns are 'review'.*text_column="
        ):
            load_in_memory(given)
    twice = pd.DataFrame([["a", "b", "c"]], columns=["text", "text", "label"])
    with pytest.raises(AuxtaskError, match="more than one column 'text'"):
        load_in_memory(twice)
