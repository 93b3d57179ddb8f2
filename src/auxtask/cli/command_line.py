"""The words of a command line: names of files as they are, and what is misspelt beside what may be meant."""

import os
import re
import shlex
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import cast

from hydra import compose, initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import HydraException
from omegaconf import OmegaConf

from auxtask.cli.checks import may_be_added
from auxtask.errors import did_you_mean
from auxtask.ground.files import config_folder

# What Hydra could not do with a name, in its words.
_REFUSED_NAME = re.compile(r"Could not (?:override|delete|delete from config\.|find|load) '([^'=]*)")

# An override that asks for all folds where it stands in a sweep.
_CROSS_VALIDATION = re.compile(r"dataset\.split=['\"]?cv:([1-9][0-9]?)['\"]?")
# Options that only one choice of a config group has: they make that choice.
CHOOSES = {"init": "recipe=continued"}
# Options that are choices of a group elsewhere: what masks a text is an auxiliary task by its name.
STANDS_FOR = {"adaptation.masking": "aux@adaptation.masking"}


def prepared(arguments: Sequence[str]) -> list[str]:
    """Make a user's command line one that Hydra can read.

    The value of an override that is the name of an existing file or folder is quoted, so that brackets, equal
    signs, commas and the like in it mean nothing. A number, true, false and null stay what they are. `init=MODEL`
    chooses the recipe that has this option, unless one is chosen. A sweep of `dataset.split=cv:5` is one over its
    folds.

    Args:
        arguments: without the name of the program.

    Returns:
        The same with quotes where they are needed.

    Raises:
        HydraException: an option is unknown, an override does not parse, or no config can hold the name of a file.

    >>> prepared(["dataset=r8", "aux=[rtm,stl]", "seed=0"])
    ['dataset=r8', 'aux=[rtm,stl]', 'seed=0']
    >>> prepared(["init=tiny", "adaptation.masking=rtm"])
    ['init=tiny', 'aux@adaptation.masking=rtm', 'recipe=continued']
    >>> prepared(["-m", "dataset.split=cv:3"])
    ['-m', 'dataset.split=cv:3', 'dataset.fold=0,1,2']
    """
    parser = get_args_parser()
    known, unknown = parser.parse_known_args(list(arguments))
    for option in (argument for argument in unknown if argument.startswith("-")):
        options = [name for action in parser._actions for name in action.option_strings]
        raise HydraException(f"option {option} is unknown{did_you_mean(option, options)}; --hydra-help lists them")
    readable = {override: _readable(meant(override)) for override in known.overrides}
    named = {override.partition("=")[0] for override in known.overrides}
    chosen = [choice for option, choice in CHOOSES.items() if option in named]
    chosen += _folds(arguments) if known.multirun and "dataset.fold" not in named else []
    return [
        *(readable.get(argument, argument) for argument in arguments),
        *(choice for choice in chosen if choice.partition("=")[0] not in named),
    ]


def _folds(arguments: Sequence[str]) -> list[str]:
    """Let a sweep that cross-validates run every fold."""
    found = [split[1] for argument in arguments if (split := _CROSS_VALIDATION.fullmatch(argument))]
    return [f"dataset.fold={','.join(map(str, range(int(number))))}" for number in found[-1:]]


def meant(override: str) -> str:
    """Give an override the name that Hydra knows its option by.

    >>> meant("adaptation.masking=rtm"), meant("seed=1")
    ('aux@adaptation.masking=rtm', 'seed=1')
    """
    name, equals, value = override.partition("=")
    return f"{STANDS_FOR.get(name, name)}{equals}{value}"


def quoted(text: str) -> str:
    r"""Write a text as a quoted value in Hydra's grammar of overrides.

    >>> print(quoted('a "b" [c]'))
    "a \"b\" [c]"
    """
    return QuotedString(text, Quote.double).with_quotes()


def with_suggestion(message: str, config_name: str, arguments: Sequence[str]) -> str:
    """Add what is meant by a name that Hydra refuses, and leave out advice that leads nowhere.

    Args:
        message: Hydra's, in lines.
        config_name: the primary config of the command.
        arguments: of the command line; the options that they choose decide which fields there are.

    Returns:
        The message with a name as from `did_you_mean`, one of a config group, of its options or of a field.
    """
    first, *others = message.splitlines()
    refused = _REFUSED_NAME.search(message)
    if refused is None:
        return message
    if unchosen := _of_no_choice(refused[1], config_name, arguments):
        return unchosen
    if not may_be_added(config_name, refused[1]):
        others = [line for line in others if not line.startswith("To append to your config")]
    return "\n".join([first.rstrip(".") + _suggestion(refused[1], message, config_name, arguments), *others])


def _of_no_choice(refused: str, config_name: str, arguments: Sequence[str]) -> str | None:
    """Say of an option of a config group that the group comes first, where none of its options is chosen."""
    name = next((typed for typed, known in STANDS_FOR.items() if known == refused), refused)
    group, dot, _ = name.partition(".")
    choices = sorted(path.stem for path in (config_folder() / group).glob("*.yaml"))
    if not dot or not choices:
        return None
    if group in _fields(config_name, [each for each in arguments if _chosen_group(each) == group]):
        return None
    return f"{name} is an option of {group}, and none is chosen; use {group}={' or '.join(choices)} with it"


def _suggestion(refused: str, message: str, config_name: str, arguments: Sequence[str]) -> str:
    options = [path.relative_to(config_folder()) for path in config_folder().glob("*/**/*.yaml")]
    groups = {path.parent.as_posix() for path in options}
    # Hydra's own, such as its launchers, stand in its message alone.
    listed = re.search(r"Available options in '(.*)':", message)
    names = {f"{path.parent.as_posix()}/{path.stem}" for path in options}
    names |= {f"{listed[1]}/{option}" for option in re.findall(r"(?:\n\t|': )(.+)", message)} if listed else set()
    shown = {name: "=".join(name.rsplit("/", 1)) for name in names}
    fields = _fields(config_name, [each for each in arguments if _chosen_group(each) in groups])
    shown |= {name: name for name in [*groups, *fields]}
    # What holds the name is there, and not what is meant.
    near = get_close_matches(
        refused, [name for name in shown if not f"{refused}.".startswith(f"{name}.")], n=1, cutoff=0.7
    )
    return f", did you mean {shown[near[0]]}?" if near else ""


def _readable(argument: str) -> str:
    name, equals, value = argument.partition("=")
    try:
        override = OverridesParser.create().parse_override(argument)
    except HydraException:
        override = None
    if equals and (path := _existing(value)):
        if "${" in path or path == "???":
            raise HydraException(
                f"'{path}': no config can hold the name of this file, to which Hydra gives a meaning; rename it"
            )
        if override is None or not _means(override, path):
            return f"{name}={quoted(path)}"
    if override is not None:
        _check_choice(argument, override)
    if override is None:
        mended = f"{name}={quoted(value)}"
        try:
            OverridesParser.create().parse_override(mended)
        except HydraException:
            raise HydraException(f"{argument!r} does not parse; settings are NAME=VALUE, as seed=1") from None
        raise HydraException(f"{argument!r} does not parse; quote its value: {shlex.quote(mended)}")
    return argument


def _check_choice(argument: str, override: Override) -> None:
    """Refuse what names no option of a config group; Hydra would not say which group."""
    options = sorted(path.stem for path in config_folder().glob(f"{override.key_or_group}/*.yaml"))
    if not options or override.is_delete() or override.is_sweep_override():
        return
    value = override.value()
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) for name in names):
        raise HydraException(f"{argument} names no option of {override.key_or_group}; use {', '.join(options)}")


def _existing(value: str) -> str | None:
    """The path that a value names if something is there; `~` is the user's folder, where no file has that name."""
    for path in (value, os.path.expanduser(value)):
        if path and os.path.exists(path):
            return path
    return None


def _means(override: Override, path: str) -> bool:
    """Whether Hydra reads a path, or what cannot be meant as one."""
    if override.is_sweep_override():
        return False
    value = override.value()
    return value == path if isinstance(value, str) else value is None or isinstance(value, int | float)


def _chosen_group(argument: str) -> str:
    return argument.partition("=")[0].lstrip("+")


def _fields(config_name: str, choices: Sequence[str]) -> list[str]:
    """The dotted names of all fields of a config; without the choices if they are what is wrong."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        try:
            config = compose(config_name, list(choices))
        except HydraException:
            config = compose(config_name)
    return list(_dotted(cast(dict[str, object], OmegaConf.to_container(config))))


def _dotted(content: dict[str, object], prefix: str = "") -> Iterable[str]:
    for name, value in content.items():
        yield f"{prefix}{name}"
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{name}.")
