"""Options are declared once: the declarations, the yamls, the signatures and the page say the same."""

import ast
import importlib.util
import inspect
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.utils import get_object
from omegaconf import OmegaConf
from transformers import TrainingArguments

from auxtask.baselines.graph import PAIR_COUNTS
from auxtask.cli.checks import HYDRAS_OWN, check_options
from auxtask.cli.command_options import OPTIONS
from auxtask.cli.signatures import signature
from auxtask.cli.trainer_options import FREE_FIELDS, SET_BY_COMMAND
from auxtask.data.chunks import ENDINGS
from auxtask.data.dataset import SPLITS
from auxtask.data.segmenters import SEGMENTERS
from auxtask.ground.files import config_folder
from auxtask.likelihood.functionals import FUNCTIONALS
from auxtask.likelihood.rows import PLL_METRICS
from auxtask.masking.difference import Shape
from auxtask.masking.log_odds import Of
from auxtask.masking.permuted import GROUPS, REDRAWS
from auxtask.masking.selective import SCORES
from auxtask.model.precision import DTYPES
from auxtask.phrases.extraction import Scope
from auxtask.phrases.pmi import Score
from auxtask.phrases.ranked import Equal
from auxtask.phrases.segmentation import WordScope
from auxtask.phrases.shuffled_labels import Shuffle
from auxtask.plot.heatmap import PALETTES
from auxtask.runs.metrics import METRICS
from auxtask.tasks.masking import DECODERS
from auxtask.training.plan import TrainingPlan

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_options.py"
spec = importlib.util.spec_from_file_location("make_options", SCRIPT)
make_options = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_options)


@pytest.fixture(scope="module")
def commands():
    """The configs of each command, with each option of each config group at least once."""
    return {command: list(make_options.composed(command)) for command in OPTIONS}


def matches(pattern, path):
    parts = pattern.split(".")
    return len(parts) == len(path) and all(part in ("*", name) for part, name in zip(parts, path, strict=True))


def declared(command, path):
    return [option for option in OPTIONS[command] if matches(option.name, path)]


def paths_of(node, path=()):
    """All names of a config but those that Hydra reads, and those of settings that are transformers' own."""
    for name, value in node.items():
        here = (*path, name)
        if name not in HYDRAS_OWN and path[-1:] not in {("lr_scheduler_kwargs",), ("config_overrides",)}:
            yield here
            if isinstance(value, Mapping):
                yield from paths_of(value, here)


def test_every_name_of_every_yaml_is_declared_once(commands):
    for command, configs in commands.items():
        for path in {path for _, config in configs for path in paths_of(config)}:
            assert len(declared(command, path)) == 1, (command, path)


def test_every_declared_name_stands_in_a_yaml(commands):
    known = {path for configs in commands.values() for _, config in configs for path in paths_of(config)}
    for command, options in OPTIONS.items():
        for option in options:
            # A name of the user's own choice need not be there; a last stage has the fields of the first.
            pattern = option.name.replace("trainer.last_stage.", "trainer.").replace("datasets.*", "dataset")
            pattern = pattern.replace("adaptation.masking.", "aux.").replace("adaptation.trainer.", "trainer.")
            is_free = pattern.endswith(".*")
            assert is_free or any(matches(pattern, path) for path in known), (command, option.name)


def test_what_the_yamls_have_is_allowed(commands):
    for command, configs in commands.items():
        for _, config in configs:
            if command == "pretrain":
                config = {**config, "data": {"train": "train.txt", "valid": ["valid.txt"]}}
                config |= {"init": "tiny"} if "init" in config else {}
            elif command in ("predict", "export"):
                config = {**config, "run": "my_run"} | ({"input": "my.csv"} if command == "predict" else {})
            elif config.get("baseline"):
                # What no baseline reads is refused beside one.
                config = {name: config[name] for name in config if name not in ("adaptation", "unlabelled")}
            for group, name in (("unlabelled", "path"), ("adaptation", "texts")):
                if (config.get(group) or {}).get(name) == "???":
                    config = {**config, group: {**config[group], name: "more.txt"}}
            check_options(command, OmegaConf.create(config))


def test_the_page_is_what_the_script_writes(commands):
    committed = make_options.PAGE.read_text(encoding="utf-8")
    assert committed == make_options.page(commands), "python scripts/make_options.py writes it anew"


def test_presets_name_options(commands):
    groups = {path.name for path in config_folder().iterdir()}
    for path in (config_folder() / "sweep").rglob("*.yaml"):
        sweeper = yaml.safe_load(path.read_text())["hydra"]["sweeper"]["params"]
        for name in (name.removeprefix("+") for name in sweeper):
            assert name in groups or declared("train", name.split(".")), (path.name, name)


def test_the_extractor_of_a_task_is_any_of_the_group():
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        for name in make_options.option_names("extractor"):
            choice = f"extractor@aux.bit_label.extractor={name}"
            config = compose("train", ["aux=bit_label", choice])
            check_options("train", config)
            assert config.aux.bit_label.extractor == compose("ngrams", [f"extractor={name}"]).extractor


@pytest.mark.parametrize("name", [path.stem for path in sorted((config_folder() / "preset").glob("*.yaml"))])
def test_every_preset_is_a_run(name):
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        config = compose("train", [f"+preset={name}"])
    check_options("train", config)
    alone = name in ("stl", "main_mask") or name.startswith("tapt")
    assert list(config.aux) == ([] if alone else ["rtm"] if name == "one_pass" else [name])
    rows = {"main_mask": (0.15, None), "one_pass": (0, "rtm")}.get(name, (0, None))
    assert (config.trainer.main_mask, config.trainer.main_rows) == rows
    masking = {"tapt": ["rtm"], "tapt_l3masking": ["l3masking"]}.get(name, [])
    assert list(config.get("adaptation", {}).get("masking", [])) == masking


@pytest.mark.parametrize(
    ("command", "name", "values"),
    [
        ("train", "trainer.metric", METRICS),
        ("train", "baseline.metric", METRICS),
        ("score", "metric", PLL_METRICS),
        ("train", "aux.*.annotate.metric", PLL_METRICS),
        ("train", "aux.*.annotate.of", get_args(Of)),
        ("train", "aux.*.annotate.shape", get_args(Shape)),
        ("score", "functional", FUNCTIONALS),
        ("train", "aux.*.annotate.functional", set(FUNCTIONALS) - {"likelihood"}),
        ("train", "aux.*.annotate.score", [*SCORES, *get_args(Score)]),
        ("train", "aux.*.masking.redraw", REDRAWS),
        ("train", "aux.*.masking.within", GROUPS),
        ("score", "splits", SPLITS),
        ("predict", "format", ENDINGS),
        ("train", "baseline.batch_splits", SPLITS),
        ("train", "scoring.words", SEGMENTERS),
        ("train", "aux.*.decoder", DECODERS),
        ("score", "palette", PALETTES),
        ("train", "baseline.graph.pair_count", PAIR_COUNTS),
        ("train", "scoring.dtype", ["auto", *DTYPES]),
        ("train", "baseline.dtype", ["auto", *DTYPES]),
        ("ngrams", "extractor.scope", get_args(Scope)),
        ("ngrams", "extractor.word_scope", get_args(WordScope)),
        ("ngrams", "extractor.equal", get_args(Equal)),
        ("ngrams", "extractor.score", get_args(Score)),
        ("train", "aux.*.relabel.shuffle", get_args(Shuffle)),
    ],
)
def test_the_choices_are_those_of_the_code(command, name, values):
    [option] = [option for option in OPTIONS[command] if option.name == name]
    kind = getattr(option.kind, "kinds", [option.kind])[0]
    assert set(getattr(kind, "kind", kind).choices) == set(values)


def targets_of(node):
    if isinstance(node, Mapping):
        if "_target_" in node:
            yield node["_target_"]
        for value in node.values():
            yield from targets_of(value)


def test_a_signature_read_from_source_is_that_of_the_object(commands):
    targets = {target for configs in commands.values() for _, config in configs for target in targets_of(config)}
    others = {
        "auxtask.RTMCollator",
        "auxtask.plot.heatmap.mask_heatmap",
        "auxtask.masking.mean_adjust.mean_adjust",
        "transformers.EarlyStoppingCallback",
        "transformers.PrinterCallback",
        *FREE_FIELDS.values(),
    }
    assert len(targets) > 25
    for target in targets | others:
        found, given = signature(target), inspect.signature(get_object(target))
        parameters = {
            name: each
            for name, each in given.parameters.items()
            if each.kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        }
        assert list(found.arguments) == list(parameters), target
        required = [name for name, each in parameters.items() if each.default is inspect.Parameter.empty]
        assert [name for name, each in found.arguments.items() if each.required] == required, target


def test_the_fields_of_a_trainer_have_the_types_of_their_defaults():
    """The kinds read off the annotations of `TrainingArguments` allow what it has by default."""
    arguments = signature(FREE_FIELDS["trainer"]).arguments
    plain = TrainingArguments("unused", use_cpu=True, report_to="none")
    checked = 0
    for name, argument in arguments.items():
        value = getattr(plain, name, None)
        if argument.kind and type(value) in (int, float, bool, str):
            assert argument.kind.admits(value), name
            checked += 1
    assert checked > 60
    assert not arguments["learning_rate"].kind.has_form("fast")
    assert not arguments["hub_strategy"].kind.admits("never")


def test_what_the_plan_sets_by_itself_cannot_be_set():
    [call] = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(TrainingPlan)))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "training_arguments"
    ]
    names = {keyword.arg for keyword in call.keywords if keyword.arg} | {"output_dir"}
    assert {f"trainer.{name}" for name in names} == {
        name for name in SET_BY_COMMAND["train"] if name.startswith("trainer.")
    }


def test_the_check_loads_no_heavy_library():
    """Not even where it has to look at components and at fields that are not declared."""
    code = (
        "import sys\n"
        "from hydra import compose, initialize_config_dir\n"
        "from auxtask.cli.checks import check_options\n"
        "from auxtask.ground.files import config_folder\n"
        "with initialize_config_dir(str(config_folder()), version_base='1.3'):\n"
        "    config = compose('train', ['weighting=meta', 'adapter=lora', '+trainer.group_by_length=true'])\n"
        "try:\n"
        "    check_options('train', config)\n"
        "except Exception as error:\n"
        "    print(error)\n"
        "print({'torch', 'transformers', 'datasets', 'numpy', 'peft'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    refused, loaded = done.stdout.splitlines()
    assert refused.startswith("trainer.group_by_length=true is no option")
    assert loaded == "set()"
