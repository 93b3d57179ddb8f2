"""How long a method takes to its best validation score, and to that of the single-task reference."""

from collections.abc import Sequence

import numpy as np

from auxtask.evaluation.groups import Block, Group
from auxtask.ground.escaping import file_name
from auxtask.runs.reading import Run
from auxtask.tables.values import Cell, Note, Number, Table


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
    rows = [
        [Cell(group.label), *_cells(group, targets)]
        for group in block.groups
        if all(run.history for run in group.runs)
    ]
    columns = ("steps to best", "steps to stl's best", "steps in all", "seconds scoring", "seconds training")
    return Table(
        name=file_name("efficiency", block.dataset, block.label),
        title=f"{block.dataset}, {block.label}: steps and seconds, means over seeds",
        columns=("method", *columns),
        rows=rows,
        notes=[
            Note("", "Best is by validation macro-F1; stl's best is that of the same seed, where it is reached.")
        ],
    )


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
