"""What a method costs: rows before training, steps and seconds to its best score and to the reference's."""

from collections.abc import Sequence

import numpy as np

from auxtask.evaluation.contrasts import masks
from auxtask.evaluation.groups import Block, Group
from auxtask.ground.escaping import file_name
from auxtask.runs.reading import Run
from auxtask.tables.values import Cell, Note, Number, Table

COST_NOTE = (
    "Rows a document are those that an encoder reads to score what is masked, before training and whether or not "
    "a cache knew them; refreshes during training and the classifier of selective masking come on top."
)


def efficiency_table(block: Block) -> Table:
    """Lay out steps and seconds of the methods of a block, means over seeds.

    Args:
        block: runs of one data set and model.

    Returns:
        A row a method that trains by steps.
    """
    targets = {
        run.seed: best_score(run) for group in block.groups if group.strategy == "stl" for run in group.runs
    }
    groups = [group for group in block.groups if all(run.history for run in group.runs)]
    columns = ["steps to best", "steps to stl's best", "steps in all", "seconds scoring", "seconds training"]
    rows = [[Cell(group.label), *_cells(group, targets)] for group in groups]
    notes = [Note("", "Best is by validation macro-F1; stl's best is that of the same seed, where it is reached.")]
    # Runs from before costs were counted get no columns for them.
    if any(masks(group) and scoring_cost(group) for group in groups):
        columns += ["rows a document", "tokens a row"]
        for row, group in zip(rows, groups, strict=True):
            row += _cost_cells(scoring_cost(group))
        notes.append(Note("", COST_NOTE))
    return Table(
        name=file_name("efficiency", block.dataset, block.label),
        title=f"{block.dataset}, {block.label}: steps and seconds, means over seeds",
        columns=("method", *columns),
        rows=rows,
        notes=notes,
    )


def scoring_cost(group: Group) -> tuple[float, float] | None:
    """Tell what the scores of a method cost before training, the mean over seeds.

    Args:
        group: runs of one setting.

    Returns:
        Rows that an encoder reads for each document that is masked, those of several tasks together, and all the
        tokens in them; 0 and 0 where nothing is masked. None for runs that did not count them.
    """
    if not masks(group):
        return 0.0, 0.0
    counted = [[facts for facts in run.task_facts.values() if "rows_per_document" in facts] for run in group.runs]
    runs = sum(map(bool, counted))
    if not runs:
        return None
    costs = [
        (facts["rows_per_document"], facts["rows_per_document"] * facts.get("tokens_per_row", 0.0))
        for of_run in counted
        for facts in of_run
    ]
    rows, tokens = np.sum(costs, axis=0) / runs
    return float(rows), float(tokens)


def _cost_cells(cost: tuple[float, float] | None) -> list[Cell]:
    if cost is None:
        return [Cell(None), Cell(None)]
    rows, tokens = cost
    return [
        Cell(Number(rows, f"{rows:,.1f}" if rows else "0")),
        Cell(Number(tokens / rows, f"{tokens / rows:,.1f}") if rows else None),
    ]


def _cells(group: Group, targets: dict[int, float]) -> list[Cell]:
    reached = [
        steps
        for run in group.runs
        if run.seed in targets and (steps := steps_to_reach(run, targets[run.seed])) is not None
    ]
    of_seeds = sum(run.seed in targets for run in group.runs)
    return [
        _mean([run.best_step for run in group.runs]),
        Cell(f"{np.mean(reached):.0f} ({len(reached)} of {of_seeds} seeds)" if reached else "never")
        if of_seeds
        else Cell(None),
        _mean([run.steps for run in group.runs]),
        _mean([run.seconds.get("score", 0.0) for run in group.runs]),
        _mean([run.seconds["train"] for run in group.runs]),
    ]


def _mean(values: Sequence[float]) -> Cell:
    mean = float(np.mean(values))
    return Cell(Number(mean, f"{mean:,.0f}"))


def best_score(run: Run) -> float:
    """Give the best validation macro-F1 of a run; 0 without a history."""
    return max((float(row["valid"]["macro_f1"]) for row in run.history), default=0.0)


def steps_to_reach(run: Run, score: float) -> int | None:
    """Give the step of the first evaluation with at least a validation macro-F1; None where it is not reached."""
    return next((int(row["step"]) for row in run.history if float(row["valid"]["macro_f1"]) >= score), None)
