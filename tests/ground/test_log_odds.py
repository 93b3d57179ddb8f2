"""Log-odds ratios with an informative prior, against a worked example and a naive loop."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from auxtask.ground.log_odds import log_odds_z_scores

# parser, the, corpus, rate: in a class of 60 words, and in the rest of 180.
WORKED = [[8, 40, 12, 0], [2, 150, 8, 20]]


def naive_z(own, rest, kappa):
    """The z-score of each item, one at a time."""
    scores = []
    prior = [kappa * (one + other) for one, other in zip(own, rest, strict=True)]
    for one, other, weight in zip(own, rest, prior, strict=True):
        odds = (one + weight) / (sum(own) + sum(prior) - one - weight)
        odds_of_rest = (other + weight) / (sum(rest) + sum(prior) - other - weight)
        variance = 1 / (one + weight) + 1 / (other + weight)
        scores.append((math.log(odds) - math.log(odds_of_rest)) / math.sqrt(variance))
    return scores


def test_worked_example():
    z = log_odds_z_scores(WORKED)
    np.testing.assert_allclose(z[0], [2.0791, -3.0141, 1.9855, -1.4159], atol=5e-5)
    np.testing.assert_allclose(z[1], -z[0], atol=1e-12)


@given(
    st.lists(st.tuples(*[st.integers(0, 30)] * 3).filter(any), min_size=2, max_size=6),
    st.floats(0.1, 5),
)
def test_of_each_class_against_the_rest(items, kappa):
    counts = np.array(items).T
    for own, z in zip(counts, log_odds_z_scores(counts, kappa), strict=True):
        naive = naive_z(own.tolist(), (counts.sum(axis=0) - own).tolist(), kappa)
        np.testing.assert_allclose(z, naive, atol=1e-9)


def test_one_item_alone_and_one_class_alone_prefer_nothing():
    assert log_odds_z_scores([[3], [5]]).tolist() == [[0], [0]]
    np.testing.assert_allclose(log_odds_z_scores([[3, 5, 2]]), 0, atol=1e-12)
