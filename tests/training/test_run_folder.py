"""Run ids, finished and unfinished runs, and locks."""

import json
import math
import subprocess
import sys

import pytest

from auxtask.errors import AuxtaskError
from auxtask.runs.folder import RunFolder
from auxtask.runs.identity import run_id
from auxtask.runs.metrics import checked_metrics

CONFIG = {
    "seed": 0,
    "force": False,
    "paths": {"runs": "runs"},
    "dataset": {"_target_": "reader", "data_folder": "here"},
    "model": {"name": "tiny", "max_length": 128},
    "aux": {"rtm": {"masking": {"mask_rate": 0.15}}},
    "trainer": {"learning_rate": 1e-4, "logging_steps": 50, "report_to": "none", "use_cpu": True},
}
METRICS = {
    "status": "finished",
    "test": {"micro_f1": 0.7, "macro_f1": 0.75, "accuracy": 0.7},
    "valid": {"micro_f1": 0.6, "macro_f1": 0.6, "accuracy": 0.6},
    "per_class": {"sea": {"f1": 1.0, "support": 3}, "land": {"f1": 0.5, "support": 7}},
    "best_step": 5,
    "steps": 10,
    "seconds": {"train": 1.5},
}
PRINTS = {"dataset": "a", "model": "b"}


def changed(path, value, content=CONFIG):
    config = json.loads(json.dumps(content))
    *parents, last = path.split(".")
    node = config
    for parent in parents:
        node = node[parent]
    node[last] = value
    return config


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("paths.runs", "elsewhere"),
        ("force", True),
        ("dataset.data_folder", "there"),
        ("trainer.logging_steps", 1),
        ("trainer.report_to", "tensorboard"),
        ("trainer.use_cpu", False),
    ],
)
def test_paths_logging_and_hardware_leave_the_id_as_it_is(path, value):
    assert run_id(changed(path, value), PRINTS) == run_id(CONFIG, PRINTS)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("seed", 1),
        ("model.max_length", 64),
        ("aux.rtm.masking.mask_rate", 0.3),
        ("trainer.learning_rate", 2e-4),
        ("aux", {}),
    ],
)
def test_what_changes_the_result_changes_the_id(path, value):
    assert run_id(changed(path, value), PRINTS) != run_id(CONFIG, PRINTS)


def test_data_and_model_are_part_of_the_id_and_it_has_12_digits():
    ids = {
        run_id(CONFIG, PRINTS),
        run_id(CONFIG, {**PRINTS, "dataset": "c"}),
        run_id(CONFIG, {**PRINTS, "model": "c"}),
    }
    assert len(ids) == 3
    assert all(len(name) == 12 and int(name, 16) >= 0 for name in ids)


def test_a_run_is_finished_when_its_metrics_say_so(tmp_path):
    folder = RunFolder(tmp_path)
    assert folder.metrics is None
    (tmp_path / "metrics.json").write_text('{"status": "finis')
    assert folder.metrics is None
    (tmp_path / "metrics.json").write_text(json.dumps({**METRICS, "status": "running"}))
    assert folder.metrics is None
    (tmp_path / "metrics.json").write_text(json.dumps(METRICS))
    assert folder.metrics == METRICS


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 57.3, -0.1, "0.5", None])
@pytest.mark.parametrize("field", ["test.micro_f1", "test.macro_f1", "valid.accuracy", "per_class.sea.f1"])
def test_metrics_that_cannot_be_scores_are_those_of_no_finished_run(tmp_path, field, value):
    (tmp_path / "metrics.json").write_text(json.dumps(changed(field, value, METRICS)))
    assert RunFolder(tmp_path).metrics is None


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("test.macro_f1", 0.74, "not the mean over its classes"),
        ("steps", -1, "steps is -1"),
        ("best_step", 11, "its best step is 11 of 10"),
        ("seconds.train", math.nan, "NaN"),
        ("per_class.land.support", -3, "no number from 0 on"),
        ("per_class", {}, "foreign"),
        ("test", {}, "it has no 'micro_f1'"),
    ],
)
def test_metrics_that_contradict_themselves_say_where(field, value, words):
    with pytest.raises(ValueError, match=words):
        checked_metrics(json.dumps(changed(field, value, METRICS)))


def test_another_process_cannot_take_a_held_run_and_can_when_it_is_killed(tmp_path):
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time\nfrom auxtask.runs.folder import RunFolder\n"
            "with RunFolder(sys.argv[1]).locked():\n    print('held', flush=True)\n    time.sleep(60)",
            str(tmp_path / "run"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(AuxtaskError, match="computed by another process"), folder.locked():
        pass
    holder.kill()
    holder.wait()
    with folder.locked():
        assert folder.path.is_dir()


def test_bad_input_leaves_no_folder_but_a_run_with_checkpoints_stays(tmp_path):
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(AuxtaskError), folder.locked():
        raise AuxtaskError("bad input")
    assert not folder.path.exists()
    folder.checkpoints.mkdir(parents=True)
    with pytest.raises(AuxtaskError), folder.locked():
        raise AuxtaskError("late trouble")
    assert folder.checkpoints.is_dir()
