"""Is a difference chance? Bootstrap over test documents, Student's t over seeds, Holm over comparisons."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from auxtask.evaluation.table import Interval

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """A difference between two methods and how sure it is with respect to the test documents.

    Args:
        value: first minus second, in the unit of the scores.
        interval: of the difference, by percentiles.
        p: two-sided, in (0, 1]: how often resampling turns the sign.
    """

    value: float
    interval: Interval
    p: float


class Resamples:
    """The test documents drawn again with replacement, many times: the same draws for every method.

    Args:
        labels: gold classes, (documents,), int in [0, num_classes).
        num_classes: number of classes.
        resamples: how many times.
        seed: of the draws.

    >>> resamples = Resamples(labels=[0, 0, 1, 1], num_classes=2, resamples=3, seed=0)
    >>> resamples.scores([0, 0, 1, 1])["macro_f1"][0].item()
    1.0
    """

    def __init__(self, labels: ArrayLike, num_classes: int, resamples: int = 2000, seed: int = 0) -> None:
        self.labels, self.num_classes = np.asarray(labels), num_classes
        documents = len(self.labels)
        generator = np.random.default_rng(seed)
        # How often each document is drawn; the first row is the test split itself. Counts are exact in float32,
        # so that the products below do not depend on the order of their sums.
        self._draws = np.ones((resamples + 1, documents), dtype=np.float32)
        for row in self._draws[1:]:
            row[:] = np.bincount(generator.integers(documents, size=documents), minlength=documents)
        self._gold = self._drawn(self._one_hot(self.labels))

    def scores(self, predicted: ArrayLike) -> dict[str, NDArray[np.float64]]:
        """Score predictions on the test split and on every resample of it.

        Args:
            predicted: classes, (documents,) or (runs, documents), int in [0, num_classes).

        Returns:
            `micro_f1` and `macro_f1`, (1 + resamples,) or (1 + resamples, runs) each, the split itself first; as
            in `auxtask.metrics`, a class that is neither predicted nor gold counts as 0.
        """
        predictions = np.asarray(predicted)
        one_hot = self._one_hot(predictions)
        correct = self._drawn(one_hot * (predictions == self.labels)[..., None].astype(np.float32))
        gold = self._gold if predictions.ndim == 1 else self._gold[:, None]
        total = gold + self._drawn(one_hot)
        f1 = np.divide(2 * correct, total, out=np.zeros_like(correct), where=total > 0)
        return {"micro_f1": correct.sum(axis=-1) / len(self.labels), "macro_f1": f1.mean(axis=-1)}

    def _drawn(self, counts: NDArray[np.float32]) -> NDArray[np.float64]:
        """Sum over the documents of each resample: (..., documents, classes) to (1 + resamples, ..., classes)."""
        return np.tensordot(self._draws, counts, axes=(1, -2)).astype(np.float64)

    def _one_hot(self, classes: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.eye(self.num_classes, dtype=np.float32)[classes]


def paired_bootstrap(first: ArrayLike, second: ArrayLike) -> Difference:
    """Compare two methods over the same resamples of the test documents (Efron and Tibshirani 1993).

    Args:
        first, second: scores of `Resamples.scores`, (1 + resamples,), each a mean over the method's seeds.

    Returns:
        The difference on the split itself, the percentile interval of 95 %, and p: twice the smaller share of
        resamples on either side of 0, with one added above and below the fraction, at most 1.

    >>> paired_bootstrap([0.7, 0.8, 0.7, 0.9], [0.6, 0.6, 0.7, 0.5]).p
    1.0
    """
    # Sums of the same numbers in another order may differ in the last digits.
    both = np.round(np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64), 12)
    observed, differences = both[0], both[1:]
    tail = min(np.sum(differences <= 0), np.sum(differences >= 0))
    alpha = 1 - CONFIDENCE
    low, high = np.quantile(differences, [alpha / 2, 1 - alpha / 2])
    return Difference(
        float(observed), Interval(float(low), float(high)), min(1.0, 2 * (int(tail) + 1) / (len(differences) + 1))
    )


def seed_interval(differences: Sequence[float]) -> Interval | None:
    """Give the interval of the mean difference over seeds by Student's t, 95 %.

    Args:
        differences: of two methods, one a seed that both have.

    Returns:
        None for fewer than two seeds.

    >>> interval = seed_interval([1.0, 2.0, 3.0])
    >>> round(interval.low, 3), round(interval.high, 3)
    (-0.484, 4.484)
    """
    if len(differences) < 2:
        return None
    half = float(stats.sem(differences) * stats.t.ppf((1 + CONFIDENCE) / 2, len(differences) - 1))
    mean = float(np.mean(differences))
    return Interval(mean - half, mean + half)


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
