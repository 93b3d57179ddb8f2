"""Mask rates on the command line: a number, a name, a `_target_`, or one rate for all tasks."""

import shlex

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.utils import instantiate
from omegaconf import OmegaConf

from auxtask.cli.checks import check_options
from auxtask.cli.command import plain
from auxtask.cli.overrides import training_command
from auxtask.cli.resolving import resolved
from auxtask.ground.files import config_folder
from auxtask.masking.pace import CyclicRate, LinearRate
from auxtask.runs.identity import result_settings

LINEAR = "{_target_: auxtask.masking.pace.LinearRate, first: 0.4, last: 0.2}"
CYCLIC = "{_target_: auxtask.masking.pace.CyclicRate, rates: [0.3, 0.1]}"


@pytest.fixture(scope="module")
def composed():
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        yield lambda *overrides: compose("train", ["trainer.bf16=false", "scoring.dtype=float32", *overrides])


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("0.3", 0.3),
        ("cosine", "cosine"),
        (LINEAR, LinearRate(0.4, 0.2)),
        (CYCLIC, CyclicRate((0.3, 0.1))),
    ],
)
def test_a_rate_is_a_number_a_name_or_a_component(composed, tokenizer, rate, expected):
    config = composed("aux=span", f"aux.span.masking.mask_rate={rate}")
    check_options("train", config)
    task = instantiate(plain(config)["aux"]["span"])
    assert task.masking(tokenizer=tokenizer, seed=0).mask_rate == expected


def test_one_rate_for_all_tasks_is_the_rate_of_each_and_makes_the_same_run(composed):
    together = composed("aux=[rtm,l3masking,bit_label]", "mask_rate=0.3")
    check_options("train", together)
    apart = composed(
        "aux=[rtm,l3masking,bit_label]", "aux.rtm.masking.mask_rate=0.3", "aux.l3masking.masking.mask_rate=0.3"
    )
    assert result_settings(plain(resolved(together))) == result_settings(plain(resolved(apart)))
    assert together.mask_rate == 0.3


def test_without_a_rate_for_all_the_settings_are_those_of_before(composed):
    settings = result_settings(plain(resolved(composed("aux=rtm", "weighting=meta"))))
    new = (
        "mask_rate",
        "main_mask",
        "main_rows",
        "main_clean",
        "task_every",
        "dev_head",
        "through_softmax",
        "meta_share",
    )
    assert [name for name in settings if name.rpartition(".")[2] in new] == ["aux.rtm.masking.mask_rate"]


def test_the_preset_tries_the_rates_of_the_grid():
    params = OmegaConf.load(config_folder() / "sweep" / "mask_rates.yaml").hydra.sweeper.params
    assert [float(rate) for rate in params.mask_rate.split(",")] == [0.05, 0.15, 0.30, 0.40]


@pytest.mark.parametrize("rate", ["0.3", "cosine", LINEAR])
def test_the_command_of_a_run_gives_its_rate_back(composed, rate):
    config = composed("aux=rtm", f"aux.rtm.masking.mask_rate={rate}")
    settings = result_settings(plain(resolved(config)))
    command = training_command("docstrings", "tiny", "rtm", [0], settings)
    again = composed(*shlex.split(command)[3:])
    assert result_settings(plain(resolved(again))) == settings
