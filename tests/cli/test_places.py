"""Where a command writes: what cannot be a folder or a name is refused before any work is done."""

import importlib
import json
import shutil
import sys

import numpy as np
import pytest
from hydra.core.global_hydra import GlobalHydra

from auxtask.cli.command import run_command
from auxtask.likelihood.scorer import PLLScorer
from auxtask.training.callbacks import EarlyStopping

COMMANDS = ("train", "score", "stats", "ngrams", "report", "pretrain", "predict")


@pytest.fixture
def data(tmp_path):
    rows = [{"text": f"the {word} number {n}", "label": word} for word in ("sea", "land") for n in range(20)]
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def run(monkeypatch, capsys, tmp_path, data, model_folder):
    """Run a command in this process on a user's own file and model; give its exit code and standard error."""

    def start(command, *overrides, multirun=False):
        own = {
            "report": [],
            "stats": [],
            "predict": ["run=my_run", f"input={data}"],
            "pretrain": [f"data.train={data}", f"data.valid={data}", f"output={tmp_path / 'pretrain'}"],
            "ngrams": [f"model.name={model_folder}"],
        }.get(command, [f"model.name={model_folder}", "model.max_length=16"])
        own += [] if command in ("report", "pretrain", "predict") else ["dataset=files", f"dataset.train={data}"]
        paths = [f"paths.{name}={tmp_path / name}" for name in ("runs", "cache", "data")]
        line = [*(["-m"] if multirun else []), *paths, *own, *overrides]
        monkeypatch.setattr(sys, "argv", [f"{command}.py", *line])
        GlobalHydra.instance().clear()
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            run_command(command, getattr(importlib.import_module(f"auxtask.{command}"), command))
        GlobalHydra.instance().clear()
        return stop.value.code, capsys.readouterr().err

    return start


@pytest.mark.parametrize("below", ["", "/deep/below"])
@pytest.mark.parametrize(
    ("command", "setting"),
    [(command, setting) for command in COMMANDS for setting in ("paths.runs", "paths.cache", "paths.data")]
    + [(command, "output") for command in ("ngrams", "report", "pretrain")],
)
def test_a_file_where_a_folder_belongs_is_refused_by_every_command(run, tmp_path, command, setting, below):
    (tmp_path / "file").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    code, error = run(command, f"{setting}={tmp_path}/file{below}")
    assert code == 1
    assert error == f"error: {setting}='{tmp_path}/file{below}': '{tmp_path}/file' is a file; choose a folder\n"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_sweep_says_so_too(run, tmp_path):
    (tmp_path / "file").write_text("mine")
    code, error = run("train", f"paths.cache={tmp_path}/file", "aux=stl,rtm", multirun=True)
    assert code == 1
    assert f"{tmp_path}/file" in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("histogram={}", "is a folder; choose a file"),
        ("histogram={}/file/x.png", "is a file; choose a folder"),
        ("histogram={}/x.gif", "no ending of a picture"),
        ("heatmap_file={}/x", "no ending of a picture"),
        ("heatmap=100000", "is no training document"),
    ],
)
def test_a_picture_that_cannot_be_saved_is_refused_before_anything_is_scored(
    run, tmp_path, monkeypatch, override, words
):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr(PLLScorer, "annotate", lambda *unused: pytest.fail("scored in vain"))
    code, error = run("score", override.format(tmp_path))
    assert code == 1
    assert words in error
    assert error.count("\n") == 1


NAMES = ["../../x", "..", ".", "a/b", "/etc", "x" * 256, "文" * 90, "a\\\\b"]


@pytest.mark.parametrize("command", ["train", "ngrams"])
@pytest.mark.parametrize("name", NAMES)
def test_a_data_set_is_named_by_a_plain_name(run, tmp_path, command, name):
    before = sorted(path for path in tmp_path.rglob("*") if "cache" not in path.parts)
    code, error = run(command, f"dataset.name='{name}'")
    assert code == 1
    assert error.startswith("error: dataset.name='")
    assert error.endswith("use a plain name\n")
    assert sorted(path for path in tmp_path.rglob("*") if "cache" not in path.parts) == before


@pytest.mark.parametrize("name", ["../../x", "a/b", ""])
def test_a_method_is_named_by_a_plain_name(run, tmp_path, name):
    code, error = run("train", "baseline=tfidf_svm", f"baseline.name='{name}'")
    assert code == 1
    assert error.startswith("error: baseline.name=")
    assert error.endswith("use a plain name\n")
    assert not (tmp_path / "runs").exists()


def test_a_model_in_the_folder_above_or_in_this_one_has_the_name_of_its_folder(
    run, monkeypatch, tmp_path, model_folder
):
    own = shutil.copytree(model_folder, tmp_path / "own-bert")
    for folder, name in ((own, "."), (own / "inner", "..")):
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        with pytest.raises(pytest.fail.Exception):
            run("ngrams", f"model.name={name}", "extractor.min_frequency=2")
    assert [path.name for path in (tmp_path / "runs" / "ngrams" / "files").iterdir()] == [own.name]


@pytest.mark.parametrize("seed", range(20))
def test_a_resume_counts_the_evaluations_before_it(seed):
    scores = np.random.default_rng(seed).integers(0, 5, size=9) / 5
    arguments = type("Arguments", (), {"load_best_model_at_end": True, "metric_for_best_model": "eval_f1",
                                       "greater_is_better": True, "eval_strategy": "epoch"})  # fmt: skip
    state = type("State", (), {"log_history": [], "best_metric": None})()
    whole = EarlyStopping(100)
    for score in scores:
        whole.check_metric_value(arguments, state, None, score)
        state.best_metric = score if state.best_metric is None else max(score, state.best_metric)
        state.log_history += [{"loss": 1.0}, {"eval_f1": score}]
    resumed = EarlyStopping(100)
    resumed.on_train_begin(arguments, state, None)
    assert resumed.early_stopping_patience_counter == whole.early_stopping_patience_counter
