"""Finished and unfinished runs, and locks."""

import json
import math
import subprocess
import sys

import pytest

from auxtask.errors import AuxtaskError
from auxtask.runs.folder import RunFolder
from auxtask.runs.metrics import checked_metrics

METRICS = {
    "status": "finished",
    "test": {"micro_f1": 0.7, "macro_f1": 0.75, "accuracy": 0.7},
    "valid": {"micro_f1": 0.6, "macro_f1": 0.6, "accuracy": 0.6},
    "per_class": {"sea": {"f1": 1.0, "support": 3}, "land": {"f1": 0.5, "support": 7}},
    "best_step": 5,
    "steps": 10,
    "seconds": {"train": 1.5},
}


def changed(path, value, content=METRICS):
    config = json.loads(json.dumps(content))
    *parents, last = path.split(".")
    node = config
    for parent in parents:
        node = node[parent]
    node[last] = value
    return config


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
