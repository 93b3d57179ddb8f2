"""Each masking strategy at the common mask rate and at its own best, chosen and reported on different seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from auxtask.evaluation.groups import Block, Group
from auxtask.evaluation.score_tables import CommandLine, settings_like
from auxtask.ground.escaping import file_name
from auxtask.runs.metrics import HEADINGS, REPORTED
from auxtask.tables.values import Cell, Missing, Note, Notes, Number, Table, ranked

COMMON_RATE = 0.15
SELECTION_SEEDS = (0, 1, 2)
REPORTING_SEEDS = (3, 4, 5, 6, 7)
RATE_FIELD = ".masking.mask_rate"


@dataclass(frozen=True)
class RateSearch:
    """A strategy at several constant mask rates.

    Args:
        label: of the strategy, without a rate.
        groups: its runs by rate, from the smallest up.
        seeds: those of `SELECTION_SEEDS` that every rate has run.
        valid: by rate the mean validation score over these seeds, in percent.
    """

    label: str
    groups: Mapping[float, Group]
    seeds: Sequence[int]
    valid: Mapping[float, float]

    @property
    def best(self) -> float:
        """The rate with the best validation score."""
        return best_rate(self.valid)


def best_rate(scores: Mapping[float, float]) -> float:
    """Choose a mask rate; of equals that nearer to the common one, then the smaller.

    Args:
        scores: by rate, at least one.

    >>> best_rate({0.05: 71.0, 0.15: 70.0, 0.3: 71.0, 0.4: 71.0})
    0.05
    """
    return max(scores, key=lambda rate: (round(scores[rate], 9), -round(abs(rate - COMMON_RATE), 9), -rate))


def rate_searches(block: Block) -> list[RateSearch]:
    """Find the strategies of a block that were run at several constant mask rates.

    Args:
        block: runs of one data set and model.

    Returns:
        In the order of the groups; only those whose rates have a seed of `SELECTION_SEEDS` in common.
    """
    strategies: dict[str, dict[float, Group]] = {}
    for group in block.groups:
        rates = {value for name, value in group.settings.items() if name.endswith(RATE_FIELD)}
        # A schedule is no constant rate, and a run may have two tasks that mask.
        if len(rates) == 1 and isinstance(rate := rates.pop(), float):
            others = {name: value for name, value in group.settings.items() if not name.endswith(RATE_FIELD)}
            strategies.setdefault(repr((group.method, sorted(others.items()))), {})[rate] = group
    searches = []
    for found in strategies.values():
        groups = dict(sorted(found.items()))
        seeds = [seed for seed in SELECTION_SEEDS if all(seed in group.by_seed for group in groups.values())]
        if len(groups) > 1 and seeds:
            valid = {rate: _valid(group, seeds) for rate, group in groups.items()}
            searches.append(RateSearch(_label(groups), groups, seeds, valid))
    return searches


def _valid(group: Group, seeds: Sequence[int]) -> float:
    metric = group.settings.get("trainer.metric", "macro_f1")
    return float(np.mean([100 * group.by_seed[seed].valid_scores[metric] for seed in seeds]))


def _label(groups: Mapping[float, Group]) -> str:
    parts = next(iter(groups.values())).label.split(", ")
    return ", ".join(part for part in parts if f"{RATE_FIELD}=" not in part)


def mask_rate_table(block: Block, ddof: int, command_line: CommandLine) -> Table | None:
    """Lay out the strategies of a block at the common mask rate and at their best ones.

    Args:
        block: runs of one data set and model.
        ddof: of standard deviations over seeds, 1 or 0.
        command_line: gives the command for runs that are missing.

    Returns:
        A row a strategy; None where none was run at several rates.
    """
    searches = rate_searches(block)
    if not searches:
        return None
    notes = Notes()
    rates = sorted({rate for search in searches for rate in search.groups})
    shown = [(search.groups.get(COMMON_RATE), search.groups[search.best]) for search in searches]
    scores = [
        ranked([_score(group, metric, ddof) for group in at_rate])
        for metric in REPORTED
        for at_rate in zip(*shown, strict=True)
    ]
    rows = [
        [
            Cell(search.label, marks=_missing(block, search, command_line, notes)),
            *(_percent(search.valid.get(rate)) for rate in rates),
            Cell(", ".join(map(str, search.seeds))),
            Cell(Number(search.best, f"{search.best:g}")),
            *(column[at] for column in scores),
        ]
        for at, search in enumerate(searches)
    ]
    tested = [f"{heading} at {rate}" for heading in HEADINGS.values() for rate in (f"{COMMON_RATE}", "best")]
    return Table(
        name=file_name("mask_rates", block.dataset, block.label),
        title=f"{block.dataset}, {block.label}: each strategy at the common mask rate and at its best",
        columns=("method", *(f"validation at {rate:g}" for rate in rates), "seeds of it", "best rate", *tested),
        rows=rows,
        notes=[
            *notes.listed(),
            Note(
                "",
                f"The best rate has the best mean validation score, in percent, over the seeds "
                f"{', '.join(map(str, SELECTION_SEEDS))}, of equals the one nearer {COMMON_RATE}. Test scores "
                "are of other seeds alone: mean ± standard deviation in percent.",
            ),
        ],
    )


def _percent(score: float | None) -> Cell:
    return Cell(None if score is None else Number(score, f"{score:.2f}"))


def _reported(group: Group) -> Group:
    """The runs that chose nothing."""
    return replace(group, runs=[run for run in group.runs if run.seed not in SELECTION_SEEDS])


def _score(group: Group | None, metric: str, ddof: int) -> Cell:
    if group is None:
        return Cell(None)
    reported = _reported(group)
    return Cell(reported.aggregate(metric, ddof) if reported.runs else Missing(len(REPORTING_SEEDS)))


def _missing(block: Block, search: RateSearch, command_line: CommandLine, notes: Notes) -> tuple[str, ...]:
    """Mark what is missing at the two rates that are reported, with its commands."""
    marks = []
    for rate in dict.fromkeys((COMMON_RATE, search.best)):
        group = search.groups.get(rate)
        if group is None:
            continue
        lacking = [seed for seed in REPORTING_SEEDS if seed not in group.by_seed]
        if lacking:
            settings = settings_like(block, group)
            command = command_line(block.dataset, block.model, group.method, lacking, settings, "")
            text = f"{Missing(len(lacking))} of {len(REPORTING_SEEDS)} at {rate:g}:"
            marks.append(notes.mark(text, command))
    return tuple(marks)
