from pathlib import Path

import pytest
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import OmegaConf

from auxtask.data.user_files import load_files
from auxtask.errors import AuxtaskError

CONFIG = OmegaConf.load(Path(__file__).parents[2] / "configs" / "dataset" / "files.yaml")


def write_csv(path, n, header="text,label"):
    path.write_text(header + "\n" + "".join(f"text {number},{'ab'[number % 2]}\n" for number in range(n)))
    return path


def test_three_files_of_three_formats(tmp_path):
    (tmp_path / "valid.jsonl").write_text('{"text": "v", "label": "a"}\n')
    (tmp_path / "test.tsv").write_text("label\ttext\nb\tt\n")
    dataset = load_files(
        write_csv(tmp_path / "train.csv", 4), tmp_path / "valid.jsonl", tmp_path / "test.tsv", name="mine"
    )
    assert {split: len(rows) for split, rows in dataset.items()} == {"train": 4, "valid": 1, "test": 1}
    assert dataset["test"][0] == {"text": "t", "label": 1}
    assert dataset.name == "mine"
    assert dataset.provenance["files"]["train"]["path"] == str(tmp_path / "train.csv")


def test_the_config_takes_a_training_and_a_test_file(tmp_path):
    train, test = write_csv(tmp_path / "my.csv", 40), write_csv(tmp_path / "my_test.csv", 10)
    dataset = instantiate(CONFIG, train=str(train), test=str(test))
    assert {split: len(rows) for split, rows in dataset.items()} == {"train": 36, "valid": 4, "test": 10}
    assert dataset.fingerprint == load_files(train, test=test).fingerprint


def test_columns_and_encoding_can_be_named(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"stars,review\n" + "1,caf\xe9\n2,th\xe9\n".encode("latin-1") * 20)
    dataset = load_files(path, text_column="review", label_column="stars", encoding="latin-1")
    assert dataset.label_names == ["1", "2"]
    assert set(dataset["train"]["text"][:]) == {"café", "thé"}


def test_a_missing_training_file_is_one_line_through_the_config():
    with pytest.raises(InstantiationException) as error:
        instantiate(CONFIG)
    assert isinstance(error.value.__cause__, AuxtaskError)
    assert "dataset.train=my.csv" in str(error.value.__cause__)


def test_what_is_wrong_with_the_documents_reaches_the_user(tmp_path):
    train = write_csv(tmp_path / "train.csv", 40)
    (tmp_path / "test.csv").write_text("text,label\nx,c\n")
    with pytest.raises(AuxtaskError, match=r"label 'c' in the test split .* does not occur in train"):
        load_files(train, test=tmp_path / "test.csv")
    with pytest.raises(AuxtaskError, match="no column 'label', its columns are 'text', 'klass'"):
        load_files(write_csv(tmp_path / "other.csv", 4, header="text,klass"))
    (tmp_path / "one.csv").write_text("text,label\n" + "x,only\n" * 20)
    with pytest.raises(AuxtaskError, match="one class only"):
        load_files(tmp_path / "one.csv")
