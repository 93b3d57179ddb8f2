"""Sweeps: every run once, counted before and after, whoever else works on the same folder."""

import json
import math
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from auxtask.cli.command import run_command
from auxtask.cli.sweep import progress_line, sweep_jobs
from auxtask.ground.files import config_folder, write_json
from auxtask.runs.folder import RunFolder
from auxtask.train import train
from marking import rest_in_ci

# The hyper-parameters in the public code of L3Masking's authors.
PUBLISHED = {
    "trainer": {
        "learning_rate": 1e-4, "head_learning_rate": 1e-3, "weight_decay": 0.01, "head_weight_decay": 0.1,
        "adam_beta2": 0.98, "adam_epsilon": 1e-6, "warmup_steps": 0.06, "per_device_train_batch_size": 64,
        "gradient_accumulation_steps": 2, "num_train_epochs": 150, "eval_steps": 30, "patience": 20,
    },
    "weighting": {
        "learning_rate": 1e-2, "batch_share": 1, "dev_learning_rate": 1e-3, "dev_weight_decay": 0.1,
        "dev_batch_share": 0.5, "dev_steps": 10,
    },
    "model": {"max_length": 128},
}  # fmt: skip
# What tune runs comes of its trials.
PRESETS = sorted(path.stem for path in (config_folder() / "sweep").glob("*.yaml") if path.stem != "tune")


@pytest.fixture
def arguments(quick_runs, tmp_path):
    """A sweep of quick runs on a user's own file."""
    return ["-m", *quick_runs, "trainer.max_steps=2", "trainer.eval_steps=1", f"paths.runs={tmp_path / 'runs'}"]


def sweep(monkeypatch, capsys, *arguments):
    """Run a sweep in this process and give what it printed."""
    monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
    GlobalHydra.instance().clear()
    run_command("train", train)
    GlobalHydra.instance().clear()
    return capsys.readouterr().out


@pytest.mark.ci
def test_a_sweep_counts_its_runs_and_skips_finished_ones(arguments, monkeypatch, capsys, tmp_path):
    first = sweep(monkeypatch, capsys, *arguments, "aux=stl", "seed=0")
    assert "sweep: 1 runs, 0 finished; the time left is estimated once a run has finished" in first
    [finished] = (tmp_path / "runs").rglob("metrics.json")
    written = finished.stat().st_mtime_ns
    second = sweep(monkeypatch, capsys, *arguments, "aux=stl,rtm", "seed=0")
    lines = [line for line in second.splitlines() if line.startswith("sweep: ")]
    assert lines[0].startswith("sweep: 2 runs, 1 finished, 1 left: about ")
    assert lines[-1] == "sweep: 2 runs, 2 finished"
    assert second.count("already finished") == 1
    assert finished.stat().st_mtime_ns == written


@pytest.mark.ci
def test_a_worker_leaves_a_held_run_and_goes_on(arguments, monkeypatch, capsys, tmp_path):
    sweep(monkeypatch, capsys, *arguments, "aux=stl", "seed=0,1")
    held, other = sorted(path.parent for path in (tmp_path / "runs").rglob("metrics.json"))
    for folder in (held, other):
        (folder / "metrics.json").unlink()
    with RunFolder(held).locked():
        output = sweep(monkeypatch, capsys, *arguments, "aux=stl", "seed=0,1")
    assert "is being computed by another process" in output
    assert "1 of 2 runs are unfinished" in output
    assert not (held / "metrics.json").exists()
    assert (other / "metrics.json").exists()


def test_a_run_that_fails_ends_no_other(arguments, monkeypatch, capsys, tmp_path):
    with pytest.raises(SystemExit) as ended:
        sweep(monkeypatch, capsys, *arguments, "aux=stl", "model.max_length=1,16", "seed=0")
    assert ended.value.code == 1
    output = capsys.readouterr()
    assert output.err.count("error: ") == 1
    assert "max_length" in output.err
    assert "1 of 2 runs are unfinished" in output.out
    assert len(list((tmp_path / "runs").rglob("metrics.json"))) == 1


@pytest.mark.slow
def test_two_workers_and_a_kill_compute_every_run_once(arguments, tmp_path):
    command = [
        sys.executable,
        "-m",
        "auxtask.train",
        *arguments,
        "aux=stl",
        "seed=0,1,2,3",
        "trainer.max_steps=40",
    ]
    outputs = [(tmp_path / f"{worker}.txt").open("w+") for worker in range(3)]
    first, second = (subprocess.Popen(command, stdout=outputs[worker]) for worker in range(2))
    deadline = time.monotonic() + 300
    while not list((tmp_path / "runs").rglob("checkpoint-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert second.wait(timeout=300) == 0
    assert subprocess.run(command, stdout=outputs[2], check=False).returncode == 0
    metrics = [json.loads(path.read_text()) for path in (tmp_path / "runs").rglob("metrics.json")]
    assert [each["status"] for each in metrics] == ["finished"] * 4
    for output in outputs:
        output.seek(0)
    texts = [output.read() for output in outputs]
    reported = sum(text.count("this run, test") for text in texts)
    skipped = sum(text.count("already finished") for text in texts)
    assert reported - skipped == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    "launcher",
    [
        ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"],
        ["hydra/launcher=submitit_local", "hydra.launcher.timeout_min=5"],
    ],
    ids=["joblib", "submitit"],
)
def test_launchers_compute_a_sweep(arguments, tmp_path, launcher):
    command = [sys.executable, "-m", "auxtask.train", *arguments, *launcher, "aux=stl", "seed=0,1"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert len(list((tmp_path / "runs").rglob("metrics.json"))) == 2


def test_the_time_left_is_that_of_the_most_alike_finished_runs(tmp_path):
    def folder(name, seconds=None):
        if seconds is not None:
            scores = dict.fromkeys(("micro_f1", "macro_f1", "accuracy"), 0.5)
            metrics = {"status": "finished", "test": scores, "valid": scores, "steps": 2, "best_step": 1}
            classes = {"sea": {"f1": 0.5, "support": 9}}
            write_json(
                tmp_path / name / "metrics.json",
                {**metrics, "per_class": classes, "seconds": {"train": seconds}},
            )
        return tmp_path / name

    alike = [folder("r8/tiny/rtm/a", 60), folder("r8/tiny/rtm/b", 180), folder("r8/tiny/rtm/c")]
    assert progress_line(alike).endswith("3 runs, 2 finished, 1 left: about 2 min for one worker")
    other_method = [*alike, folder("r8/tiny/stl/d"), folder("r8/tiny/stl/e", 30)]
    assert progress_line(other_method).endswith("2 left: about 2 min for one worker")
    # Of another data set nothing is known: the mean of all, (60 + 180 + 30) / 3 = 90, beside 120 and 30.
    assert progress_line([*other_method, folder("mr/tiny/stl/f")]).endswith("3 left: about 4 min for one worker")


def jobs_of_preset(name):
    """The overrides of each of its runs, and how many choices each field has; Hydra is running."""
    params = compose("train", [f"+sweep={name}"], return_hydra_config=True).hydra.sweeper.params
    arguments = [f"{key}={values}" for key, values in params.items()]
    sizes = [len(str(values).split(",")) for values in params.values()]
    return sweep_jobs(arguments, GlobalHydra.instance().config_loader()), sizes


@pytest.mark.parametrize("name", rest_in_ci(PRESETS))
def test_every_run_of_a_preset_can_be_composed(name):
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        jobs, sizes = jobs_of_preset(name)
        assert len(jobs) == len({tuple(job) for job in jobs}) == math.prod(sizes)
        for at in range(max(sizes)):
            # Each choice of each field once is enough: fields are chosen apart.
            job = jobs[np.ravel_multi_index([at % size for size in sizes], sizes)]
            composed = compose("train", [f"+sweep={name}", *job])
            assert OmegaConf.to_container(composed, resolve=True)


@pytest.mark.parametrize("name", [name for name in PRESETS if name.startswith("l3masking")])
def test_presets_of_l3masking_have_the_set_up_of_its_authors(name):
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        jobs, _ = jobs_of_preset(name)
        composed = compose("train", [f"+sweep={name}", *jobs[-1]])
    for group, fields in PUBLISHED.items():
        assert {name: composed[group][name] for name in fields} == fields


def test_no_baseline_by_name_is_the_config_without_one():
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        assert compose("train", ["baseline=none"]) == compose("train")


def test_a_later_choice_takes_the_place_of_a_presets():
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        jobs = sweep_jobs(["dataset=acl_arc,ohsumed", "seed=0,1,2", "dataset=acl_arc", "seed=3,4"], loader)
    assert jobs == [["dataset=acl_arc", "seed=3"], ["dataset=acl_arc", "seed=4"]]
