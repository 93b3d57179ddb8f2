"""Log-odds ratios with an informative prior: how much more a class has of an item than the rest has."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def log_odds_z_scores(counts: ArrayLike, kappa: float = 1.0) -> NDArray[np.float64]:
    """Compute for each class and item the z-score of its log-odds ratio against all other classes.

    With y the count of an item in a class, y' that in the rest, and the prior a = kappa (y + y'), the score is
    d / sqrt(1 / (y + a) + 1 / (y' + a)), where d is the log of the odds of y + a among all of the class minus the
    log of the odds of y' + a among all of the rest; natural logarithms (Monroe et al. 2008, equations 16, 20, 22).

    Args:
        counts: shape (classes, items), at least 0; every item occurs in some class.
        kappa: strength of the prior, above 0: the smaller, the more rare items stand out.

    Returns:
        Shape (classes, items), float64; 0 where an item is all there is.

    >>> log_odds_z_scores([[8, 40, 12, 0], [2, 150, 8, 20]])[0].round(4).tolist()
    [2.0791, -3.0141, 1.9855, -1.4159]
    """
    of_class = np.asarray(counts, dtype=np.float64)
    total = of_class.sum(axis=0)
    prior = kappa * total
    own, rest = of_class + prior, total - of_class + prior
    if own.shape[1] == 1:
        return np.zeros_like(own)
    return (_log_odds(own) - _log_odds(rest)) / np.sqrt(1 / own + 1 / rest)


def _log_odds(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log(counts) - np.log(counts.sum(axis=1, keepdims=True) - counts)
