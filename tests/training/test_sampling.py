"""The order of training documents: complete, seeded by epoch, alike in length within a batch."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from auxtask.training.sampling import LengthGroupedSampler

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


def test_batches_hold_little_padding():
    lengths = np.random.default_rng(0).integers(1, 100, size=1603)
    order = np.array(list(LengthGroupedSampler(lengths, 16, seed=0)))

    def padded(order):
        batches = np.split(lengths[order], range(16, len(order), 16))
        return sum(batch.max() * len(batch) for batch in batches) / lengths.sum()

    assert padded(order) < 1.08
    assert padded(np.random.default_rng(0).permutation(1603)) > 1.5
