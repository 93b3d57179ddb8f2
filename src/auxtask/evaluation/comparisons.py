"""Each method against the single-task and the random-masking reference: the difference, and is it chance?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auxtask.evaluation.groups import Block, Group
from auxtask.evaluation.score_tables import LINEAR_YARDSTICKS
from auxtask.evaluation.significance import (
    MANY_SEEDS,
    Difference,
    Resamples,
    crossed_bootstrap,
    draw_counts,
    holm,
)
from auxtask.ground.escaping import file_name
from auxtask.runs.metrics import HEADINGS, REPORTED
from auxtask.runs.reading import Predictions, Run
from auxtask.tables.values import Cell, Note, Notes, Number, Table, signed

REFERENCES = ("stl", "rtm")
LEVEL = 0.05
# Documents and seeds are drawn from streams of their own, the same for all comparisons.
DOCUMENT_STREAM, SEED_STREAM = 0, 1
BOOTSTRAP = (
    "Paired bootstrap of test documents and seeds, crossed: a replicate draws both anew, the same for the two "
    f"methods. Below {MANY_SEEDS} seeds interval and p are Student's t with one degree less than seeds, from the "
    "variance of the replicates and s²/S² (s² that of the S differences at equal seeds); else percentiles. The "
    "one run of a linear yardstick stands beside every seed."
)
DETECTABLE = (
    "MDE: the smallest difference that is found with power .8 at two-sided .05, 2.80 times the standard error "
    "of the row itself; in brackets by Student's t, which the verdict goes by. Not detectable is a difference "
    "that is not certain and below it, which is not the same as no effect; open is one above it whose corrected "
    "p is not small."
)


@dataclass(frozen=True)
class Comparison:
    """A method against a reference, by one metric; differences in percentage points.

    Args:
        dataset, metric: what they are compared by.
        model, method, reference: labels.
        difference: of the means over paired seeds, with its certainty; None where no seed is paired or a run's
            predictions are missing.
        p_holm: the corrected p; None likewise.
        seeds: differences at the paired seeds.
    """

    dataset: str
    metric: str
    model: str
    method: str
    reference: str
    difference: Difference | None
    p_holm: float | None
    seeds: Sequence[float]

    @property
    def outcome(self) -> str:
        """`win` or `loss` where the corrected p is below 0.05, else `tie`."""
        if self.difference is None or self.p_holm is None or self.p_holm >= LEVEL:
            return "tie"
        return "win" if self.difference.value > 0 else "loss"

    @property
    def verdict(self) -> str:
        """In a word: `better`, `worse`, `not detectable` below the smallest detectable difference, or `open`."""
        if self.difference is None:
            return ""
        if self.outcome != "tie":
            return "better" if self.outcome == "win" else "worse"
        smallest = self.difference.detectable
        threshold = smallest.normal if smallest.t is None else smallest.t
        return "not detectable" if abs(self.difference.value) < threshold else "open"


class Resampled:
    """Scores of groups over the same resamples of a data set's test documents, computed once for each.

    Args:
        count: of resamples.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._resamples: dict[bytes, Resamples] = {}
        self._seed_draws: dict[int, NDArray[np.float32]] = {}
        self._scores: dict[tuple[str, ...], tuple[bytes, dict[str, NDArray[np.float64]]] | None] = {}

    def scores(self, group: Group) -> tuple[bytes, dict[str, NDArray[np.float64]]] | None:
        """Score the runs of a group.

        Args:
            group: some runs.

        Returns:
            What identifies the test documents, and by metric (1 + resamples, runs) scores in percent; None where a
            run lacks its predictions.
        """
        name = tuple(run.path for run in group.runs)
        if name not in self._scores:
            self._scores[name] = self._score([run.predictions for run in group.runs])
        return self._scores[name]

    def seed_draws(self, seeds: int) -> NDArray[np.float32]:
        """Give the draws of a number of seeds, (1 + resamples, seeds)."""
        if seeds not in self._seed_draws:
            self._seed_draws[seeds] = draw_counts(seeds, self._count, SEED_STREAM)
        return self._seed_draws[seeds]

    def _score(self, of_runs: Sequence[Predictions | None]) -> tuple[bytes, dict[str, NDArray[np.float64]]] | None:
        predictions = [of_run for of_run in of_runs if of_run is not None]
        documents = {of_run.labels.tobytes() for of_run in predictions}
        if len(predictions) < len(of_runs) or len(documents) > 1:
            return None
        scores = self._of(predictions[0]).scores([of_run.predicted for of_run in predictions])
        return documents.pop(), {metric: 100 * scores[metric] for metric in REPORTED}

    def _of(self, predictions: Predictions) -> Resamples:
        key = predictions.labels.tobytes()
        if key not in self._resamples:
            draws = draw_counts(len(predictions.labels), self._count, DOCUMENT_STREAM)
            self._resamples[key] = Resamples(predictions.labels, len(predictions.class_names), draws)
        return self._resamples[key]


def paired_runs(group: Group, reference: Group) -> list[tuple[Run, Run]]:
    """Pair the runs of two groups by the seeds that both have.

    Args:
        group, reference: of one data set.

    Returns:
        In the order of the seeds. The one run of a linear yardstick, whose seed is next to nothing to it, stands
        beside each run of the reference.
    """
    if group.method in LINEAR_YARDSTICKS and len(group.runs) == 1:
        return [(group.runs[0], run) for run in reference.runs]
    return [(group.by_seed[seed], reference.by_seed[seed]) for seed in group.seeds_in_common(reference)]


def compare(dataset: str, blocks: Sequence[Block], resamples: int) -> list[Comparison]:
    """Compare every method of a data set with the references of its block.

    Args:
        dataset: one of the blocks'.
        blocks: of all data sets.
        resamples: of the test documents and of the seeds.

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
    runs = [paired_runs(group, reference) for _, group, reference in pairs]
    comparisons = []
    for metric in REPORTED:
        differences = [
            _difference(resampled, group, reference, of_seeds, metric)
            for (_, group, reference), of_seeds in zip(pairs, runs, strict=True)
        ]
        corrected = iter(holm([difference.p for difference in differences if difference]))
        for (block, group, reference), of_seeds, difference in zip(pairs, runs, differences, strict=True):
            comparisons.append(
                Comparison(
                    dataset=dataset,
                    metric=metric,
                    model=block.label,
                    method=group.label,
                    reference=reference.label,
                    difference=difference,
                    p_holm=next(corrected) if difference else None,
                    seeds=[100 * (run.scores[metric] - other.scores[metric]) for run, other in of_seeds],
                )
            )
    return comparisons


def _difference(
    resampled: Resampled, group: Group, reference: Group, pairs: Sequence[tuple[Run, Run]], metric: str
) -> Difference | None:
    first, second = resampled.scores(group), resampled.scores(reference)
    if not pairs or first is None or second is None or first[0] != second[0]:
        return None
    columns = [group.runs.index(run) for run, _ in pairs], [reference.runs.index(run) for _, run in pairs]
    return crossed_bootstrap(
        first[1][metric][:, columns[0]], second[1][metric][:, columns[1]], resampled.seed_draws(len(pairs))
    )


def difference_table(comparisons: Sequence[Comparison]) -> Table:
    """Lay out the comparisons of one data set and metric.

    Args:
        comparisons: at least one.

    Returns:
        A row a comparison.
    """
    dataset, metric = comparisons[0].dataset, comparisons[0].metric
    notes = Notes()
    rows = [
        [
            Cell(comparison.model),
            Cell(comparison.method),
            Cell(comparison.reference),
            *_difference_cells(comparison, notes),
            Cell(_tally(comparison.seeds)),
        ]
        for comparison in comparisons
    ]
    columns = ("difference", "95 %", "p", "p, Holm", "MDE", "verdict", "seeds better/equal/worse")
    return Table(
        name=file_name("differences", dataset, metric),
        title=f"{dataset}: {HEADINGS[metric]} against the references, percentage points",
        columns=("model", "method", "against", *columns),
        rows=rows,
        labels=3,
        notes=[
            *notes.listed(),
            Note("", f"{BOOTSTRAP} p is two-sided, and corrected over the {len(comparisons)} rows."),
            Note("", DETECTABLE),
        ],
    )


def _difference_cells(comparison: Comparison, notes: Notes) -> list[Cell]:
    difference = comparison.difference
    if difference is None or comparison.p_holm is None:
        if not comparison.seeds:
            return [Cell(None, marks=(notes.mark("no seed in common"),)), *[Cell(None)] * 5]
        mean, mark = float(np.mean(comparison.seeds)), notes.mark("without the predictions of every run")
        return [Cell(Number(mean, signed(mean)), marks=(mark,)), *[Cell(None)] * 5]
    marks = (notes.mark("one seed: the certainty is over test documents alone"),) if difference.seeds == 1 else ()
    return [
        Cell(Number(difference.value, signed(difference.value))),
        Cell(difference.interval, marks=marks),
        Cell(_p_value(difference.p)),
        Cell(_p_value(comparison.p_holm)),
        Cell(difference.detectable),
        Cell(comparison.verdict),
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
