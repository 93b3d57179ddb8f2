"""Each method against the single-task and the random-masking reference: the difference, and is it chance?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auxtask.evaluation.groups import Block, Group
from auxtask.evaluation.runs import METRICS, Predictions
from auxtask.evaluation.score_tables import HEADINGS
from auxtask.evaluation.significance import Difference, Resamples, holm, paired_bootstrap, seed_interval
from auxtask.evaluation.table import Cell, Note, Number, Table, signed

REFERENCES = ("stl", "rtm")
LEVEL = 0.05


@dataclass(frozen=True)
class Comparison:
    """A method against a reference, by one metric; differences in percentage points.

    Args:
        dataset, metric: what they are compared by.
        model, method, reference: labels.
        documents: the difference of the means over seeds, and its certainty over test documents; None where a
            run's predictions are missing.
        p_holm: the corrected p; None likewise.
        seeds: differences at the seeds that both have.
    """

    dataset: str
    metric: str
    model: str
    method: str
    reference: str
    documents: Difference | None
    p_holm: float | None
    seeds: Sequence[float]

    @property
    def outcome(self) -> str:
        """`win` or `loss` where the corrected p is below 0.05, else `tie`."""
        if self.documents is None or self.p_holm is None or self.p_holm >= LEVEL:
            return "tie"
        return "win" if self.documents.value > 0 else "loss"


class Resampled:
    """Scores of groups over the same resamples of a data set's test documents, computed once for each.

    Args:
        count: of resamples.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._resamples: dict[bytes, Resamples] = {}
        self._scores: dict[tuple[str, ...], tuple[bytes, dict[str, NDArray[np.float64]]] | None] = {}

    def mean_scores(self, group: Group) -> tuple[bytes, dict[str, NDArray[np.float64]]] | None:
        """Average the scores over a group's seeds.

        Args:
            group: some runs.

        Returns:
            What identifies the test documents, and by metric (1 + resamples,) scores in percent; None where a
            run lacks its predictions.
        """
        name = tuple(run.path for run in group.runs)
        if name not in self._scores:
            self._scores[name] = self._score([run.predictions for run in group.runs])
        return self._scores[name]

    def _score(self, of_runs: Sequence[Predictions | None]) -> tuple[bytes, dict[str, NDArray[np.float64]]] | None:
        predictions = [of_run for of_run in of_runs if of_run is not None]
        documents = {of_run.labels.tobytes() for of_run in predictions}
        if len(predictions) < len(of_runs) or len(documents) > 1:
            return None
        scores = self._of(predictions[0]).scores([of_run.predicted for of_run in predictions])
        return documents.pop(), {metric: 100 * scores[metric].mean(axis=1) for metric in METRICS}

    def _of(self, predictions: Predictions) -> Resamples:
        key = predictions.labels.tobytes()
        if key not in self._resamples:
            self._resamples[key] = Resamples(predictions.labels, len(predictions.class_names), self._count)
        return self._resamples[key]


def compare(dataset: str, blocks: Sequence[Block], resamples: int) -> list[Comparison]:
    """Compare every method of a data set with the references of its block.

    Args:
        dataset: one of the blocks'.
        blocks: of all data sets.
        resamples: of the test documents.

    Returns:
        By metric, block and method; p is corrected over all comparisons of the data set by the same metric.
    """
    resampled = Resampled(resamples)
    pairs = [
        (block, group, reference)
        for block in blocks
        if block.dataset == dataset
        for group in block.groups
        for reference in block.groups
        if reference.method in REFERENCES and group.method not in ("stl", reference.method)
    ]
    comparisons = []
    for metric in METRICS:
        differences = [_difference(resampled, group, reference, metric) for _, group, reference in pairs]
        corrected = iter(holm([difference.p for difference in differences if difference]))
        for (block, group, reference), difference in zip(pairs, differences, strict=True):
            comparisons.append(
                Comparison(
                    dataset=dataset,
                    metric=metric,
                    model=block.label,
                    method=group.label,
                    reference=reference.label,
                    documents=difference,
                    p_holm=next(corrected) if difference else None,
                    seeds=_seed_differences(group, reference, metric),
                )
            )
    return comparisons


def _difference(resampled: Resampled, group: Group, reference: Group, metric: str) -> Difference | None:
    first, second = resampled.mean_scores(group), resampled.mean_scores(reference)
    if first is None or second is None or first[0] != second[0]:
        return None
    return paired_bootstrap(first[1][metric], second[1][metric])


def _seed_differences(group: Group, reference: Group, metric: str) -> list[float]:
    return [
        100 * (group.by_seed[seed].scores[metric] - reference.by_seed[seed].scores[metric])
        for seed in group.seeds_in_common(reference)
    ]


def difference_table(comparisons: Sequence[Comparison]) -> Table:
    """Lay out the comparisons of one data set and metric.

    Args:
        comparisons: at least one.

    Returns:
        A row a comparison.
    """
    dataset, metric = comparisons[0].dataset, comparisons[0].metric
    rows = [
        [
            Cell(comparison.model),
            Cell(comparison.method),
            Cell(comparison.reference),
            *_document_cells(comparison),
            Cell(seed_interval(comparison.seeds)),
            Cell(_tally(comparison.seeds)),
        ]
        for comparison in comparisons
    ]
    columns = ("difference", "95 % over documents", "p", "p, Holm", "95 % over seeds", "seeds better/equal/worse")
    return Table(
        name=f"differences_{dataset}_{metric}",
        title=f"{dataset}: {HEADINGS[metric]} against the references, percentage points",
        columns=("model", "method", "against", *columns),
        rows=rows,
        labels=3,
        notes=[
            Note(
                "",
                "Over documents: paired bootstrap of the test documents, scores averaged over seeds; p is "
                f"two-sided and corrected over the {len(comparisons)} rows. Over seeds: Student's t of the "
                "differences at equal seeds.",
            )
        ],
    )


def _document_cells(comparison: Comparison) -> list[Cell]:
    difference = comparison.documents
    if difference is None or comparison.p_holm is None:
        mean = float(np.mean(comparison.seeds)) if comparison.seeds else None
        return [Cell(None if mean is None else Number(mean, signed(mean))), Cell(None), Cell(None), Cell(None)]
    return [
        Cell(Number(difference.value, signed(difference.value))),
        Cell(difference.interval),
        Cell(_p_value(difference.p)),
        Cell(_p_value(comparison.p_holm)),
    ]


def _p_value(p: float) -> Number:
    return Number(p, f"{p:.3f}")


def _tally(differences: Sequence[float]) -> str:
    signs = [round(difference, 9) for difference in differences]
    return f"{sum(s > 0 for s in signs)}/{sum(s == 0 for s in signs)}/{sum(s < 0 for s in signs)}"


def outcome_table(comparisons: Sequence[Comparison]) -> Table:
    """Count wins, ties and losses of each method over all data sets and models.

    Args:
        comparisons: of all data sets.

    Returns:
        A row a method, reference and metric.
    """
    outcomes: dict[tuple[str, str, str], list[str]] = {}
    for comparison in comparisons:
        name = comparison.method, comparison.reference, comparison.metric
        outcomes.setdefault(name, []).append(comparison.outcome)
    rows = [
        [
            *(Cell(text) for text in (method, reference, HEADINGS[metric])),
            *(Cell(found.count(outcome)) for outcome in ("win", "tie", "loss")),
        ]
        for (method, reference, metric), found in outcomes.items()
    ]
    return Table(
        name="outcomes",
        title="Wins, ties and losses over data sets and models",
        columns=("method", "against", "metric", "wins", "ties", "losses"),
        rows=rows,
        labels=3,
        notes=[Note("", f"A win or a loss has a corrected p below {LEVEL}.")],
    )
