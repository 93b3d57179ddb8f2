"""The command line of a run: the options of its groups, and the fields that differ from their defaults."""

import re
import shlex
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hydra import compose
from omegaconf import OmegaConf

from auxtask.cli.command_line import meant, quoted
from auxtask.ground.files import config_folder
from auxtask.runs.identity import BATCH, BATCH_OF_A_PROCESS, GENERAL_TEXT
from auxtask.runs.settings import CLASS_FIELD, class_name, named_settings

# Where things lie is the reader's own affair, and fingerprints are no fields of the config.
LEFT_OUT = re.compile(r"(paths|fingerprints)\..*|dataset\.(data_folder|name)")

PLAIN_TEXT = re.compile(r"[A-Za-z_/][\w./:-]*", re.ASCII)

# What Hydra reads as another value than text.
WORDS = ("null", "true", "false", "nan", "inf")

KEY_SPECIAL, ESCAPED = re.compile(r"[\\()\[\]{}:=, \t]"), r"\\\g<0>"


def training_command(
    dataset: str, model: str, method: str, seeds: Sequence[int], settings: Mapping[str, Any], sweep: str = ""
) -> str:
    """Write the command that computes runs; Hydra is running, so that defaults can be looked up.

    Args:
        dataset, model, method: as in the paths of runs.
        seeds: of the runs.
        settings: of a run like them, as its identity has them, whose batch one process takes; empty for defaults.
        sweep: a preset that they belong to; empty for none.

    Returns:
        A line for a shell.
    """
    settings = {_of_one_process(name): value for name, value in settings.items()}
    options = [
        _dataset_option(dataset, settings),
        *_model_option(model, settings),
        *_method_options(method, sweep),
        *_class_option("weighting", "static", settings),
        *_class_option("loss", "cross_entropy", settings),
        *_adaptation_options(settings),
        *_unlabelled_options(settings),
        *_general_options(settings),
    ]
    defaults = _defaults(tuple(options)) if settings else {}
    fields = [
        ("" if name in defaults else "+") + _override(name, value)
        for name, value in settings.items()
        if defaults.get(name, ...) != value and not LEFT_OUT.fullmatch(name) and value != {}
    ]
    preset = [f"+sweep={sweep}"] if sweep else []
    multirun = ["-m"] if sweep or len(seeds) > 1 else []
    words = [*multirun, *preset, *options, f"seed={','.join(map(str, seeds))}", *fields]
    return shlex.join(["python", "-m", "auxtask.train", *words])


def _of_one_process(name: str) -> str:
    return name.removesuffix(BATCH) + BATCH_OF_A_PROCESS if name.endswith(BATCH) else name


def _dataset_option(dataset: str, settings: Mapping[str, Any]) -> str:
    if dataset in options_of("dataset"):
        return f"dataset={dataset}"
    return f"dataset={next(iter(_options_of_class('dataset', settings)), 'files')}"


def _model_option(model: str, settings: Mapping[str, Any]) -> list[str]:
    names = [option for option, fields in options_of("model").items() if Path(fields["name"]).name == model]
    # The field model.name of the settings says the rest for a model that has no option of its own.
    return [f"model={names[0]}"] if names else []


def _method_options(method: str, sweep: str) -> list[str]:
    tasks = method.split("+")
    if not set(tasks) <= options_of("aux").keys():
        # A preset would compute the baseline beside each of its auxiliary tasks.
        return [f"baseline={override_value(method)}", *(["aux=stl"] if sweep else [])]
    aux = f"aux={method}" if len(tasks) == 1 else f"aux=[{','.join(tasks)}]"
    return [aux, *(["baseline=none"] if sweep else [])]


def _adaptation_options(settings: Mapping[str, Any]) -> list[str]:
    """Choose the adaptation and its strategy; where further texts lie, no run says."""
    names = [name.split(".")[2] for name in settings if name.startswith("adaptation.masking.")]
    if not names:
        return []
    further = "fingerprints.adaptation" in settings
    return [
        *(["adaptation=dapt", "adaptation.texts=FILE"] if further else ["adaptation=tapt"]),
        f"adaptation.masking={names[0]}",
    ]


def _unlabelled_options(settings: Mapping[str, Any]) -> list[str]:
    return ["unlabelled=files", "unlabelled.path=FILE"] if "unlabelled.ratio" in settings else []


def _general_options(settings: Mapping[str, Any]) -> list[str]:
    names = [name.removeprefix("fingerprints.") for name in settings]
    return [f"{name}=FILE" for name in names if GENERAL_TEXT.fullmatch(name) and name not in settings]


def _class_option(group: str, default: str, settings: Mapping[str, Any]) -> list[str]:
    names = _options_of_class(group, settings)
    return [f"{group}={names[0]}"] if names and default not in names else []


def _options_of_class(group: str, settings: Mapping[str, Any]) -> list[str]:
    """The options of a group that build what the settings say; none where they do not say."""
    built = settings.get(f"{group}{CLASS_FIELD}", ...)
    return [name for name, fields in options_of(group).items() if class_name(fields.get("_target_", "")) == built]


def _override(name: str, value: Any) -> str:
    part = name.removesuffix(CLASS_FIELD)
    if part == name:
        return f"{name}={override_value(value)}"
    return f"{part}._target_={override_value(_class_paths().get(value, value))}"


@cache
def options_of(group: str) -> dict[str, dict[str, Any]]:
    """List the options of a config group and their fields, as the files have them.

    >>> sorted(options_of("adapter"))
    ['lora']
    """
    paths = sorted((config_folder() / group).glob("*.yaml"))
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) or {} for path in paths}


@cache
def _class_paths() -> dict[str, str]:
    """The paths of the classes and functions that the config files build, by their short names."""
    texts = (file.read_text(encoding="utf-8") for file in config_folder().rglob("*.yaml"))
    return {class_name(path): path for text in texts for path in re.findall(r"_target_: ([\w.]+)", text)}


@cache
def _defaults(options: tuple[str, ...]) -> dict[str, Any]:
    config = compose("train", [meant(option) for option in options])
    return named_settings(OmegaConf.to_container(config, resolve=True))  # type: ignore[arg-type]


def with_names(arguments: Sequence[str], names: Sequence[str]) -> list[str]:
    """Give the first words of a command line that stand by themselves the names of their options.

    Args:
        arguments: without the name of the program.
        names: of the options, in the order of such words. One that holds an equal sign is an option itself unless
            there is a file of that name; a dash alone is a word.

    Returns:
        The arguments as overrides.

    >>> with_names(["runs/a b", "my films.csv", "rows=100"], ["run", "input"])
    ['run="runs/a b"', 'input="my films.csv"', 'rows=100']
    >>> with_names(["my_model", "-", "format=jsonl"], ["run", "input"])
    ['run=my_model', 'input="-"', 'format=jsonl']
    """
    left, named = list(names), []
    for argument in arguments:
        is_option = argument.startswith("-") and argument != "-"
        if left and not is_option and ("=" not in argument or Path(argument).exists()):
            named.append(f"{left.pop(0)}={override_value(argument)}")
        else:
            named.append(argument)
    return named


def override_value(value: Any) -> str:
    """Write a value in Hydra's grammar of overrides, which reads the very value back.

    Args:
        value: None, a truth value, a number, text, or a list or mapping of them.

    Returns:
        The right side of an override. Text is quoted unless it is a plain name.

    >>> [override_value(value) for value in (None, True, 1e-05, "tiny", "a b", "1", [1, "x"], {"k": 2})]
    ['null', 'true', '1e-05', 'tiny', '"a b"', '"1"', '[1,x]', '{k:2}']
    """
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return value if PLAIN_TEXT.fullmatch(value) and value.lower() not in WORDS else _quoted(value)
        case Mapping():
            pairs = (f"{KEY_SPECIAL.sub(ESCAPED, str(key))}:{override_value(item)}" for key, item in value.items())
            return f"{{{','.join(pairs)}}}"
        case Sequence():
            return f"[{','.join(map(override_value, value))}]"
    return str(value)


def _quoted(text: str) -> str:
    # OmegaConf takes a dollar sign before a brace for a reference; backslashes before it count double.
    return quoted(re.sub(r"(\\*)\$\{", r"\1\1\\${", text))
