"""Bad values over every command and public function: one line, with option and value, and nothing written."""

import copy
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from bad_calls import CALLS
from bad_values import TABLE
from datasets import Dataset
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser

import auxtask
from auxtask.cli.command import run_command
from auxtask.cli.command_options import OPTIONS
from auxtask.errors import AuxtaskError
from marking import rest_in_ci

PRETRAIN = ("data.train=a.txt", "data.valid=b.txt")

ROWS = [tuple(cell.strip() for cell in line.split(" | ")) for line in TABLE.strip().splitlines()]


def typed(command, words):
    own = PRETRAIN if command == "pretrain" and "data." not in words else ()
    return [*own, *words.split()]


@pytest.fixture(scope="module")
def composed():
    """What Hydra has composed, by command and choices of groups: for each it takes a sixth of a second."""
    return {}


@pytest.fixture
def start(monkeypatch, capsys, tmp_path, composed):
    """Start a command in this process; give its exit code and what it wrote on standard error."""
    compose = ConfigLoaderImpl.load_configuration

    def composed_once(loader, config_name, overrides, run_mode, **settings):
        parsed = OverridesParser.create().parse_overrides(overrides)
        choices = [each for each in parsed if loader.repository.group_exists(each.key_or_group)]
        key = (config_name, *(each.input_line for each in choices))
        if key not in composed:
            composed[key] = compose(loader, config_name, list(key[1:]), run_mode, **settings)
        config = copy.deepcopy(composed[key])
        loader._apply_overrides_to_config([each for each in parsed if each not in choices], config)
        return config

    monkeypatch.setattr(ConfigLoaderImpl, "load_configuration", composed_once)

    def start(command, *arguments):
        def began(config):
            pytest.fail("the command began")

        paths = [f"paths.{name}={tmp_path / name}" for name in ("runs", "cache", "data")]
        monkeypatch.setattr(sys, "argv", [f"{command}.py", *paths, *arguments])
        GlobalHydra.instance().clear()
        with pytest.raises(SystemExit) as stop:
            run_command(command, began)
        GlobalHydra.instance().clear()
        return stop.value.code, capsys.readouterr().err

    return start


@pytest.mark.parametrize(("command", "words", "code", "said"), ROWS, ids=[" ".join(row[:2]) for row in ROWS])
def test_a_bad_value_ends_in_one_line_before_any_work(start, tmp_path, command, words, code, said):
    got, error = start(command, *typed(command, words))
    assert error.startswith(f"error: {said}")
    assert error.count("\n") == 1
    assert got == int(code)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("model.max_lenght=16", "Could not override 'model.max_lenght', did you mean model.max_length?"),
        ("sede=1", "Could not override 'sede', did you mean seed?"),
        (
            "trainer.label_smoothing_factor=0.1",
            "Could not override 'trainer.label_smoothing_factor'; "
            "To append to your config use +trainer.label_smoothing_factor=0.1",
        ),
        (
            "aux.l3masking.masking.seed=1",
            "Could not override 'aux.l3masking.masking.seed', did you mean aux.l3masking.masking.mask_rate?; "
            "To append to your config use +aux.l3masking.masking.seed=1",
        ),
    ],
)
def test_a_plus_is_advised_only_where_it_helps(start, word, said):
    code, error = start("train", word)
    assert (code, error) == (2, f"error: {said}\n")


def test_the_table_goes_over_every_command_and_names_what_was_typed():
    assert len(ROWS) >= 80
    assert {command for command, *_ in ROWS} == OPTIONS.keys()
    for _, words, _, said in ROWS:
        option = words.split()[-1].lstrip("+~")
        unquoted = said.replace("'", "")
        # The message of a name alone, or what was typed, as far as the row goes.
        assert option.partition("=")[0] in said or option.startswith(unquoted), words
        if said.startswith(f"{option.partition('=')[0]}="):
            assert unquoted.startswith(option), words


@pytest.mark.parametrize(("command", "words", "code", "said"), rest_in_ci([ROWS[0], ROWS[27], ROWS[-24]]))
def test_so_it_is_in_a_process_of_its_own(tmp_path, command, words, code, said):
    paths = [f"paths.{name}={tmp_path / name}" for name in ("runs", "cache", "data")]
    done = subprocess.run(
        [sys.executable, "-m", f"auxtask.{command}", *paths, *typed(command, words)],
        capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"}, cwd=tmp_path,
    )  # fmt: skip
    assert done.stderr.startswith(f"error: {said}")
    assert (done.stderr.count("\n"), done.stdout, done.returncode) == (1, "", int(code))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["train", "report"])
def test_what_is_right_begins(monkeypatch, tmp_path, command):
    seen = []
    monkeypatch.setattr(sys, "argv", [f"{command}.py", f"paths.runs={tmp_path}", f"paths.cache={tmp_path}"])
    GlobalHydra.instance().clear()
    run_command(command, seen.append)
    GlobalHydra.instance().clear()
    assert len(seen) == 1


def test_in_a_sweep_each_run_says_it_for_itself(monkeypatch, capsys, tmp_path):
    began = []
    rows = [f'{{"text": "{word} {at}", "label": "{word}"}}\n' for word in ("sea", "land") for at in range(20)]
    (tmp_path / "mine.jsonl").write_text("".join(rows))
    paths = [f"paths.{name}={tmp_path / name}" for name in ("runs", "cache", "data")]
    chosen = ["aux=stl", "dataset=files", f"dataset.train={tmp_path / 'mine.jsonl'}", "seed=abc,-1,1.5,7"]
    monkeypatch.setattr(sys, "argv", ["train.py", "-m", *paths, *chosen])
    GlobalHydra.instance().clear()
    with pytest.raises(SystemExit) as stop:
        run_command("train", lambda config: began.append(config.seed))
    GlobalHydra.instance().clear()
    assert stop.value.code == 2
    assert began == [7]
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert [line.split()[1] for line in lines] == ["seed='abc'", "seed=-1", "seed=1.5"]


@pytest.fixture(scope="module")
def known():
    """What the calls below are given that is right."""
    scorer = auxtask.PLLScorer.from_pretrained("tiny")
    [scores] = scorer.score(["The sea."])
    inventory = auxtask.NgramExtractor().extract([[5, 6], [5, 6]], [0, 0])
    names = {name: getattr(auxtask, name) for name in auxtask.__all__}
    names |= {name: getattr(auxtask.plot, name) for name in auxtask.plot.__all__}
    own = {"scorer": scorer, "tokenizer": scorer.tokenizer, "scores": scores, "inventory": inventory}
    own |= {"documents": [("a fine film", "good"), ("a dull film", "bad")] * 20}
    return names | own | {"np": np, "torch": torch, "Dataset": Dataset}


@pytest.mark.parametrize("line", CALLS.strip().splitlines())
def test_a_public_function_refuses_a_bad_value_in_one_line(known, monkeypatch, tmp_path, line):
    monkeypatch.chdir(tmp_path)
    call, said = line.split(" | ")
    with pytest.raises(AuxtaskError) as refused:
        eval(call, known)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
