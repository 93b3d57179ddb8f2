"""The order of training documents: complete, seeded by epoch, alike in length within a batch."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from auxtask.data.order import LengthGroupedSampler

lengths = st.lists(st.integers(1, 500), min_size=1, max_size=300)


@given(lengths, st.integers(1, 40), st.integers(0, 5), st.integers(0, 3))
def test_every_document_comes_once_an_epoch(lengths, batch_size, seed, epoch):
    sampler = LengthGroupedSampler(lengths, batch_size, seed)
    sampler.set_epoch(epoch)
    assert sorted(sampler) == list(range(len(lengths)))


def test_order_depends_on_seed_and_epoch_alone():
    lengths = np.random.default_rng(0).integers(1, 100, size=200)
    sampler = LengthGroupedSampler(lengths, 8, seed=1)
    first = list(sampler)
    assert list(sampler) == first
    sampler.set_epoch(1)
    assert list(sampler) != first
    sampler.set_epoch(0)
    assert list(sampler) == first
    assert list(LengthGroupedSampler(lengths, 8, seed=2)) != first


@given(lengths, st.integers(1, 40), st.integers(0, 5))
def test_dropped_documents_are_fewer_than_a_batch(lengths, batch_size, seed):
    order = list(LengthGroupedSampler(lengths, batch_size, seed, drop_last=True))
    assert len(order) == len(set(order)) == len(lengths) // batch_size * batch_size


def test_short_documents_are_dropped_as_often_as_long_ones():
    sampler = LengthGroupedSampler(range(1, 29), 8, seed=0, drop_last=True)
    kept = np.zeros(28)
    for epoch in range(500):
        sampler.set_epoch(epoch)
        kept[list(sampler)] += 1
    # 24 of 28 documents an epoch; five standard deviations of a binomial.
    np.testing.assert_allclose(kept, 500 * 24 / 28, atol=5 * (500 * 24 / 28 * 4 / 28) ** 0.5)


def test_batches_hold_little_padding():
    lengths = np.random.default_rng(0).integers(1, 100, size=1603)
    order = np.array(list(LengthGroupedSampler(lengths, 16, seed=0)))

    def padded(order):
        batches = np.split(lengths[order], range(16, len(order), 16))
        return sum(batch.max() * len(batch) for batch in batches) / lengths.sum()

    assert padded(order) < 1.08
    assert padded(np.random.default_rng(0).permutation(1603)) > 1.5
