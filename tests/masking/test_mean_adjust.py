"""The mask function f: worked examples, properties, and a bisection as oracle."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from auxtask.errors import AuxtaskError
from auxtask.masking.mean_adjust import mean_adjust

LIKELIHOODS = np.array((0.95, 0.90, 0.99, 0.60, 0.01, 0.30, 0.80, 0.0001))
RARE = np.array((0.05, 0.1, 0.1, 0.05, 9.0, 0.2, 0.1, 0.1, 0.1, 0.2))

documents = st.lists(
    st.one_of(st.just(0.0), st.floats(1e-6, 1.0), st.floats(0.0, 1e6)), min_size=1, max_size=60
).map(np.array)
targets = st.floats(0.0, 1.0)


def bisected(scores: np.ndarray, target: float) -> np.ndarray:
    """Find c in p = min(1, c s) by bisection: slow, and not how the library does it."""
    low, high = 0.0, 1.0
    while np.minimum(1.0, high * scores).mean() < target:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.minimum(1.0, middle * scores).mean() < target else (low, middle)
    return np.minimum(1.0, high * scores)


@pytest.mark.parametrize(
    ("scores", "target", "expected"),
    [
        (np.array((0.9, 0.5, 0.1, 0.0)), 0.15, (0.36, 0.20, 0.04, 0.0)),
        (RARE, 0.15, (0.025, 0.05, 0.05, 0.025, 1, 0.1, 0.05, 0.05, 0.05, 0.1)),
        (1 - LIKELIHOODS, 0.15, (0.0174, 0.0348, 0.0035, 0.1391, 0.3444, 0.2435, 0.0696, 0.3478)),
        (-np.log(LIKELIHOODS), 0.15, (0.0039, 0.0079, 0.0008, 0.0385, 0.3471, 0.0908, 0.0168, 0.6942)),
        (-np.log(LIKELIHOODS), 0.4, (0.0292, 0.0601, 0.0057, 0.2913, 1, 0.6865, 0.1272, 1)),
        (np.array([0.0] * 9 + [5.0]), 0.15, (*[0.5 / 9] * 9, 1)),
        (np.array([0.0] * 8 + [5.0] * 2), 0.5, (*[0.375] * 8, 1, 1)),
        (np.full(4, 0.3), 0.15, (0.15,) * 4),
        (np.zeros(4), 0.15, (0.15,) * 4),
        (np.array((7.0,)), 0.15, (0.15,)),
        (np.array((0.2, 0.4)), 0.0, (0, 0)),
        (np.array((0.2, 0.0)), 1.0, (1, 1)),
        (np.array([]), 0.15, ()),
    ],
)
def test_worked_examples(scores, target, expected):
    assert mean_adjust(scores, target) == pytest.approx(expected, abs=5.1e-5)


@given(documents, targets)
def test_range_and_exact_mean(scores, target):
    probabilities = mean_adjust(scores, target)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    assert probabilities.mean() == pytest.approx(target, abs=1e-12)


@given(documents, targets)
def test_order_is_kept(scores, target):
    probabilities = mean_adjust(scores, target)
    order = np.argsort(scores, kind="stable")
    assert (np.diff(probabilities[order]) >= -1e-15).all()


@given(documents, targets, st.floats(1e-3, 1e3))
def test_scale_does_not_matter(scores, target, factor):
    assert mean_adjust(scores * factor, target) == pytest.approx(mean_adjust(scores, target), abs=1e-9)


@given(documents, targets, st.randoms())
def test_order_of_tokens_does_not_matter(scores, target, random):
    permutation = list(range(len(scores)))
    random.shuffle(permutation)
    assert mean_adjust(scores[permutation], target) == pytest.approx(
        mean_adjust(scores, target)[permutation], abs=1e-12
    )


@given(documents, targets, targets)
def test_grows_with_the_target(scores, one, other):
    low, high = sorted((one, other))
    assert (mean_adjust(scores, high) - mean_adjust(scores, low) >= -1e-12).all()


@settings(deadline=None)
@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=40).map(np.array), st.floats(0.01, 0.95))
def test_equals_bisection(scores, target):
    assert mean_adjust(scores, target) == pytest.approx(bisected(scores, target), abs=1e-9)


def test_extreme_scores_keep_the_mean():
    assert mean_adjust(np.array([1.0, 1e-320]), 0.9) == pytest.approx([1.0, 0.8])
    assert mean_adjust(np.array([1e300, 1e300, 1e-300]), 0.15).mean() == pytest.approx(0.15, abs=1e-12)


@given(st.lists(documents, max_size=5), st.floats(0.01, 0.99))
def test_ragged_batch_equals_documents_one_by_one(batch, target):
    adjusted = mean_adjust(batch, target)
    assert len(adjusted) == len(batch)
    for one, scores in zip(adjusted, batch, strict=True):
        assert one == pytest.approx(mean_adjust(scores, target), abs=1e-12)


def test_keeps_kind_and_dtype():
    scores = torch.tensor([0.9, 0.5, 0.1, 0.0], dtype=torch.float32)
    adjusted = mean_adjust(scores, 0.15)
    assert isinstance(adjusted, torch.Tensor)
    assert adjusted.dtype == torch.float32
    assert float(adjusted.double().mean()) == pytest.approx(0.15, abs=1e-6)
    assert mean_adjust(scores.numpy(), 0.15).dtype == np.float32


@pytest.mark.parametrize("bad", [-0.1, np.nan, np.inf])
def test_refuses_what_is_no_score(bad):
    with pytest.raises(AuxtaskError, match="negative or not finite"):
        mean_adjust(np.array([0.5, bad]), 0.15)


@pytest.mark.parametrize("target", [-0.1, 1.1])
def test_refuses_a_target_outside_its_range(target):
    with pytest.raises(AuxtaskError, match=r"outside \[0, 1\]"):
        mean_adjust(np.array([0.5]), target)


def test_refuses_a_padded_matrix():
    with pytest.raises(AuxtaskError, match="list of such arrays"):
        mean_adjust(np.ones((2, 3)), 0.15)
