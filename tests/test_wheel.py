"""The wheel holds what the commands need: configs, the shipped encoder, the type marker."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.ci
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(folder), str(ROOT)],
        check=True,
    )
    [path] = folder.glob("auxtask-*.whl")
    return path


def test_holds_every_config_and_the_encoder_and_stays_small(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for config in (ROOT / "configs").rglob("*.yaml"):
        assert f"auxtask/configs/{config.relative_to(ROOT / 'configs').as_posix()}" in names
    assert {
        "auxtask/assets/tiny/model.safetensors",
        "auxtask/assets/general/english.tsv.xz",
        "auxtask/assets/tiny/tokenizer.json",
        "auxtask/py.typed",
        "hydra_plugins/auxtask_optuna.py",
    } <= names
    assert wheel.stat().st_size < 12 * 2**20


def test_a_plain_install_runs_from_its_own_configs(wheel, tmp_path):
    target = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet", "--target", str(target), str(wheel)],
        check=True,
    )
    environment = {**os.environ, "PYTHONPATH": str(target)}
    where = subprocess.run(
        [sys.executable, "-c", "from auxtask.ground.files import config_folder; print(config_folder())"],
        capture_output=True, text=True, check=True, env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert Path(where.stdout.strip()) == target / "auxtask" / "configs"
    shown = subprocess.run(
        [sys.executable, "-m", "auxtask.train", "aux=rtm", "--cfg", "job"],
        capture_output=True, text=True, check=True, env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert "auxtask.masking.random.RTMCollator" in shown.stdout
    assert not [path for path in tmp_path.iterdir() if path != target], "a command left files where it ran"
