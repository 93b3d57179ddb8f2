"""Writes docs/options.md: every option of every command with what it may be, its default and its meaning."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from auxtask.cli.command_options import OPTIONS
from auxtask.cli.kinds import Component, Fields
from auxtask.cli.options import Option
from auxtask.cli.overrides import override_value
from auxtask.ground.files import config_folder

PAGE = Path(__file__).parents[1] / "docs" / "options.md"
HEAD = """# Options

Every option is set as `NAME=VALUE` on the command line, `python -m auxtask.COMMAND NAME=VALUE ...`, and is checked
before any work is done: a wrong value, an unknown name or a missing one ends in one line. `*` stands for a name of
your own choice. Where several options of a config group bring an option, each default stands beside those that
bring it. A component (`_target_`) from elsewhere takes the arguments of its own signature; `trainer` and `adapter`
take all other fields of `transformers.TrainingArguments` and `peft.LoraConfig`, with a leading plus.

`scripts/make_options.py` writes this page from the declarations in `src/auxtask/cli/` and the files in `configs/`.
"""
# Fields of a trainer, and of an auxiliary task, in a second place.
TOLD_ELSEWHERE = ("trainer.last_stage.", "adaptation.trainer.", "adaptation.masking.")
# More values than these are none that a reader could keep in mind.
FEW = 5

# Which option of each config group was chosen, and the config that came of it, references as they are written.
Composed = tuple[dict[str, str], dict[str, Any]]


def composed(command: str) -> Iterator[Composed]:
    """Compose a command's config: first as it is where nothing is chosen, then with each option of each group."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        choices = compose(command, return_hydra_config=True).hydra.runtime.choices
        chosen = {group: option for group, option in choices.items() if not {"/", "@"} & {*group}}
        options = {group: option_names(group) for group in chosen}
        yield chosen, OmegaConf.to_container(compose(command))  # type: ignore[misc]
        for row in zip_longest(*options.values()):
            taken = {group: option for group, option in zip(options, row, strict=True) if option is not None}
            config = compose(command, [f"{group}={option}" for group, option in taken.items()])
            yield {**chosen, **taken}, OmegaConf.to_container(config)  # type: ignore[misc]


def option_names(group: str) -> list[str]:
    """List the options of a config group; none of what is no group."""
    return sorted(path.stem for path in (config_folder() / group).glob("*.yaml"))


def values(node: Any, path: Sequence[str]) -> Iterator[Any]:
    """Find what a config has at an option: several values where `*` stands for several names."""
    if not path:
        yield node
    elif isinstance(node, dict):
        for name in node if path[0] == "*" else {path[0]} & node.keys():
            yield from values(node[name], path[1:])


def default(option: Option, configs: Sequence[Composed]) -> str:
    """Write the default of an option; where the options of its group differ, each with those that bring it."""
    path = option.name.split(".")
    found: dict[str, list[str]] = {}
    for choices, config in configs:
        for value in values(config, path):
            if not isinstance(value, dict) or not value:
                names = found.setdefault(f"`{value if isinstance(value, str) else override_value(value)}`", [])
                # A recipe's options stand at the top of the config.
                names += {choices.get(path[0]) or choices.get("recipe", "")} - {*names}
    if isinstance(option.kind, Component) or not found:
        return "`null`" if "`null`" in found else ""
    if len(found) > FEW:
        return "each its own"
    if len(found) == 1:
        return next(iter(found))
    return "; ".join(f"{value} ({', '.join(names)})" for value, names in found.items())


def table(options: Sequence[Option], configs: Sequence[Composed]) -> str:
    """Lay options out as Markdown, but for those that only hold others."""
    names = [option.name for option in options]
    rows = ["| option | may be | default | meaning |", "|---|---|---|---|"]
    for option in options:
        if isinstance(option.kind, Fields) and any(name.startswith(f"{option.name}.") for name in names):
            continue
        allowed = option.allowed.replace("_target_", "`_target_`")
        rows.append(f"| `{option.name}` | {allowed} | {default(option, configs)} | {option.meaning} |")
    return "\n".join(rows)


def page(commands: Mapping[str, Sequence[Composed]]) -> str:
    """Write the page: the config groups, then what each command has beside them.

    Args:
        commands: the configs of each, see `composed`.
    """
    parts, told = [HEAD], set[str]()
    for command in ("train", "ngrams"):
        for group in dict.fromkeys(option.name.split(".")[0] for option in OPTIONS[command]):
            names = option_names(group)
            if group in told or not (names or group == "paths"):
                continue
            options = [each for each in OPTIONS[command] if each.name.split(".")[0] == group]
            options = [each for each in options if not each.name.startswith(TOLD_ELSEWHERE)]
            listed = (
                f"Options of the group: {', '.join(f'`{group}={name}`' for name in names)}.\n\n" if names else ""
            )
            parts.append(f"## {group}\n\n{listed}{table(options, commands[command])}\n")
            told.add(group)
    for command, options in OPTIONS.items():
        # The fields of its trainer have other defaults, and those that have none are told above.
        own = [
            each
            for each in options
            if each.name.split(".")[0] not in told or (command == "pretrain" and default(each, commands[command]))
        ]
        own = [each for each in own if not each.name.startswith(("paths", "datasets.*."))]
        parts.append(f"## auxtask.{command}\n\n{table(own, commands[command])}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page({command: list(composed(command)) for command in OPTIONS}), encoding="utf-8")
