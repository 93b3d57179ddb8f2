"""Scores of L3Masking: functions of a token's likelihood, the larger the more often it is masked."""

import numpy as np
from numpy.typing import NDArray

# Below this a likelihood counts as this: a token the model rules out must not drown all others.
SMALLEST_LIKELIHOOD = 1e-12


def one_minus_likelihood(likelihoods: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score 1 - P, as the method is published: all tokens the model hardly expects count alike.

    Args:
        likelihoods: P, in [0, 1], any shape.

    Returns:
        Scores in [0, 1], same shape.

    >>> one_minus_likelihood(np.array([1.0, 0.25])).tolist()
    [0.0, 0.75]
    """
    return 1.0 - likelihoods


def negative_log_likelihood(likelihoods: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score -ln P, as in the authors' code: it keeps growing, so the rarest tokens are masked far more often.

    Args:
        likelihoods: P, in [0, 1], any shape.

    Returns:
        Scores in nats, from 0 to 27.63, same shape.

    >>> negative_log_likelihood(np.array([1.0, 0.5, 0.0])).round(4).tolist()
    [0.0, 0.6931, 27.631]
    """
    return np.abs(np.log(np.maximum(likelihoods, SMALLEST_LIKELIHOOD)))


def likelihood(likelihoods: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score P, the inverted control: what the model expects is masked more often.

    Args:
        likelihoods: P, in [0, 1], any shape.

    Returns:
        The same.

    >>> likelihood(np.array([1.0, 0.25])).tolist()
    [1.0, 0.25]
    """
    return likelihoods
