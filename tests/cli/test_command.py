"""The commands at the door: bad input ends in one line and an exit code, and leaves nothing behind."""

import json
import os
import subprocess
import sys

import pytest
from hydra.core.global_hydra import GlobalHydra
from transformers import BertConfig, BertForMaskedLM

from auxtask.cli.command import run_command
from auxtask.train import train
from processes import Command

ROWS = [{"text": f"the {word} number {n}", "label": word} for word in ("sea", "land") for n in range(20)]


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run `auxtask.train` in this process; give its exit code and what it wrote on standard error."""
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")

    def start(*overrides):
        GlobalHydra.instance().clear()
        paths = [f"paths.{name}={tmp_path / name}" for name in ("runs", "cache", "data")]
        monkeypatch.setattr(sys, "argv", ["train.py", *paths, *overrides])
        with pytest.raises(SystemExit) as stop:
            run_command("train", train)
        return stop.value.code, capsys.readouterr().err

    yield start
    GlobalHydra.instance().clear()
    assert not list((tmp_path / "runs").rglob("*.json*")), "a failed run left files behind"


def file_of(folder, content, name="data.jsonl"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


# DATA is a file that can be trained on.
CASES = {
    "unknown data set": (["dataset=nope"], 2, "Could not find 'dataset/nope'"),
    "unknown model": (["model=nope"], 2, "Could not find 'model/nope'"),
    "unknown aux": (["aux=nope"], 2, "Could not find 'aux/nope'"),
    "misspelt key": (["trainer.lerning_rate=1"], 2, "Could not override 'trainer.lerning_rate'"),
    "no such model folder": (
        ["dataset=files", "dataset.train=DATA", "model.name=/no/such/folder"],
        1,
        "no such folder",
    ),
    "no such file": (["dataset=files", "dataset.train=/no/such.csv"], 1, "/no/such.csv"),
    "no data, no network": (["dataset=r8"], 1, "python -m auxtask.train dataset=docstrings"),
}


@pytest.mark.parametrize(("overrides", "code", "words"), CASES.values(), ids=CASES)
def test_bad_settings_end_in_one_line(run, monkeypatch, tmp_path, overrides, code, words):
    # A proxy that refuses at once: no network, whatever the machine has.
    for variable in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    # What opens addresses keeps the proxies of its first time.
    monkeypatch.setattr("urllib.request._opener", None)
    data = str(file_of(tmp_path, lines(ROWS)))
    got, error = run(*(override.replace("DATA", data) for override in overrides))
    assert got == code
    assert words in error
    assert error.startswith("error: ")
    assert error.count("\n") == 1


DATA = {
    "missing column": (lines([{"text": "a"}, {"text": "b"}]), "label"),
    "empty file": ("", "empty|no documents"),
    "one class only": (lines([{"text": f"text {n}", "label": "sea"} for n in range(20)]), "one class only"),
    "not UTF-8": ('{"text": "caf\xe9", "label": "sea"}\n'.encode("latin-1"), "UTF-8"),
}


@pytest.mark.parametrize(("content", "words"), DATA.values(), ids=DATA)
def test_bad_files_end_in_one_line(run, tmp_path, content, words):
    code, error = run("dataset=files", f"dataset.train={file_of(tmp_path, content)}")
    assert code == 1
    assert any(word in error for word in words.split("|"))
    assert error.count("\n") == 1


def test_a_label_that_train_lacks_is_named(run, tmp_path):
    train_file = file_of(tmp_path, lines(ROWS))
    test_file = file_of(tmp_path, lines([{"text": "sky", "label": "air"}]), "test.jsonl")
    code, error = run("dataset=files", f"dataset.train={train_file}", f"dataset.test={test_file}")
    assert code == 1
    assert "'air'" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("mask_rate", [0, 1, 1.5, -0.1])
def test_a_mask_rate_outside_its_range_is_refused(run, tmp_path, model_folder, mask_rate):
    code, error = run(
        "dataset=files",
        f"dataset.train={file_of(tmp_path, lines(ROWS))}",
        f"model.name={model_folder}",
        "model.max_length=32",
        f"aux.l3masking.masking.mask_rate={mask_rate}",
    )
    assert code == 1
    assert f"mask_rate={mask_rate}" in error
    assert error.count("\n") == 1


def test_a_model_without_a_mask_token_is_refused(run, tmp_path, tokenizer):
    folder = tmp_path / "maskless"
    BertForMaskedLM(
        BertConfig(vocab_size=200, hidden_size=8, num_attention_heads=1, num_hidden_layers=1)
    ).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    del settings["mask_token"]
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    code, error = run("dataset=files", f"dataset.train={file_of(tmp_path, lines(ROWS))}", f"model.name={folder}")
    assert code == 1
    assert "has no mask token" in error
    assert error.count("\n") == 1


@pytest.mark.ci
def test_a_full_disk_ends_in_one_line(tmp_path, model_folder):
    # The system refuses files over 64 KiB, as it would on a full disk: checkpoints cannot be written.
    full = Command(
        tmp_path, "train", "dataset=files", f"dataset.train={file_of(tmp_path, lines(ROWS))}",
        f"model.name={model_folder}", "model.max_length=32", "aux=stl", "trainer.num_train_epochs=1",
        f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}", "trainer.disable_tqdm=true",
        file_bytes=2**16,
    )  # fmt: skip
    assert full.wait() == 1
    assert full.error.splitlines()[-1].startswith("error: the disk is full")
    assert "Traceback" not in full.error
    assert not list(tmp_path.glob("runs/*/*/*/*/metrics.json"))
    assert not list(tmp_path.glob("runs/*/*/*/*/model"))


def test_help_shows_the_groups(monkeypatch, capsys):
    GlobalHydra.instance().clear()
    monkeypatch.setattr(sys, "argv", ["train.py", "--help"])
    with pytest.raises(SystemExit) as stop:
        run_command("train", train)
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith("auxtask.train is powered by Hydra")
    for option in ("l3masking", "docstrings", "acl_arc", "tiny", "roberta-base", "rtm", "stl"):
        assert option in shown


@pytest.mark.parametrize(
    "command", ["train", "pretrain", *(pytest.param(name, marks=pytest.mark.ci) for name in ("score", "ngrams"))]
)
def test_the_bars_and_reports_of_transformers_are_off(command):
    # Each command has loaded other libraries before: in one transformers is there, in one only what it builds on.
    code = (
        f"import auxtask.{command}, auxtask.cli.command\n"
        "auxtask.cli.command.quiet_libraries()\n"
        "from transformers.utils import logging\n"
        "print(logging.is_progress_bar_enabled(), logging.get_verbosity() == logging.ERROR)\n"
    )
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSFORMERS_"))
    }
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout == "False True\n"
