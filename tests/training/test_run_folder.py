"""Run ids, finished and unfinished runs, locks and cut-off checkpoints."""

import json
import subprocess
import sys

import pytest

from auxtask.errors import AuxtaskError
from auxtask.training.run_folder import RunFolder, last_checkpoint, run_id

CONFIG = {
    "seed": 0,
    "force": False,
    "paths": {"runs": "runs"},
    "dataset": {"_target_": "reader", "data_folder": "here"},
    "model": {"name": "tiny", "max_length": 128},
    "aux": {"rtm": {"masking": {"mask_rate": 0.15}}},
    "trainer": {"learning_rate": 1e-4, "logging_steps": 50, "report_to": "none", "use_cpu": True},
}
PRINTS = {"dataset": "a", "model": "b"}


def changed(path, value):
    config = json.loads(json.dumps(CONFIG))
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
    (tmp_path / "metrics.json").write_text('{"status": "finished"}')
    assert folder.metrics == {"status": "finished"}


def test_another_process_cannot_take_a_held_run_and_can_when_it_is_killed(tmp_path):
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time\nfrom auxtask.training.run_folder import RunFolder\n"
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


def test_the_last_whole_checkpoint_is_found_and_a_cut_off_one_removed(tmp_path):
    folder = RunFolder(tmp_path)
    assert last_checkpoint(folder.checkpoints) is None
    for step, state in ((9, "{}"), (80, "{}"), (100, '{"cut": '), (120, None)):
        checkpoint = folder.checkpoints / f"checkpoint-{step}"
        checkpoint.mkdir(parents=True)
        if state is not None:
            (checkpoint / "trainer_state.json").write_text(state)
    assert last_checkpoint(folder.checkpoints) == str(folder.checkpoints / "checkpoint-80")
    assert sorted(path.name for path in folder.checkpoints.iterdir()) == ["checkpoint-80", "checkpoint-9"]
