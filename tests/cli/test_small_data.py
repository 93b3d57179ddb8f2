"""Small data on the command line and from Python: runs are named by what is drawn."""

import json

import pandas as pd
import pytest
from omegaconf import OmegaConf

import auxtask
from auxtask.cli.planning import load_dataset
from auxtask.errors import AuxtaskError
from auxtask.runs.identity import RunIdentity, result_settings
from auxtask.train import train
from marking import rest_in_ci
from processes import command_here

FAST = {
    "max_steps": 2, "eval_strategy": "steps", "eval_steps": 1, "per_device_train_batch_size": 4,
    "disable_tqdm": True, "bf16": False, "use_cpu": True,
}  # fmt: skip


@pytest.fixture
def table(tmp_path):
    """A file of 80 documents by ten authors."""
    rows = [
        (f"the {word} of number {at}", word, f"author {at % 10}") for word in ("sea", "land") for at in range(40)
    ]
    path = tmp_path / "mine.csv"
    pd.DataFrame(rows, columns=["text", "label", "author"]).to_csv(path, index=False)
    return path


def options(table, tmp_path, model_folder):
    fields = [
        f"trainer.{name}={str(value).lower() if isinstance(value, bool) else value}"
        for name, value in FAST.items()
    ]
    return [
        "dataset=files", f"dataset.train={table}", f"model.name={model_folder}", "model.max_length=16", "aux=stl",
        "scoring.dtype=float32", f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}", *fields,
    ]  # fmt: skip


NEUTRAL = {"train_fraction": 1, "split": None, "fold": None, "resplit": None, "group_column": None}


@pytest.mark.parametrize(
    ("name", "value"),
    [("train_fraction", 0.1), ("split", "cv:5"), ("fold", 2), ("resplit", 0), ("group_column", "author")],
)
def test_what_is_drawn_names_a_run_and_neutral_values_do_not(name, value):
    def run_id(dataset):
        return RunIdentity.of({"seed": 0, "dataset": dataset}, {"dataset": "x"}, ("d", "m", "stl")).run_id

    before = run_id({"name": "films"})
    assert run_id({"name": "films", **NEUTRAL}) == before
    assert run_id({"name": "films", **NEUTRAL, name: value}) != before
    assert result_settings({"dataset": {**NEUTRAL, name: value, "data_folder": "x"}}) == {f"dataset.{name}": value}


@pytest.mark.parametrize(
    "words",
    rest_in_ci(["dataset.train_fraction=0.25", "dataset.split=cv:4 dataset.fold=1", "dataset.resplit=3"]),
)
def test_fit_and_the_command_line_draw_the_same(words, table, tmp_path, model_folder, monkeypatch, capsys):
    words = words.split()
    chosen = options(table, tmp_path, model_folder)
    code, _ = command_here(monkeypatch, capsys, train, *chosen, "dataset.group_column=author", *words, "seed=1")
    assert code == 0
    [metrics] = (tmp_path / "runs").rglob("metrics.json")
    fields = dict(word.removeprefix("dataset.").split("=") for word in words)
    read = {"train_fraction": float, "split": str, "fold": int, "resplit": int}
    run = auxtask.fit(
        str(table), name="files", model=model_folder, max_length=16, aux="stl", trainer=FAST, seed=1,
        scoring={"dtype": "float32"}, runs=tmp_path / "runs", cache=tmp_path / "cache", group_column="author",
        **{name: read[name](value) for name, value in fields.items()},
    )  # fmt: skip
    assert run.folder == metrics.parent
    drawn = json.loads((run.folder / "environment.json").read_text())["data"]["drawn"]
    assert run.metrics["counts"]["documents"]["train"] == drawn["train"]


@pytest.mark.ci
def test_a_sweep_of_a_cross_validation_runs_every_fold(table, tmp_path, model_folder, monkeypatch, capsys):
    chosen = options(table, tmp_path, model_folder)
    code, said = command_here(monkeypatch, capsys, train, "-m", *chosen, "dataset.split=cv:3")
    assert code == 0
    assert "sweep: 3 runs, 0 finished" in said.out
    configs = [OmegaConf.load(path) for path in (tmp_path / "runs").rglob("config.yaml")]
    assert sorted(config.dataset.fold for config in configs) == [0, 1, 2]
    tested = [load_dataset(config)["test"]["text"] for config in configs]
    assert sorted(text for texts in tested for text in texts) == sorted(pd.read_csv(table)["text"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("dataset.split=cv:1 dataset.fold=0", "dataset.split='cv:1' is no cross-validation"),
        ("dataset.split=cv:x dataset.fold=0", "dataset.split='cv:x' is no cross-validation"),
        ("dataset.split=cv:5", "dataset.split=cv:5 does not say which fold tests; give dataset.fold=0 to"),
        ("dataset.split=cv:5 dataset.fold=5", "dataset.fold=5 is outside 0 to 4"),
        ("dataset.fold=1", "dataset.fold=1 is a fold of nothing"),
        ("dataset.split=cv:41 dataset.fold=0", "the smallest class, 'sea', has 40 of the documents"),
        ("dataset.split=cv:5 dataset.fold=0 dataset.resplit=1", "both draw the test documents"),
        ("dataset.group_column=writer", "has no column 'writer', its columns are 'text', 'label', 'author'"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_a_line(words, said, table, tmp_path, model_folder, monkeypatch, capsys):
    chosen = options(table, tmp_path, model_folder)
    code, written = command_here(monkeypatch, capsys, train, *chosen, *words.split())
    assert code == 1
    [line] = written.err.splitlines()
    assert line.startswith("error: ")
    assert said in line
    assert not (tmp_path / "runs").exists()


def test_pairs_have_no_column_of_groups(tmp_path):
    pairs = [("the sea", "a"), ("the land", "b")] * 20
    with pytest.raises(AuxtaskError, match="train is a list of"):
        auxtask.fit(pairs, group_column="author", runs=tmp_path)


def test_authors_stay_on_one_side_of_what_is_set_aside(table):
    from auxtask.data.in_memory import load_in_memory

    dataset = load_in_memory(pd.read_csv(table), group_column="author")
    authors = {split: {int(text.split()[-1]) % 10 for text in rows["text"]} for split, rows in dataset.items()}
    assert sum(map(len, authors.values())) == 10
