"""Runs that differ in the seed alone, and what is comparable: nothing else ever shares a cell."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from auxtask.runs.reading import Run
from auxtask.runs.settings import CLASS_FIELD, option_names
from auxtask.tables.values import MeanStd

# Settings that say what a method is; all others have to be equal for methods to be compared.
METHOD_SETTINGS = ("aux", "weighting", "baseline", "scoring", "loss", "adapter", "adaptation", "unlabelled")
# What further texts a method reads is known by their content.
METHOD_FINGERPRINTS = ("fingerprints.adaptation", "fingerprints.unlabelled")
# Fields of the trainer that say what the main task reads, and how often it is alone: part of the method likewise.
MAIN_ROW_FIELDS = ("trainer.main_mask", "trainer.main_rows", "trainer.task_every")
# The loss that goes without saying.
USUAL_LOSS = "cross_entropy"
# Where a method stands among the rows; the others follow by name.
FIRST_METHODS = ("stl", "rtm")


@dataclass(frozen=True)
class Group:
    """Runs of one setting: they differ in the seed alone.

    Args:
        dataset, model, method: of all of them.
        label: the method's name, with the settings that tell it from its namesakes.
        runs: in the order of their seeds.
    """

    dataset: str
    model: str
    method: str
    label: str
    runs: Sequence[Run]

    @cached_property
    def by_seed(self) -> dict[int, Run]:
        """The runs by their seeds."""
        return {run.seed: run for run in self.runs}

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the runs have in common."""
        return self.runs[0].settings

    @property
    def split_settings(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The settings of the method, and those it shares with the methods it is compared with."""
        of_method = {
            name: value
            for name, value in self.settings.items()
            if _top(name) in METHOD_SETTINGS or name.startswith((*MAIN_ROW_FIELDS, *METHOD_FINGERPRINTS))
        }
        return of_method, {name: value for name, value in self.settings.items() if name not in of_method}

    @property
    def strategy(self) -> str:
        """What the runs do in a word, as `strategy_of` says it."""
        return strategy_of(self.method, self.settings)

    @property
    def is_baseline(self) -> bool:
        """Whether the method replaces the fine-tuning line, so that its trainer settings mean nothing."""
        return any(_top(name) == "baseline" and value not in (None, {}) for name, value in self.settings.items())

    def aggregate(self, metric: str, ddof: int) -> MeanStd:
        """Aggregate a test metric over the seeds.

        Args:
            metric: `micro_f1` or `macro_f1`.
            ddof: 1 for the sample standard deviation, 0 for the population's.

        Returns:
            In percent.
        """
        return percent([run.scores[metric] for run in self.runs], ddof)

    def aggregate_without_copies(self, metric: str, ddof: int) -> MeanStd | None:
        """Aggregate likewise over the test documents that are no copies; None where a run does not tell."""
        found = [run.scores_without_copies for run in self.runs]
        scores = [of_run[metric] for of_run in found if of_run is not None]
        return percent(scores, ddof) if len(scores) == len(found) else None

    def seeds_in_common(self, other: "Group") -> list[int]:
        """The seeds that both have run, in order."""
        return sorted(self.by_seed.keys() & other.by_seed.keys())


@dataclass(frozen=True)
class Block:
    """Groups that may be compared: one data set, one model, and equal settings but for the method's own.

    Args:
        dataset, model: of all of them.
        label: the model's name, with the settings that tell the block from others of the model.
        groups: `stl` and `rtm` first, then by name.
    """

    dataset: str
    model: str
    label: str
    groups: Sequence[Group]

    @property
    def seeds(self) -> list[int]:
        """The seeds of any run of a fine-tuned method here, in order."""
        fine_tuned = [group for group in self.groups if not group.is_baseline] or self.groups
        return sorted({run.seed for group in fine_tuned for run in group.runs})

    @property
    def size(self) -> int:
        """How many runs it has."""
        return sum(len(group.runs) for group in self.groups)


def percent(scores: Sequence[float], ddof: int) -> MeanStd:
    """Sum scores up in percent.

    Args:
        scores: in [0, 1], at least one.
        ddof: of the standard deviation, 1 or 0.

    >>> str(percent([0.5, 0.7], ddof=1)), str(percent([0.5], ddof=1))
    ('60.00 ± 14.14', '50.00')
    """
    values = [100 * score for score in scores]
    std = float(np.std(values, ddof=ddof)) if len(values) > 1 else None
    return MeanStd(float(np.mean(values)), std, len(values))


def comparable_blocks(runs: Sequence[Run]) -> list[Block]:
    """Sort runs into groups and blocks.

    Args:
        runs: of any data sets, models and settings.

    Returns:
        By data set and model. A baseline, whose trainer settings mean nothing, joins each block of its model.
    """
    by_setting: dict[tuple[str, str, str, Hashable], list[Run]] = {}
    for run in runs:
        by_setting.setdefault((run.dataset, run.model, run.method, _key(run.settings)), []).append(run)
    groups = [
        Group(dataset, model, method, label=method, runs=sorted(members, key=lambda run: run.seed))
        for (dataset, model, method, _), members in by_setting.items()
    ]
    # A method goes by one name on all data sets; a baseline keeps its own unless one data set has two of it.
    places = [f"{group.dataset}/{group.model}/" if group.is_baseline else "" for group in groups]
    labels = _labels(
        [f"{place}{_name(group)}" for place, group in zip(places, groups, strict=True)],
        [group.settings if group.is_baseline else group.split_settings[0] for group in groups],
    )
    return _blocks(
        [
            replace(group, label=label.removeprefix(place))
            for group, place, label in zip(groups, places, labels, strict=True)
        ]
    )


def _blocks(groups: Sequence[Group]) -> list[Block]:
    fine_tuned: dict[tuple[str, str, Hashable], list[Group]] = {}
    baselines: dict[tuple[str, str], list[Group]] = {}
    for group in groups:
        if group.is_baseline:
            baselines.setdefault((group.dataset, group.model), []).append(group)
        else:
            shared = _key(group.split_settings[1])
            fine_tuned.setdefault((group.dataset, group.model, shared), []).append(group)
    # Baselines of a model that nothing was fine-tuned of make a block of their own.
    for dataset, model in sorted(baselines.keys() - {name[:2] for name in fine_tuned}):
        fine_tuned[dataset, model, ()] = []
    labels = _labels(
        [f"{dataset}/{model}" for dataset, model, _ in fine_tuned],
        [members[0].split_settings[1] if members else {} for members in fine_tuned.values()],
    )
    blocks = [
        Block(
            dataset,
            model,
            label.removeprefix(f"{dataset}/"),
            sorted([*members, *baselines.get((dataset, model), [])], key=_place),
        )
        for ((dataset, model, _), members), label in zip(fine_tuned.items(), labels, strict=True)
    ]
    return sorted(blocks, key=lambda block: (block.dataset, block.label))


def strategy_of(method: str, settings: Mapping[str, Any]) -> str:
    """Name what runs do: their method, what was done beside it, and which rows the main task reads.

    Args:
        method: of the runs.
        settings: of the runs, by dotted names.

    >>> strategy_of("stl", {"trainer.main_mask": 0.15}), strategy_of("rtm", {"trainer.max_steps": 9})
    ('stl, main_mask', 'rtm')
    >>> strategy_of("stl", {"adaptation.max_tokens": 9, "loss.class": "FocalLoss"})
    'stl, tapt, focal'
    """
    fields = [field for field in MAIN_ROW_FIELDS if any(name.startswith(field) for name in settings)]
    return ", ".join([method, *_beside(settings), *(field.removeprefix("trainer.") for field in fields)])


def _beside(settings: Mapping[str, Any]) -> list[str]:
    """What is done beside a method: an adaptation, further texts, an adapter, another loss."""
    groups = {_top(name) for name in settings}
    if "baseline" in groups:
        return []
    found = []
    if "adaptation" in groups:
        found.append("dapt" if "fingerprints.adaptation" in settings else "tapt")
    found += [group for group in ("unlabelled", "adapter") if group in groups]
    loss = _short(settings.get("loss.class", USUAL_LOSS))
    return found if loss == USUAL_LOSS else [*found, loss]


def _name(group: Group) -> str:
    """The method, what was done beside it, and what the main task reads in place of its own rows."""
    fields = [f"{name}={value}" for name, value in group.settings.items() if name.startswith(MAIN_ROW_FIELDS)]
    return ", ".join([group.method, *_beside(group.settings), *fields])


def _place(group: Group) -> tuple[bool, int, str]:
    strategies = {name: at for at, name in enumerate(FIRST_METHODS)}
    first = strategies.get(group.strategy, len(FIRST_METHODS))
    return group.is_baseline, first, group.label


def _labels(names: Sequence[str], settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name each of some settings: namesakes by their classes, those still alike by the settings that differ."""
    classes = [{name: value for name, value in one.items() if name.endswith(CLASS_FIELD)} for one in settings]
    return _told_apart(_told_apart(names, classes), settings)


def _told_apart(names: Sequence[str], settings: Sequence[Mapping[str, Any]]) -> list[str]:
    labels = list(names)
    for name in set(names):
        places = [at for at, other in enumerate(names) if other == name]
        for at, difference in zip(places, differences([settings[place] for place in places]), strict=True):
            fields = [f"{field.removesuffix(CLASS_FIELD)}={_short(value)}" for field, value in difference.items()]
            labels[at] = ", ".join([name, *fields])
    return labels


def differences(settings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Find the fields in which settings differ.

    Args:
        settings: by dotted names.

    Returns:
        For each of the settings those of its fields that are not the same in all.

    >>> differences([{"seed": 0, "a": 1}, {"seed": 0, "a": 2}, {"seed": 0}])
    [{'a': 1}, {'a': 2}, {}]
    """
    absent = object()
    fields = dict.fromkeys(field for one in settings for field in one)
    differing = {
        field
        for field in fields
        if any(one.get(field, absent) != settings[0].get(field, absent) for one in settings)
    }
    return [{field: value for field, value in one.items() if field in differing} for one in settings]


def _top(name: str) -> str:
    return name.split(".", 1)[0]


def _key(settings: Mapping[str, Any]) -> Hashable:
    # Values may be lists; their text tells them apart.
    return tuple(sorted((name, repr(value)) for name, value in settings.items()))


def _short(value: Any) -> str:
    """A class by its option, a hash by its first digits, anything else as it is."""
    text = str(value)
    return option_names().get(text, text[:8] if len(text) == 64 else text)
