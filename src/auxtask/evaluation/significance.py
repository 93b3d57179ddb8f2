"""Is a difference chance? Bootstrap over test documents and seeds, detectable differences, Holm's correction."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from auxtask.tables.values import Detectable, Interval

CONFIDENCE = 0.95
POWER = 0.8
# From so many seeds on, their draws stand for all seeds; fewer call for Student's t.
MANY_SEEDS = 10


@dataclass(frozen=True)
class Difference:
    """A difference between two methods and how sure it is with respect to test documents and seeds.

    Args:
        value: first minus second, the mean over paired seeds, in the unit of the scores.
        interval: of the difference, 95 %.
        p: two-sided, in (0, 1].
        error: the standard error of the difference.
        seeds: how many pairs there are; of one, the certainty is that over documents alone.
    """

    value: float
    interval: Interval
    p: float
    error: float
    seeds: int


# Resamples that are summed at a time: bounds their counts in float32 in memory.
RESAMPLES_AT_ONCE = 500


def draw_counts(units: int, resamples: int, seed: int) -> NDArray[np.uint8]:
    """Draw as many units as there are, with replacement, again and again.

    Args:
        units: how many there are: documents, groups of documents or seeds.
        resamples: how many times they are drawn.
        seed: of the draws.

    Returns:
        How often each unit is drawn, (1 + resamples, units); the first row is the units themselves.

    >>> draw_counts(units=3, resamples=2, seed=0).sum(axis=1).tolist()
    [3, 3, 3]
    """
    generator = np.random.default_rng(seed)
    # A unit is drawn once in the mean: 256 times would be beyond all chance.
    draws = np.ones((1 + resamples, units), dtype=np.uint8)
    for row in draws[1:]:
        row[:] = np.bincount(generator.integers(units, size=units), minlength=units)
    return draws


class Resamples:
    """The test documents drawn again with replacement, many times: the same draws for every method.

    Args:
        labels: gold classes, (documents,), int in [0, num_classes).
        num_classes: number of classes.
        draws: how often each document is drawn, (1 + resamples, documents), as from `draw_counts`. Documents that
            are copies of each other are drawn together: the draws of groups, `draws[:, group_of_document]`.

    >>> resamples = Resamples([0, 0, 1, 1], num_classes=2, draws=draw_counts(4, resamples=3, seed=0))
    >>> resamples.scores([0, 0, 1, 1])["macro_f1"][0].item()
    1.0
    """

    def __init__(self, labels: ArrayLike, num_classes: int, draws: NDArray[np.uint8]) -> None:
        self.labels, self.num_classes, self._draws = np.asarray(labels), num_classes, draws
        self._sizes = draws.sum(axis=1, dtype=np.int64)
        self._gold = self._drawn(self._one_hot(self.labels))

    def scores(self, predicted: ArrayLike) -> dict[str, NDArray[np.float64]]:
        """Score predictions on the test split and on every resample of it.

        Args:
            predicted: classes, (documents,) or (runs, documents), int in [0, num_classes).

        Returns:
            `micro_f1` and `macro_f1`, (1 + resamples,) or (1 + resamples, runs) each, the split itself first; as
            in `auxtask.runs.metrics`, a class that is neither predicted nor gold counts as 0.
        """
        predictions = np.asarray(predicted)
        one_hot = self._one_hot(predictions)
        correct = self._drawn(one_hot * (predictions == self.labels)[..., None].astype(np.float32))
        gold = self._gold if predictions.ndim == 1 else self._gold[:, None]
        total = gold + self._drawn(one_hot)
        f1 = np.divide(2 * correct, total, out=np.zeros_like(correct), where=total > 0)
        sizes = self._sizes.reshape(-1, *(1 for _ in predictions.shape[:-1]))
        return {"micro_f1": correct.sum(axis=-1) / sizes, "macro_f1": f1.mean(axis=-1)}

    def _drawn(self, counts: NDArray[np.float32]) -> NDArray[np.float64]:
        """Sum over the documents of each resample: (..., documents, classes) to (1 + resamples, ..., classes)."""
        parts = []
        for start in range(0, len(self._draws), RESAMPLES_AT_ONCE):
            # Counts are exact in float32: products with them do not depend on the order of their sums.
            draws = self._draws[start : start + RESAMPLES_AT_ONCE].astype(np.float32)
            parts.append(np.tensordot(draws, counts, axes=(1, -2)).astype(np.float64))
        return np.concatenate(parts)

    def _one_hot(self, classes: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.eye(self.num_classes, dtype=np.float32)[classes]


def crossed_bootstrap(first: ArrayLike, second: ArrayLike, seed_draws: ArrayLike) -> Difference:
    """Compare two methods over the same resamples of test documents and of paired seeds, crossed, not nested.

    A replicate draws the documents once and the seeds once, both for the two methods alike (Owen and Eckles 2012).
    Of the variance of a mean over S seeds and N documents,
    `ms_seed / S + ms_document / N + ms_rest / (S N)`, with mean squares of the sample as it is, the first part is
    short by (S - 1) / S. Below ten seeds `s^2 / S^2` is added, s^2 being the sample variance of the S differences,
    and interval and p are those of Student's t with S - 1 degrees of freedom:
    `value ± t_(.975) error`, `error^2 = var(replicates) + s^2 / S^2`. From ten seeds on, and for one, which tells
    of documents alone, the interval is that of the percentiles, and p twice the smaller share of replicates on
    either side of 0, with one added above and below the fraction.

    Args:
        first, second: scores of `Resamples.scores`, (1 + resamples, seeds), columns of one seed beside each other.
        seed_draws: how often each seed is drawn, (1 + resamples, seeds), as from `draw_counts`.

    Returns:
        The difference on the split itself over all seeds, and its certainty; p is at least 2 / (1 + resamples).

    >>> scores, reference = [[0.7], [0.8], [0.7], [0.9]], [[0.6], [0.6], [0.7], [0.5]]
    >>> crossed_bootstrap(scores, reference, seed_draws=[[1], [1], [1], [1]]).p
    1.0
    """
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    seeds = differences.shape[1]
    # Sums of the same numbers in another order may differ in the last digits.
    both = np.round((differences * np.asarray(seed_draws)).sum(axis=1) / seeds, 12)
    value, replicates = float(both[0]), both[1:]
    spread = float(replicates.var())
    tail = (1 - CONFIDENCE) / 2
    finest = 2 / len(both)
    if 1 < seeds < MANY_SEEDS:
        spread += float(differences[0].var(ddof=1)) / seeds**2
        half = float(stats.t.ppf(1 - tail, seeds - 1)) * spread**0.5
        interval = Interval(value - half, value + half)
        # What neither documents nor seeds ever change is as certain as the replicates can tell.
        p = 2 * float(stats.t.sf(abs(value) / spread**0.5, seeds - 1)) if spread > 0 else float(value == 0)
    else:
        low, high = np.quantile(replicates, [tail, 1 - tail])
        interval = Interval(float(low), float(high))
        p = finest * (1 + int(min(np.sum(replicates <= 0), np.sum(replicates >= 0))))
    return Difference(value, interval, min(1.0, max(p, finest)), spread**0.5, seeds)


def detectable(error: float, seeds: int) -> Detectable:
    """Give the smallest difference that is found at two-sided .05 with power .8 (Bloom 1995).

    Args:
        error: the standard error of the difference.
        seeds: how many it is the mean of.

    Returns:
        `(z_.975 + z_.8) error`, and the same with Student's t of seeds - 1 degrees of freedom, beside which the
        first is too kind; of one seed there is none.

    >>> detectable(error=1.0, seeds=5)
    Detectable(normal=2.80..., t=3.717...)
    """
    levels = np.array([(1 + CONFIDENCE) / 2, POWER])
    student = float(stats.t.ppf(levels, seeds - 1).sum()) * error if seeds > 1 else None
    return Detectable(float(stats.norm.ppf(levels).sum()) * error, student)


def null_error(scores: ArrayLike, seeds: int) -> float | None:
    """Give the standard error of a difference where there is none, from pairs of runs of one method.

    Two runs of a method with different seeds differ by chance. Of S such pairs the mean difference has the error
    `sqrt(v / N + s^2 / S)`: v / N is the variance over draws of the N documents, that of one pair over S, and s^2
    the variance over seeds of the difference of a pair. Both are means over all pairs of the runs.

    Args:
        scores: of the method, (1 + resamples, runs), as from `Resamples.scores`.
        seeds: S, of a comparison with it.

    Returns:
        In the unit of the scores; None of one run, which tells nothing of seeds.

    >>> round(null_error([[0.5, 0.7], [0.6, 0.7], [0.4, 0.7]], seeds=1), 3)
    0.224
    """
    scores = np.asarray(scores, dtype=np.float64)
    runs = scores.shape[1]
    if runs < 2:
        return None
    # The mean square of differences of pairs is twice the sample variance.
    centred = scores[1:] - scores[1:].mean(axis=1, keepdims=True)
    of_documents = 2 * float(centred.var(axis=0).sum()) / (runs - 1)
    of_seeds = 2 * float(scores[0].var(ddof=1))
    return math.sqrt((of_documents + of_seeds) / seeds)


def detectable_by_pair(discordant: float, documents: int) -> float | None:
    """Give the smallest difference in accuracy that McNemar's test finds at two-sided .05 with power .8.

    It is D of `N D^2 = (z_.975 sqrt(d) + z_.8 sqrt(d - D^2))^2` for two runs over N documents (Miettinen 1968), a
    quadratic equation.

    Args:
        discordant: d, the share of documents that one of the two classifies correctly and the other does not.
        documents: N.

    Returns:
        D in (0, d]; None where not even the largest difference with so few discordant documents is found.

    >>> round(100 * detectable_by_pair(discordant=0.1, documents=4043), 2), detectable_by_pair(0.05, 139)
    (1.39, None)
    """
    certain, found = (float(stats.norm.ppf(level)) for level in ((1 + CONFIDENCE) / 2, POWER))
    inner = documents + found**2 - certain**2
    if inner < 0:
        return None
    root = certain * math.sqrt(documents) + found * math.sqrt(inner)
    difference = math.sqrt(discordant) * root / (documents + found**2)
    return difference if 0 < difference <= discordant else None


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values of a family of comparisons (Holm 1979).

    Args:
        p_values: in [0, 1].

    Returns:
        Corrected values in the same order; those below a level keep the chance of any false finding below it.

    >>> [round(p, 4) for p in holm([0.01, 0.04, 0.03, 0.005])]
    [0.03, 0.06, 0.06, 0.02]
    """
    order = np.argsort(p_values, kind="stable")
    factors = len(order) - np.arange(len(order))
    stepped = np.minimum(1.0, np.maximum.accumulate(np.asarray(p_values, dtype=np.float64)[order] * factors))
    corrected = np.empty(len(order))
    corrected[order] = stepped
    return corrected.tolist()
