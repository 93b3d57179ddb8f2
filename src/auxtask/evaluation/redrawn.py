"""Runs on documents that were drawn anew: folds, resplits, and parts of the training documents."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from auxtask.evaluation.groups import Block, comparable_blocks
from auxtask.runs.reading import Run

FRACTION, SPLIT, FOLD, RESPLIT = (f"dataset.{name}" for name in ("train_fraction", "split", "fold", "resplit"))
FOLDS, RESPLITS, FRACTIONS = "cross-validation", "resplits", "part of the training documents"


@dataclass(frozen=True)
class Redrawn:
    """Runs whose documents were drawn in one way.

    Args:
        kind: `FOLDS`, `RESPLITS` or `FRACTIONS`.
        title: the kind, with what tells it from its namesakes.
        blocks: whose groups hold the runs of all folds, resplits or fractions together.
    """

    kind: str
    title: str
    blocks: Sequence[Block]


def of_own_splits(runs: Sequence[Run]) -> list[Run]:
    """Keep the runs on the whole of a data set's own splits."""
    return [run for run in runs if not {FRACTION, SPLIT, RESPLIT} & run.settings.keys()]


def redrawn_runs(runs: Sequence[Run], dataset: str) -> list[Redrawn]:
    """Sort the runs of a data set by how their documents were drawn.

    Args:
        runs: of any data sets and settings.
        dataset: the one that is asked for.

    Returns:
        Cross-validations by their number of folds, resplits, and fractions, these beside the runs on all training
        documents that share all other settings; empty where every run has the data set's own splits.
    """
    by_title: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        if run.dataset != dataset:
            continue
        fraction = fraction_of(run)
        part = f", {fraction:g} of train" if fraction != 1 else ""
        if split := run.settings.get(SPLIT):
            by_title.setdefault((FOLDS, f"{FOLDS} {split}{part}"), []).append(_without(run, FOLD))
        elif RESPLIT in run.settings:
            by_title.setdefault((RESPLITS, f"{RESPLITS}{part}"), []).append(_without(run, RESPLIT))
        else:
            by_title.setdefault((FRACTIONS, FRACTIONS), []).append(_without(run, FRACTION))
    found = []
    for (kind, title), members in by_title.items():
        if kind == FRACTIONS and all(fraction_of(run) == 1 for run in members):
            continue
        blocks = [
            replace(block, label=f"{block.label}, {title}")
            for block in comparable_blocks(members)
            if kind != FRACTIONS or any(fraction_of(run) != 1 for group in block.groups for run in group.runs)
        ]
        if blocks:
            found.append(Redrawn(kind, title, blocks))
    return sorted(found, key=lambda each: each.title)


def fraction_of(run: Run) -> float:
    """Give the share of the training documents that a run has seen."""
    return float(run.data_settings.get(FRACTION) or 1)


def part_of(run: Run) -> int:
    """Give the number of the fold, or the seed of the resplit, that tested a run."""
    fold = run.data_settings.get(FOLD)
    return int(run.data_settings[RESPLIT] if fold is None else fold)


def _without(run: Run, option: str) -> Run:
    return replace(run, settings={name: value for name, value in run.settings.items() if name != option})
