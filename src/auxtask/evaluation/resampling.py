"""Differences between two methods over several draws of training and test documents: folds and resplits."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from auxtask.tables.values import Interval

# A is better than B where the interval of P(A > B) lies above the first, worth it where it reaches the second.
EVEN, WORTH_IT = 0.5, 0.75
RESAMPLES = 10_000


class ResampledT(NamedTuple):
    """A mean difference and its test.

    Args:
        value: the mean.
        t: the corrected statistic; None where all differences are equal, or there is one.
        p: two-sided, in [0, 1]; None likewise.
    """

    value: float
    t: float | None
    p: float | None


class Superiority(NamedTuple):
    """How often one method is better than another.

    Args:
        probability: P(A > B), in [0, 1], ties one half.
        interval: percentiles of the bootstrap over splits, 95 %.
    """

    probability: float
    interval: Interval

    @property
    def verdict(self) -> str:
        """What follows: `better, worth it`, `better` or `not shown` (Bouthillier et al. 2021)."""
        if self.interval.low <= EVEN:
            return "not shown"
        return "better, worth it" if self.interval.high > WORTH_IT else "better"


def corrected_t(differences: ArrayLike, n_train: float, n_test: float) -> ResampledT:
    """Test a mean difference over K draws whose training documents overlap (Nadeau and Bengio 2003).

    It is `t = mean / sqrt((1/K + n_test/n_train) s^2)` with K - 1 degrees of freedom: the usual t takes the
    draws for independent, and finds too much.

    Args:
        differences: of a score on each of the K draws, (K,).
        n_train, n_test: documents that train and that test in a draw.

    Returns:
        The mean, t and p.

    >>> t = corrected_t([1.2, -0.4, 2.1, 0.8, 1.5, -0.2, 0.9, 1.8, 0.3, 1.0], n_train=1688, n_test=139)
    >>> round(t.t, 3), round(t.p, 3)
    (2.586, 0.029)
    """
    values = np.asarray(differences, dtype=np.float64)
    mean, draws = float(values.mean()), len(values)
    # Sums of the same numbers in another order may differ in the last digits.
    if draws < 2 or np.ptp(values) < 1e-12:
        return ResampledT(mean, None, None)
    t = mean / float(np.sqrt((1 / draws + n_test / n_train) * values.var(ddof=1)))
    return ResampledT(mean, t, 2 * float(stats.t.sf(abs(t), draws - 1)))


def probability_of_superiority(first: ArrayLike, second: ArrayLike) -> Superiority:
    """Give the share of splits on which the first method is better than the second (Bouthillier et al. 2021).

    Args:
        first, second: scores on the same splits, (splits,).

    Returns:
        The share, and the percentiles of 10,000 bootstrap samples of the splits.

    >>> result = probability_of_superiority([3, 3, 2, 1], [1, 2, 2, 2])
    >>> result.probability, result.verdict
    (0.625, 'not shown')
    """
    difference = np.round(np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64), 12)
    wins = (difference > 0) + 0.5 * (difference == 0)
    draws = np.random.default_rng(0).integers(0, len(wins), (RESAMPLES, len(wins)))
    low, high = np.quantile(wins[draws].mean(axis=1), [0.025, 0.975])
    return Superiority(float(wins.mean()), Interval(float(low), float(high)))
