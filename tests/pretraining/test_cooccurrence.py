"""Co-occurrence counts against naive loops; vectors against an exact SVD and against what they should tell."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxtask.pretraining import counts as cooccurrence
from auxtask.pretraining.counts import following_counts, ppmi_embeddings, unigram_probabilities


@given(st.lists(st.integers(0, 6), min_size=2, max_size=60), st.integers(1, 5), st.integers(1, 20))
def test_counts_equal_a_naive_loop_however_the_stream_is_cut(tokens, window, piece):
    expected = np.zeros((7, 7))
    for at, first in enumerate(tokens):
        for distance in range(1, window + 1):
            if at + distance < len(tokens):
                expected[first, tokens[at + distance]] += 1 / distance
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cooccurrence, "PIECE", piece)
        counts = following_counts(np.array(tokens, dtype=np.uint16), 7, window)
        unigrams = unigram_probabilities(np.array(tokens, dtype=np.uint16), 7)
    np.testing.assert_allclose(counts.toarray(), expected)
    np.testing.assert_allclose(unigrams, [(tokens.count(token) + 1) / (len(tokens) + 7) for token in range(7)])


def test_products_of_vectors_are_those_of_the_exact_decomposition():
    stream = np.random.default_rng(0).zipf(1.5, size=4000) % 30
    vectors = ppmi_embeddings(stream, 30, width=12, window=2)
    counts = Counter()
    for distance, near in ((1, 1.0), (2, 0.5)):
        for left, right in zip(stream, stream[distance:], strict=False):
            counts[left, right] += near
            counts[right, left] += near
    totals = np.array([sum(counts[token, other] for other in range(30)) for token in range(30)])
    shares = totals**0.75 / sum(totals**0.75)
    information = np.zeros((30, 30))
    for one in range(30):
        for other in range(30):
            if counts[one, other]:
                ratio = counts[one, other] / (totals[one] * shares[other])
                information[one, other] = max(0.0, math.log(ratio))
    left, values, _ = np.linalg.svd(information)
    exact = left[:, :12] * np.sqrt(values[:12])
    exact -= exact[totals > 0].mean(axis=0)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    np.testing.assert_allclose(vectors @ vectors.T, exact @ exact.T, atol=1e-3)


def test_tokens_of_like_company_are_neighbours_and_unseen_ones_are_nobodys():
    generator = np.random.default_rng(0)
    topics = [np.arange(0, 10), np.arange(10, 20)]
    stream = np.concatenate([generator.choice(topics[at % 2], size=40) for at in range(200)])
    vectors = ppmi_embeddings(stream, 24, width=4, window=5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    products = vectors[:20] @ vectors[:20].T
    assert products[:10, :10].min() > products[:10, 10:].max()
    assert len(np.unique(vectors[20:].round(4), axis=0)) == 4


@pytest.mark.parametrize("width", [3, 5, 6, 7, 64])
def test_vectors_may_be_wider_than_the_vocabulary(width):
    stream = np.random.default_rng(0).integers(0, 5, size=400)
    vectors = ppmi_embeddings(stream, 6, width=width, window=2)
    assert vectors.shape == (6, width)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    # Beyond the vocabulary's size there is nothing more to know of the tokens that occur.
    whole = ppmi_embeddings(stream, 6, width=6, window=2)
    if width >= 6:
        np.testing.assert_allclose(vectors[:5] @ vectors[:5].T, whole[:5] @ whole[:5].T, atol=1e-5)
