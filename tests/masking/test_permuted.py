"""Permuted L3Masking: the worked permutation, what it keeps of L3Masking and what it takes away."""

import numpy as np
import pytest

from auxtask.errors import AuxtaskError
from auxtask.masking.likelihood import L3MaskingCollator, negative_log_likelihood
from auxtask.masking.mean_adjust import mean_adjust
from auxtask.masking.permuted import PermutedL3MaskingCollator, permuted

P8 = np.array([0.95, 0.90, 0.99, 0.60, 0.01, 0.30, 0.80, 0.0001])


class Order:
    """A generator whose permutation is given."""

    def __init__(self, order):
        self.order = np.array(order)

    def permutation(self, count):
        assert count == len(self.order)
        return self.order


def document(tokenizer, likelihoods=P8, first=20):
    ids = [tokenizer.cls_token_id, *range(first, first + len(likelihoods)), tokenizer.sep_token_id]
    return {"input_ids": ids, "likelihoods": [np.nan, *likelihoods, np.nan]}


def test_the_worked_permutation():
    order, places = Order([3, 0, 7, 5, 1, 6, 2, 4]), np.arange(8)
    expected = [0.1391, 0.0174, 0.3478, 0.2435, 0.0348, 0.0696, 0.0035, 0.3444]
    probabilities = mean_adjust(1 - P8, 0.15)
    after = permuted(probabilities, places, order)
    np.testing.assert_allclose(after, expected, atol=5e-5)
    for values in (probabilities, after):
        assert (values * (1 - values)).sum() == pytest.approx(0.8754, abs=5e-5)
    # f treats every place alike: whether priorities are dealt out or probabilities makes no difference.
    np.testing.assert_allclose(mean_adjust(permuted(1 - P8, places, order), 0.15), after, atol=1e-12)


@pytest.mark.parametrize("priority", [None, negative_log_likelihood])
def test_the_probabilities_of_a_document_are_those_of_l3masking_in_another_order(tokenizer, priority):
    options = {} if priority is None else {"priority": priority}
    one, other = (kind(tokenizer, seed=3, **options) for kind in (L3MaskingCollator, PermutedL3MaskingCollator))
    moved = 0
    for first in range(20, 60):
        feature = document(tokenizer, first=first)
        plain, dealt = one.priorities(feature), other.priorities(feature)
        assert np.isnan(dealt[[0, -1]]).all()
        np.testing.assert_array_equal(np.sort(dealt), np.sort(plain))
        np.testing.assert_array_equal(dealt, other.priorities(feature))
        moved += (dealt[1:-1] != plain[1:-1]).sum()
    # Of eight tokens one is expected to stay.
    assert 40 * 6 < moved < 40 * 8


def test_what_is_never_masked_stays_where_it_is(tokenizer):
    feature = document(tokenizer, [0.1, np.nan, 0.2, 0.3, np.nan])
    # A number at a special token is no probability of any other.
    feature["likelihoods"][0] = 0.5
    dealt = PermutedL3MaskingCollator(tokenizer, seed=0).priorities(feature)
    assert np.flatnonzero(np.isnan(dealt)).tolist() == [2, 5, 6]
    assert dealt[0] == 0.5
    assert sorted(dealt[[1, 3, 4]]) == pytest.approx([0.7, 0.8, 0.9])


@pytest.mark.parametrize(("redraw", "orders"), [("never", 1), ("epoch", 6)])
def test_the_order_is_one_for_all_epochs_or_one_for_each(tokenizer, redraw, orders):
    collator = PermutedL3MaskingCollator(tokenizer, seed=1, redraw=redraw)
    found = set()
    for epoch in range(6):
        collator.epoch = epoch
        found.add(tuple(collator.priorities(document(tokenizer))[1:-1]))
    assert len(found) == orders
    other = PermutedL3MaskingCollator(tokenizer, seed=2, redraw=redraw)
    assert tuple(other.priorities(document(tokenizer))[1:-1]) not in found


def test_pieces_exchange_with_pieces_of_their_kind(tokenizer):
    feature = {**document(tokenizer), "word_ids": [-1, 0, 0, 1, 2, 2, 2, 3, 3, -1]}
    begins = np.array([1, 3, 4, 7])
    follow = np.array([2, 5, 6, 8])
    orders = set()
    for seed in range(30):
        dealt = PermutedL3MaskingCollator(tokenizer, seed=seed, within="pieces").priorities(feature)
        for group in (begins, follow):
            np.testing.assert_array_equal(np.sort(dealt[group]), np.sort(1 - P8[group - 1]))
        orders.add(tuple(dealt[1:-1]))
    assert len(orders) > 25


def test_options_are_checked_at_the_door(tokenizer):
    with pytest.raises(AuxtaskError, match="redraw='step' is unknown; use never or epoch"):
        PermutedL3MaskingCollator(tokenizer, redraw="step")
    with pytest.raises(AuxtaskError, match="within='words' is unknown; use document or pieces"):
        PermutedL3MaskingCollator(tokenizer, within="words")
    with pytest.raises(AuxtaskError, match="redraw='epoch' deals by seed and epoch"):
        PermutedL3MaskingCollator(tokenizer, redraw="epoch")
    with pytest.raises(AuxtaskError, match="needs a column 'word_ids'"):
        PermutedL3MaskingCollator(tokenizer, within="pieces")([document(tokenizer)])
