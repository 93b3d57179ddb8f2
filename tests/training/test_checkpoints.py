"""Which checkpoint training goes on from, when some of them are damaged."""

import json
import zipfile

import pytest
import torch
from safetensors.torch import save_file

from auxtask.training.checkpoints import damage, last_checkpoint

FILES = ("model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json")


def make_checkpoint(folder, step, best=None):
    """The files of a checkpoint, as the Trainer and its libraries write them."""
    checkpoint = folder / f"checkpoint-{step}"
    checkpoint.mkdir(parents=True)
    save_file({"weight": torch.arange(300.0), "bias": torch.zeros(3)}, checkpoint / "model.safetensors")
    for name in FILES[1:-1]:
        torch.save({"state": torch.arange(200.0), "step": step}, checkpoint / name)
    state = {"global_step": step, "best_model_checkpoint": best and str(folder / f"checkpoint-{best}")}
    (checkpoint / "trainer_state.json").write_text(json.dumps(state))
    return checkpoint


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("file", FILES)
def test_a_checkpoint_with_a_cut_file_is_removed_and_the_one_before_taken(tmp_path, capsys, file, share):
    folder = tmp_path / "checkpoints"
    assert last_checkpoint(folder) is None
    for step in (9, 80, 100):
        make_checkpoint(folder, step)
    cut = folder / "checkpoint-100" / file
    content = cut.read_bytes()
    # All but the last byte, at the most.
    cut.write_bytes(content[: min(int(share * len(content)), len(content) - 1)])
    assert last_checkpoint(folder) == str(folder / "checkpoint-80")
    assert sorted(path.name for path in folder.iterdir()) == ["checkpoint-80", "checkpoint-9"]
    [line] = capsys.readouterr().err.splitlines()
    assert file in line
    assert line.endswith("training goes on from step 80")
    assert last_checkpoint(folder) == str(folder / "checkpoint-80")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("file", ["model.safetensors", "trainer_state.json"])
def test_a_checkpoint_without_its_weights_or_state_is_none(tmp_path, capsys, file):
    (make_checkpoint(tmp_path, 10) / file).unlink()
    assert last_checkpoint(tmp_path) is None
    assert capsys.readouterr().err.rstrip().endswith(f"it has no '{file}'; training starts anew")


def test_a_changed_byte_of_the_optimizer_is_told_by_its_checksum(tmp_path):
    checkpoint = make_checkpoint(tmp_path, 10)
    assert damage(checkpoint) is None
    file = checkpoint / "optimizer.pt"
    content = bytearray(file.read_bytes())
    content[content.index(torch.arange(200.0).numpy().tobytes()) + 400] ^= 1
    file.write_bytes(content)
    assert zipfile.is_zipfile(file)
    assert damage(checkpoint) == "'optimizer.pt' is damaged"


def test_training_ends_with_its_best_checkpoint_so_that_one_has_to_be_whole_too(tmp_path, capsys):
    make_checkpoint(tmp_path, 10, best=10)
    make_checkpoint(tmp_path, 20, best=20)
    make_checkpoint(tmp_path, 30, best=20)
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-30")
    (tmp_path / "checkpoint-20" / "model.safetensors").write_bytes(b"cut")
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-10")
    assert capsys.readouterr().err.count("training goes on from step 10") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-10"]
