"""Why a method gains or not: what its tasks mask and learn, and whether they pull where the main task does."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from auxtask.evaluation.groups import Block, Group
from auxtask.ground.escaping import file_name
from auxtask.ground.names import MAIN
from auxtask.runs.reading import Run
from auxtask.tables.values import Cell, Note, Number, Table

NOTE = (
    "At the ceiling are tokens whose mask probability is at least .95 of the greatest in their document: they are "
    "masked all but alike, as by random masking. Loss is the training loss of the task until the first and before "
    "the last evaluation. Cosine and norm ratio are those of the task's gradient with the main task's over the "
    "shared encoder, without dropout and before any weight (trainer.gradient_documents), at the first and last "
    "evaluation: a cosine near 0 pulls the encoder elsewhere, one below 0 against the main task. All are means "
    "over seeds."
)


def _at(row: int, group: str, name: str = "") -> Callable[[Run, str], Any]:
    """Read an evaluation of a run: what a group of its row says of a task."""

    def read(run: Run, task: str) -> Any:
        found = run.history[row].get(group, {}).get(task) if run.history else None
        return found.get(name) if isinstance(found, Mapping) else found

    return read


def _fact(name: str) -> Callable[[Run, str], Any]:
    return lambda run, task: run.task_facts.get(task, {}).get(name)


# Of each column: how a value is read off a run and a task, and how the mean is printed.
COLUMNS: Mapping[str, tuple[Callable[[Run, str], Any], str]] = {
    "at the ceiling": (_fact("at_ceiling"), ".1%"),
    "std of mask probability": (_fact("probability_std"), ".3f"),
    "correlation with L3Masking": (_fact("l3masking_correlation"), ".2f"),
    "loss, first": (_at(0, "losses"), ".3f"),
    "loss, last": (_at(-1, "losses"), ".3f"),
    "cosine, first": (_at(0, "tasks", "gradient_cosine"), "+.3f"),
    "cosine, last": (_at(-1, "tasks", "gradient_cosine"), "+.3f"),
    "norm ratio, first": (_at(0, "tasks", "gradient_norm_ratio"), ".2f"),
    "norm ratio, last": (_at(-1, "tasks", "gradient_norm_ratio"), ".2f"),
}


def mechanism_table(block: Block) -> Table | None:
    """Lay out what the auxiliary tasks of a block do, means over seeds.

    Args:
        block: runs of one data set and model.

    Returns:
        A row a method and task, with the columns that any run knows; None where no run has compared gradients.
    """
    rows = [(group, task) for group in block.groups for task in _tasks(group)]
    found = {
        column: [_mean([read(run, task) for run in group.runs]) for group, task in rows]
        for column, (read, _) in COLUMNS.items()
    }
    known = {column: means for column, means in found.items() if any(mean is not None for mean in means)}
    if not any(column.startswith("cosine") for column in known):
        return None
    return Table(
        name=file_name("mechanism", block.dataset, block.label),
        title=f"{block.dataset}, {block.label}: what the auxiliary tasks do",
        columns=("method", "task", *known),
        rows=[
            [Cell(group.label), Cell(task), *(_cell(column, means[at]) for column, means in known.items())]
            for at, (group, task) in enumerate(rows)
        ],
        labels=2,
        notes=[Note("", NOTE)],
    )


def _cell(column: str, mean: float | None) -> Cell:
    return Cell(None if mean is None else Number(mean, format(mean, COLUMNS[column][1])))


def _tasks(group: Group) -> list[str]:
    """The auxiliary tasks of some runs."""
    return list(
        dict.fromkeys(task for run in group.runs for row in run.history for task in row["losses"] if task != MAIN)
    )


def _mean(values: Sequence[Any]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return float(np.mean(known)) if known else None
