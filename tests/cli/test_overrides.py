"""What a command of the report gives a field, Hydra reads back."""

import re
import shlex

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from auxtask.cli.overrides import override_value, training_command
from auxtask.cli.planning import run_identity
from auxtask.cli.resolving import resolved
from auxtask.data.dataset import build_text_dataset
from auxtask.ground.files import config_folder
from auxtask.runs.settings import class_name

PIECES = ("\\", "$", "{", "}", '"', "'", " ", ",", "[", "]", "(", ")", "=", ":", "\n", "%", "~", "-", ".", "a",
          "1", "日", "null", "True", "nan", "e5", "${x}")  # fmt: skip
TEXTS = st.one_of(st.text(max_size=8), st.lists(st.sampled_from(PIECES), max_size=7).map("".join))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS)


@given(st.one_of(SCALARS, st.lists(SCALARS, max_size=3)))
@settings(deadline=None)
def test_every_value_is_read_back_with_its_type(value):
    parsed = OverridesParser.create().parse_override(f"field={override_value(value)}").value()
    read = OmegaConf.to_container(OmegaConf.create({"field": parsed}), resolve=True)["field"]
    assert read == value
    assert type(read) is type(value)


def test_a_mapping_is_read_back():
    value = {"betas": [0.9, 0.98], "a b": {"c,d": "x y"}}
    assert OverridesParser.create().parse_override(f"field={override_value(value)}").value() == value


def test_a_class_of_the_settings_is_written_with_its_path():
    settings = {"aux.rtm.class": "SelfPacedTask", "aux.rtm.masking.class": "my_module.MyCollator"}
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        command = training_command("r8", "tiny", "rtm", [0], settings)
    assert command.split()[-2:] == [
        "aux.rtm._target_=auxtask.tasks.self_paced.SelfPacedTask",
        "aux.rtm.masking._target_=my_module.MyCollator",
    ]


def test_no_two_classes_of_the_config_files_share_a_short_name():
    texts = [path.read_text(encoding="utf-8") for path in config_folder().rglob("*.yaml")]
    paths = {path for text in texts for path in re.findall(r"_target_: (auxtask\.[\w.]+)", text)}
    assert len({class_name(path) for path in paths}) == len(paths) > 40


@pytest.mark.parametrize(
    "chosen",
    [
        ["aux=rtm"],
        [
            "aux=l3masking",
            "model.max_length=64",
            "trainer.num_train_epochs=4",
            "trainer.per_device_train_batch_size=8",
        ],
        ["aux=bit_label", "weighting=meta", "trainer=tartan"],
        ["aux=stl", "loss=focal"],
    ],
)
def test_the_command_of_a_run_is_that_run_and_no_longer_than_it_must_be(chosen):
    precision = ["trainer.bf16=false", "scoring.dtype=float32"]
    splits = {split: [("a", "x"), ("b", "y")] for split in ("train", "valid", "test")}
    dataset = build_text_dataset(splits, name="docstrings", provenance={})
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        run = run_identity(compose("train", ["seed=3", *precision, *chosen]), dataset)
        command = training_command("docstrings", "tiny", run.method, [3], run.settings)
        words = shlex.split(command)[3:]
        again = run_identity(resolved(compose("train", words)), dataset)
    assert again == run
    # Only what no file has needs a plus.
    assert all(word.startswith("+trainer.last_stage.") for word in words if word.startswith("+"))
