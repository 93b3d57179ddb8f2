"""Each method against its references: the difference, is it chance, and what would have been found?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from auxtask.evaluation.contrasts import PlannedContrast, contrasts
from auxtask.evaluation.groups import Block, Group
from auxtask.evaluation.score_tables import LINEAR_YARDSTICKS
from auxtask.evaluation.significance import (
    Difference,
    Resamples,
    crossed_bootstrap,
    detectable,
    draw_counts,
    holm,
    null_error,
)
from auxtask.runs.metrics import REPORTED
from auxtask.runs.reading import Predictions, Run
from auxtask.tables.values import Detectable

LEVEL = 0.05
# Documents and seeds are drawn from streams of their own, the same for all comparisons.
DOCUMENT_STREAM, SEED_STREAM = 0, 1


@dataclass(frozen=True)
class Comparison:
    """A method against a reference, by one metric; differences in percentage points.

    Args:
        dataset, metric: what they are compared by.
        model, method, reference: labels.
        hypothesis: the name under which the comparison was planned; empty where it explores.
        difference: of the means over paired seeds, with its certainty; None where no seed is paired or a run's
            predictions are missing.
        seeds: differences at the paired seeds.
        detectable: the smallest difference that would be found, from the runs of the reference; None of one run.
        p_holm: p, corrected over all planned comparisons (`corrected`); None of others, and before that.
    """

    dataset: str
    metric: str
    model: str
    method: str
    reference: str
    hypothesis: str
    difference: Difference | None
    seeds: Sequence[float]
    detectable: Detectable | None
    p_holm: float | None = None

    @property
    def outcome(self) -> str:
        """`win` or `loss` where p is below 0.05, the corrected one if the comparison was planned, else `tie`."""
        if self.difference is None:
            return "tie"
        p = self.difference.p if self.p_holm is None else self.p_holm
        if p >= LEVEL:
            return "tie"
        return "win" if self.difference.value > 0 else "loss"

    @property
    def verdict(self) -> str:
        """In a word: `better`, `worse`, `not detectable` or `open`.

        Not detectable is a difference whose interval includes 0 and that is below the smallest detectable one.
        """
        if self.difference is None:
            return ""
        if self.outcome != "tie":
            return "better" if self.outcome == "win" else "worse"
        if self.detectable is None:
            return "open"
        threshold = self.detectable.normal if self.detectable.t is None else self.detectable.t
        low, high = self.difference.interval.low, self.difference.interval.high
        return "not detectable" if low <= 0 <= high and abs(self.difference.value) < threshold else "open"


class Resampled:
    """Scores of groups over the same resamples of a data set's test documents, computed once for each.

    Test documents that are copies of each other are drawn together, a bootstrap of clusters (Davison and
    Hinkley 1997).

    Args:
        count: of resamples.
        runs: of the data set; any of them tells which of its test documents are copies of each other.
    """

    def __init__(self, count: int, runs: Sequence[Run] = ()) -> None:
        self._count = count
        self._repeats = {
            run.predictions.labels.tobytes(): run.test_repeats
            for run in runs
            if run.predictions is not None and run.test_repeats
        }
        self._resamples: dict[bytes, Resamples] = {}
        self._seed_draws: dict[int, NDArray[np.uint8]] = {}
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

    def seed_draws(self, seeds: int) -> NDArray[np.uint8]:
        """Give the draws of a number of seeds, (1 + resamples, seeds)."""
        if seeds not in self._seed_draws:
            self._seed_draws[seeds] = draw_counts(seeds, self._count, SEED_STREAM)
        return self._seed_draws[seeds]

    def detectable(self, reference: Group, metric: str, seeds: int) -> Detectable | None:
        """Give the smallest difference from a reference that is found, in percentage points.

        Args:
            reference: its own runs, in pairs, say how far chance puts two runs apart.
            metric: `micro_f1` or `macro_f1`.
            seeds: of the comparison.

        Returns:
            None where the reference has one run, or one without predictions.
        """
        scores = self.scores(reference)
        error = null_error(scores[1][metric], seeds) if scores and seeds else None
        return None if error is None else detectable(error, seeds)

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
            units = units_of(len(predictions.labels), self._repeats.get(key, ()))
            draws = draw_counts(int(units.max(initial=-1)) + 1, self._count, DOCUMENT_STREAM)
            self._resamples[key] = Resamples(predictions.labels, len(predictions.class_names), draws[:, units])
        return self._resamples[key]


def units_of(documents: int, repeats: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Number what is drawn as one: a document, or all that are copies of each other.

    Args:
        documents: how many there are.
        repeats: the numbers of those of equal text, as from `auxtask.data.copies.repeated_texts`.

    Returns:
        The number of each document's unit, counted from 0 in the order of their first documents, (documents,).

    >>> units_of(5, [[1, 3]]).tolist()
    [0, 1, 2, 1, 3]
    """
    first = np.arange(documents)
    for group in repeats:
        first[list(group)] = group[0]
    return np.unique(first, return_inverse=True)[1]


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


def compare(
    dataset: str, blocks: Sequence[Block], resampled: Resampled, planned: Mapping[str, PlannedContrast]
) -> list[Comparison]:
    """Compare the methods of a data set as `contrasts` says.

    Args:
        dataset: one of the blocks'.
        blocks: of all data sets.
        resampled: scores over resamples of the test documents and of the seeds.
        planned: what was named before any run, by the name of the hypothesis.

    Returns:
        By metric, block and method; p is corrected once those of all data sets are known, by `corrected`.
    """
    found = [
        (block, contrast) for block in blocks if block.dataset == dataset for contrast in contrasts(block, planned)
    ]
    comparisons = []
    for metric in REPORTED:
        for block, contrast in found:
            pairs = paired_runs(contrast.group, contrast.reference)
            comparisons.append(
                Comparison(
                    dataset=dataset,
                    metric=metric,
                    model=block.label,
                    method=contrast.group.label,
                    reference=contrast.reference.label,
                    hypothesis=contrast.hypothesis(metric),
                    difference=_difference(resampled, contrast.group, contrast.reference, pairs, metric),
                    seeds=[100 * (run.scores[metric] - other.scores[metric]) for run, other in pairs],
                    detectable=resampled.detectable(contrast.reference, metric, len(pairs)),
                )
            )
    return comparisons


def corrected(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Correct the p of planned comparisons for their number, as one family over a whole report (Holm 1979).

    Args:
        comparisons: of all data sets, models and metrics.

    Returns:
        All of them, in their order.
    """
    family = [each.difference.p for each in comparisons if each.hypothesis and each.difference]
    p_values = iter(holm(family))
    return [
        replace(each, p_holm=next(p_values)) if each.hypothesis and each.difference else each
        for each in comparisons
    ]


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
