"""What an experiment would find: the smallest detectable differences of a test split, from the reference alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from auxtask.evaluation.comparisons import Resampled
from auxtask.evaluation.contrasts import REFERENCE
from auxtask.evaluation.groups import Block, Group
from auxtask.evaluation.significance import detectable_by_pair
from auxtask.ground.escaping import file_name
from auxtask.runs.metrics import HEADINGS, REPORTED
from auxtask.tables.values import Cell, Note, Number, Table

SEEDS = (3, 5, 10)
PLANNING = (
    f"From pairs of runs of {REFERENCE} that differ in their seeds, before any comparison is looked at. "
    "Discordant: the share of test documents that one run of a pair classifies correctly and the other does not. "
    "One pair: "
    "McNemar's test of two runs, seeds as given; empty where so few discordant documents cannot tell. Of several "
    "seeds: 2.80 √(v/N + s²/S), v the variance of the mean difference over N documents and s that of differences "
    "over S seeds; in brackets by Student's t with one degree less than seeds. Two-sided .05, power .8."
)


def discordant_share(correct: NDArray[np.bool_]) -> float:
    """Give the mean share of documents that one of two runs classifies correctly and the other does not.

    Args:
        correct: (runs, documents), two runs or more.

    Returns:
        The mean over all pairs of runs, in [0, 1].

    >>> discordant_share(np.array([[True, True], [True, False], [True, False]])).__round__(3)
    0.333
    """
    runs, right = len(correct), correct.sum(axis=0)
    return float(np.mean(right * (runs - right))) / (runs * (runs - 1) / 2)


def power_table(dataset: str, blocks: Sequence[Block], resampled: Resampled) -> Table:
    """Lay out the smallest detectable differences of a data set.

    Args:
        dataset: one of the blocks'.
        blocks: of all data sets.
        resampled: scores over resamples of the test documents.

    Returns:
        A row a model whose single-task reference has two runs or more.
    """
    rows = [
        [Cell(block.label), *_cells(group, resampled)]
        for block in blocks
        for group in block.groups
        if block.dataset == dataset
        and group.strategy == REFERENCE
        and len(group.runs) > 1
        and resampled.scores(group)
    ]
    columns = [f"{HEADINGS[metric]}, {seeds} seeds" for metric in REPORTED for seeds in SEEDS]
    return Table(
        name=file_name("detectable", dataset),
        title=f"{dataset}: smallest detectable differences in points",
        columns=("model", f"runs of {REFERENCE}", "test documents", "discordant", "micro-F1, one pair", *columns),
        rows=rows,
        notes=[Note("", PLANNING)],
    )


def _cells(group: Group, resampled: Resampled) -> list[Cell]:
    predictions = [run.predictions for run in group.runs if run.predictions is not None]
    correct = np.array([each.predicted == each.labels for each in predictions])
    discordant = discordant_share(correct)
    pair = detectable_by_pair(discordant, correct.shape[1])
    return [
        Cell(len(correct)),
        Cell(correct.shape[1]),
        Cell(Number(discordant, f"{discordant:.3f}")),
        Cell(None if pair is None else Number(100 * pair, f"{100 * pair:.2f}")),
        *(Cell(resampled.detectable(group, metric, seeds)) for metric in REPORTED for seeds in SEEDS),
    ]
