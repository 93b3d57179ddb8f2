"""The check at the door: every option of a composed config against its declaration, before any work is done."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from omegaconf import DictConfig, OmegaConf

from auxtask.cli.command_options import OPTIONS
from auxtask.cli.kinds import Choice, Fields, Kind, Text, shown
from auxtask.cli.options import Option
from auxtask.cli.signatures import Signature, signature
from auxtask.cli.sources import find, names_in
from auxtask.cli.trainer_options import FREE_FIELDS, SET_BY_COMMAND
from auxtask.errors import AuxtaskError
from auxtask.ground.files import folder_name
from auxtask.ground.names import MAIN

Path = tuple[str, ...]

# The codes of the exit: an unknown or missing name or a value of another type; a value that is out of range.
MISREAD, OUT_OF_RANGE = 2, 1

# What Hydra reads of a component by itself.
HYDRAS_OWN = {"_target_", "_partial_", "_args_", "_recursive_", "_convert_"}


class OptionError(AuxtaskError):
    """An option that is unknown, missing or not what it may be.

    Args:
        message: one line.
        code: of the exit, `MISREAD` or `OUT_OF_RANGE`.
        inherited: the value came from another option, which is the one to name.
    """

    def __init__(self, message: str, code: int = MISREAD, inherited: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.inherited = inherited


def check_options(command: str, config: DictConfig) -> None:
    """Refuse a config with an option that is unknown, missing or not what its declaration says.

    Args:
        command: its name.
        config: composed, without Hydra's own node.

    Raises:
        OptionError: names the option, what it is and what it may be.
        OmegaConfBaseException: a reference leads nowhere.

    >>> check_options("report", OmegaConf.create({"paths": {"cache": "cache", "data": 5, "runs": "runs"}}))
    Traceback (most recent call last):
    ...
    auxtask.cli.checks.OptionError: paths.data=5 is not text; quote it: 'paths.data="5"'
    """
    written: Any = OmegaConf.to_container(config)
    values: Any = OmegaConf.to_container(config, resolve=True)
    errors = [*_Check(command).node((), values, written), *_of_other_tasks(values), *_of_no_folder(values)]
    errors += [*_beside_a_baseline(values), *_beside_init(values), *_of_masked_rows(values)]
    if errors:
        raise next((error for error in errors if not error.inherited), errors[0])


def may_be_added(command: str, name: str) -> bool:
    """Tell whether a leading plus would make a name an option.

    >>> may_be_added("train", "model.max_lenght"), may_be_added("train", "trainer.label_smoothing_factor")
    (False, True)
    """
    *above, last = name.split(".")
    path, check = tuple(above), _Check(command)
    holder = check.option(path)
    if holder is not None and not isinstance(holder.kind, Fields):
        return True
    names = check.names(path, {}, check.signature(path, None))
    return names is None or last in names


def _of_other_tasks(config: Mapping[str, Any]) -> Iterator[OptionError]:
    """Refuse the weight of a task that the run does not have; without any, nothing is weighted."""
    match config:
        case {"aux": dict(tasks), "weighting": {"tasks": dict(weights)}} if tasks and not config.get("baseline"):
            for name in weights.keys() - {MAIN, *tasks}:
                yield _unknown(("weighting", "tasks", name), weights[name], {MAIN, *tasks})


def _beside_a_baseline(config: Mapping[str, Any]) -> Iterator[OptionError]:
    """Refuse what would change nothing: a baseline takes the place of fine-tuning and of what comes before it."""
    match config:
        case {"baseline": {"name": str(name)}}:
            for group in ("adaptation", "unlabelled"):
                if config.get(group):
                    yield OptionError(f"{group} changes nothing with baseline={name}; leave one of them out")


def _of_masked_rows(config: Mapping[str, Any]) -> Iterator[OptionError]:
    """Refuse main rows of what masks nothing, or of what brings rows that the main task has no class for."""
    match config:
        case {"aux": dict(tasks), "trainer": dict(trainer)} if not config.get("baseline"):
            masking = [name for name, task in tasks.items() if isinstance(task, Mapping) and "masking" in task]
            if tasks and not masking and config.get("mask_rate") is not None:
                yield OptionError(
                    f"mask_rate changes nothing with aux={'+'.join(tasks)}, which masks nothing; leave it out"
                )
            rows = trainer.get("main_rows")
            if rows is not None and rows not in masking:
                yield OptionError(
                    f"trainer.main_rows={shown(rows)} is no masking task of this run; "
                    f"use {', '.join(masking) or 'null, or a task such as aux=rtm'}"
                )
            share = trainer.get("main_mask_replace_prob", 1)
            if share != 1 and not trainer.get("main_mask"):
                yield OptionError(
                    f"trainer.main_mask_replace_prob={share} changes nothing with trainer.main_mask=0; "
                    "leave one of them out"
                )
            others = {"unlabelled": config.get("unlabelled")}
            others |= {f"trainer.{name}": trainer.get(name) for name in ("independent_batches", "main_mask")}
            for name, value in others.items():
                if rows is not None and value:
                    yield OptionError(
                        f"trainer.main_rows={rows} has the main task read the rows of {rows} alone, "
                        f"and {name} brings others; leave one of them out"
                    )


def _beside_init(config: Mapping[str, Any]) -> Iterator[OptionError]:
    """Refuse what describes a new encoder where one goes on from a model that is there."""
    if "init" in config:
        for group in ("tokenizer", "architecture", "embeddings"):
            if config.get(group):
                yield OptionError(f"{group} changes nothing with init={config['init']}; leave one of them out")


def _of_no_folder(config: Mapping[str, Any]) -> Iterator[OptionError]:
    """Refuse the name of a method that cannot be that of a folder of runs."""
    match config:
        case {"baseline": {"name": str(name)}}:
            try:
                folder_name("baseline.name", name)
            except AuxtaskError as error:
                yield OptionError(str(error), OUT_OF_RANGE)


@dataclass(frozen=True)
class _Check:
    """The check of the options of a command; each method goes by the path of a node in the config."""

    command: str

    def node(self, path: Path, node: Mapping[str, Any], written: Any, ours: bool = True) -> Iterator[OptionError]:
        """Find what is wrong with a node and all below it.

        Args:
            path: of the node.
            node: its values by name.
            written: what stands in their place in the config, references as they are.
            ours: whether the options of the node are declared here: a component from elsewhere has its own.
        """
        target = node.get("_target_")
        ours = ours if target is None else str(target).startswith("auxtask.")
        if ours and target is not None and find(str(target)) is None:
            name = ".".join((*path, "_target_"))
            yield OptionError(f"{name}={shown(target)} is no class or function of auxtask")
            return
        takes = self.signature(path, target, ours)
        names = self.names(path, node, takes, ours)
        for name, value in node.items():
            here = (*path, str(name))
            below = written.get(name) if isinstance(written, Mapping) else None
            option = self.option(here, ours)
            kind = option.kind if option else takes.kinds.get(str(name)) if takes else None
            setter = SET_BY_COMMAND.get(self.command, {}).get(_of_any_stage(here)) if ours else None
            if setter is not None:
                yield OptionError(f"{'.'.join(here)} is set by the command itself{setter and f'; use {setter}'}")
            elif names is not None and name not in names:
                yield _unknown(here, value, names, self._declared, target)
            elif kind and value != "???" and not kind.admits(value):
                yield _refused(here, value, kind, not isinstance(written, Mapping) or _is_reference(below))
            elif isinstance(value, Mapping):
                yield from self.node(here, value, below, ours)
        yield from self._missing(path, node, takes, ours)

    @property
    def _declared(self) -> list[Option]:
        return OPTIONS[self.command]

    def option(self, path: Path, ours: bool = True) -> Option | None:
        """Find the declaration of an option."""
        found = (each for each in self._declared if _matches(each.name, path) and (ours or not each.handed_on))
        return next(found, None)

    def _below(self, path: Path, ours: bool) -> dict[str, Option]:
        """Find the declarations right below a node, by their last names."""
        steps = ((each, each.name.rpartition(".")) for each in self._declared if ours or not each.handed_on)
        return {last: each for each, (above, _, last) in steps if _matches(above, path)}

    def signature(self, path: Path, target: str | None, ours: bool = True) -> Signature | None:
        """Read what a component takes, or a group with the fields of a class."""
        free = FREE_FIELDS.get(".".join(path)) if ours else None
        return signature(free or target) if free or isinstance(target, str) else None

    def names(
        self, path: Path, node: Mapping[str, Any], takes: Signature | None, ours: bool = True
    ) -> set[str] | None:
        """List the names that a node may hold; None for any."""
        below = self._below(path, ours)
        if "_target_" in node:
            own = {name for name, option in below.items() if not option.handed_on}
            return None if takes is None or takes.is_open else {*takes.arguments, *own, *HYDRAS_OWN}
        if path == ("architecture",):
            model_type = str(node.get("model_type")).replace("-", "_")
            others = names_in(f"transformers.models.{model_type}.configuration_{model_type}")
            return {*below, *others} if others else None
        if "*" in below or not (below or path == ()):
            return None
        return {*below, *(takes.arguments if takes else ())}

    def _missing(
        self, path: Path, node: Mapping[str, Any], takes: Signature | None, ours: bool
    ) -> Iterator[OptionError]:
        is_component = "_target_" in node
        for name, option in self._below(path, ours).items():
            needed = option.required and (not is_component or not option.handed_on)
            if node.get(name) == "???" or (needed and name != "*" and name not in node):
                full = ".".join((*path, name))
                yield OptionError(f"{full} is missing; give it, for example {full}={option.kind.example}")
        if is_component and takes and not node.get("_partial_") and "_args_" not in node:
            for name, argument in takes.arguments.items():
                if argument.required and name not in node:
                    yield OptionError(f"{'.'.join((*path, name))} is missing; {node['_target_']} needs it")


def _of_any_stage(path: Path) -> str:
    return ".".join(name for name in path if name != "last_stage")


def _matches(pattern: str, path: Path) -> bool:
    parts = pattern.split(".") if pattern else []
    return len(parts) == len(path) and all(part in ("*", name) for part, name in zip(parts, path, strict=True))


def _is_reference(written: Any) -> bool:
    return isinstance(written, str) and "${" in written


def _refused(path: Path, value: Any, kind: Kind, inherited: bool) -> OptionError:
    name = ".".join(path)
    said = f"{name}={shown(value)} is not {kind.words}{kind.near(value)}"
    example = f"use for example {name}={kind.example}"
    if isinstance(kind, Choice) and kind.has_form(value):
        said, example = f"{name}={shown(value)} is unknown{kind.near(value)}", f"use {kind.words}"
    elif isinstance(kind, Text) and isinstance(value, bool | int | float):
        quoted = shlex.quote(f'{name}="{shown(value)}"')
        example = f"quote it: {quoted}"
    return OptionError(f"{said}; {example}", OUT_OF_RANGE if kind.has_form(value) else MISREAD, inherited)


def _unknown(
    path: Path, value: Any, names: set[str], declared: Iterable[Option] = (), target: str | None = None
) -> OptionError:
    *above, last = path
    full = ".".join(path)
    own = sorted(names - HYDRAS_OWN)
    elsewhere = [each.name for each in declared if "*" not in each.name]
    same = [name for name in elsewhere if name.rpartition(".")[2] == last]
    if near := get_close_matches(last, own, n=1):
        said = f"did you mean {'.'.join((*above, near[0]))}?"
    elif target is not None:
        said = f"{target.rpartition('.')[2]} takes {', '.join(own) or 'no arguments'}"
    elif near := same or get_close_matches(full, elsewhere, n=1):
        said = f"did you mean {near[0]}?"
    else:
        said = "--help lists what is"
    return OptionError(f"{full}={shown(value)} is no option, {said}")
