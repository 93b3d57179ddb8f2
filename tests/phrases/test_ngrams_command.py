"""`python -m auxtask.ngrams` on a user's own files."""

import csv
import json
import sys

import pytest

from auxtask.cli.command import run_command
from auxtask.model.loading import load_tokenizer
from auxtask.ngrams import ngrams
from auxtask.phrases.inventory import NgramInventory

TEXTS = [
    ("The crude oil price rose. The bank said.", "energy"),
    ("Crude oil fell.", "energy"),
    ("The reader rose. The bank said.", "money"),
    ("Money supply fell. And money supply rose.", "money"),
]


@pytest.fixture
def command(tmp_path, model_folder, monkeypatch):
    """Run the command with overrides on four documents; returns the folder of its files."""
    rows = "".join(f'"{text}",{label}\n' for text, label in TEXTS)
    for split in ("train", "valid", "test"):
        (tmp_path / f"{split}.csv").write_text("text,label\n" + rows)

    def run(*overrides):
        files = [f"dataset.{split}={tmp_path / split}.csv" for split in ("train", "valid", "test")]
        arguments = ["dataset=files", *files, f"model.name={model_folder}", f"paths.cache={tmp_path}"]
        output = f"output={tmp_path / 'ngrams'}"
        monkeypatch.setattr(sys, "argv", ["ngrams", *arguments, output, *overrides])
        run_command("ngrams", ngrams)
        (folder,) = (path.parent for path in (tmp_path / "ngrams").rglob("inventory.json"))
        return folder

    return run


def test_files_and_table(command, model_folder, capsys):
    folder = command("top=3")
    tokenizer = load_tokenizer(model_folder)
    printed = capsys.readouterr().out
    assert {path.name for path in folder.iterdir()} == {
        "inventory.json", "top_ngrams.md", "top_ngrams.csv", "top_ngrams.json"
    }  # fmt: skip
    assert (folder / "top_ngrams.md").read_text() in printed
    assert str(folder) in printed

    inventory = NgramInventory.load(folder / "inventory.json")
    inventory.check_tokenizer(tokenizer)
    assert inventory.class_names == ("energy", "money")
    money = tuple(tokenizer("money supply", add_special_tokens=False)["input_ids"])
    assert inventory.frequencies[money] == {1: 2}
    assert not {token for ngram in inventory for token in ngram} & set(tokenizer.all_special_ids)

    rows = json.loads((folder / "top_ngrams.json").read_text())
    assert ["money", list(money), 2] in [[row["class"], row["token_ids"], row["frequency"]] for row in rows]
    with open(folder / "top_ngrams.csv", newline="") as file:
        assert [row["ngram"] for row in csv.DictReader(file)] == [row["ngram"] for row in rows]


def test_no_ngram_across_punctuation(command, model_folder):
    stop = load_tokenizer(model_folder).convert_tokens_to_ids(".")
    across = NgramInventory.load(command("extractor.min_frequency=1") / "inventory.json")
    assert any(stop in ngram for ngram in across)
    options = ("extractor.min_frequency=1", "extractor.cross_punctuation=false")
    within = NgramInventory.load(command(*options) / "inventory.json")
    assert not any(stop in ngram for ngram in within)


@pytest.mark.parametrize("extractor", ["log_odds", "pmi"])
def test_another_extractor_finds_as_many(command, extractor):
    by_merges = NgramInventory.load(command() / "inventory.json")
    found = NgramInventory.load(command(f"extractor={extractor}", "extractor.equal=size") / "inventory.json")
    for at in (0, 1):
        assert 0 < sum(at in counts for counts in found.frequencies.values()) <= len(by_merges)
    assert found.merges == ()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("extractor.min_frequency=100", "no N-gram found"),
        ("extractor.scope=classes", "scope='classes' is unknown"),
        ("top=0", "top=0 is not a whole number from 1"),
    ],
)
def test_a_mistake_ends_in_one_line(command, tmp_path, capsys, override, message):
    with pytest.raises(SystemExit) as stopped:
        command(override)
    assert stopped.value.code == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ")
    assert message in error
    assert not (tmp_path / "ngrams").exists()
