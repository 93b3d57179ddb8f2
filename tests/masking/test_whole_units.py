"""Units that are masked as a whole: worked numbers, the direct algorithm over units, exact means, nested masks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare, ttest_1samp

from auxtask.data.encoding import encode_texts
from auxtask.masking.mean_adjust import mean_adjust
from auxtask.masking.unit_likelihood import UnitLikelihoodMaskingCollator, pooled_likelihoods
from auxtask.masking.whole_units import WholeUnitMaskingCollator

LEVEL = 1e-6
RATES = [0.05, 0.15, 0.3, 0.4, 0.7]

# `the traveler lost the souvenir .`: published log-likelihoods of bert-base-uncased under word_l2r, but that of
# `lost` is set to ln .0004; `lost the` is an N-gram.
LOG_PROBS = [-0.073246, -9.668402, np.log(0.0004), -1.192318, -7.776356, -6.989712, -0.037807, -0.086634]
UNIT_IDS = np.array([0, 1, 2, 2, 3, 3, 3, 4])


def direct(scores, lengths, rate):
    """The probability of each unit, by the algorithm over units: sort, and clip the first k."""
    budget, order = rate * lengths.sum(), np.argsort(-scores, kind="stable")
    positive = scores > 0
    if budget >= lengths[positive].sum():
        zeros = max(lengths[~positive].sum(), 1)
        return np.where(positive, 1.0, (budget - lengths[positive].sum()) / zeros)
    for k in range(len(scores)):
        rest = order[k:]
        c = (budget - lengths[order[:k]].sum()) / (lengths[rest] * scores[rest]).sum()
        if c * scores[order[k]] <= 1:
            return np.minimum(1.0, c * scores)
    raise AssertionError


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(0.15, [0.5192, 0.2885, 0.0577, 0]), (0.3, [1, 0.5882, 0.1176, 0]), (0.7, [1, 1, 1, 0.25])],
)
def test_f_over_units_of_the_worked_example(rate, expected):
    scores, lengths = np.array([0.9, 0.5, 0.1, 0.0]), np.array([1, 3, 2, 4])
    starts = np.cumsum(lengths) - lengths
    probabilities = mean_adjust(np.repeat(scores, lengths), rate)[starts]
    np.testing.assert_allclose(probabilities, expected, atol=5e-5)
    np.testing.assert_allclose(direct(scores, lengths, rate), expected, atol=5e-5)


@given(
    units=st.lists(st.tuples(st.sampled_from([0, 0, 1]) | st.floats(1e-6, 1), st.integers(1, 6)), min_size=1),
    rate=st.floats(0.01, 0.99),
)
def test_repeated_scores_through_f_are_the_algorithm_over_units(units, rate):
    scores, lengths = np.array([score for score, _ in units], float), np.array([length for _, length in units])
    tokens = mean_adjust(np.repeat(scores, lengths), rate)
    starts = np.cumsum(lengths) - lengths
    np.testing.assert_allclose(tokens[starts], direct(scores, lengths, rate), rtol=0, atol=1e-12)
    # One probability for all tokens of a unit, to the last digit, and an exact mean.
    assert (tokens == np.repeat(tokens[starts], lengths)).all()
    assert tokens.mean() == pytest.approx(rate, abs=1e-12)


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        ("geometric", [0.0706, 0.9999, 0.9890, 0.9928, 0.0830]),
        ("arithmetic", [0.0706, 0.9999, 0.8480, 0.6786, 0.0830]),
    ],
)
def test_scores_of_the_worked_example(tokenizer, pool, expected):
    feature = {"input_ids": range(20, 28), "unit_ids": UNIT_IDS, "likelihoods": np.exp(LOG_PROBS)}
    collator = UnitLikelihoodMaskingCollator(tokenizer, 0.15, pool=pool)
    scores = collator.priorities(feature)
    np.testing.assert_allclose(scores, np.array(expected)[UNIT_IDS], atol=5e-5)
    if pool == "geometric":
        likelihoods = [0.92937, 0.00006, 0.011019, 0.007192, 0.91701]
        np.testing.assert_allclose(1 - scores, np.array(likelihoods)[UNIT_IDS], atol=5e-6)
        p = collator.probabilities([feature], np.ones((1, 8), bool))[0]
        np.testing.assert_allclose(p, np.array([0.0139, 0.1964, 0.1942, 0.1950, 0.0163])[UNIT_IDS], atol=5e-5)
        assert p[1] / scores[1] == pytest.approx(0.196401, abs=5e-6)
        assert p.mean() == pytest.approx(0.15, abs=1e-12)
        of_units, lengths = p[[0, 1, 2, 4, 7]], np.array([1, 1, 2, 3, 1])
        assert (lengths**2 * of_units * (1 - of_units)).sum() == pytest.approx(2.226, abs=5e-4)
        assert (p * (1 - p)).sum() == pytest.approx(0.971, abs=5e-4)


def test_token_by_token_under_the_bounds_of_units():
    expected = [0.0173, 0.2456, 0.2455, 0.1711, 0.2455, 0.2454, 0.0091, 0.0204]
    np.testing.assert_allclose(mean_adjust(1 - np.exp(LOG_PROBS), 0.15), expected, atol=5e-5)


@given(st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=5), min_size=1, max_size=8))
def test_pooled_likelihoods_are_means_unit_by_unit(units):
    unit_ids = np.repeat(np.arange(len(units)), list(map(len, units)))
    likelihoods = np.concatenate(units)
    for pool, mean in (
        ("arithmetic", np.mean),
        ("geometric", lambda unit: np.prod(np.maximum(unit, 1e-12) ** (1 / len(unit)))),
    ):
        expected = np.repeat([mean(unit) for unit in units], list(map(len, units)))
        found = pooled_likelihoods(likelihoods, unit_ids, pool)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert (found <= 1).all()


@pytest.fixture
def features(tokenizer, sentences):
    """Sentences in units of one to three words, with likelihoods of many orders of magnitude."""
    encoded = encode_texts(sentences, tokenizer, None)
    rng = np.random.default_rng(0)
    rows = []
    for ids, words in zip(encoded["input_ids"], encoded["word_ids"], strict=True):
        begins = rng.random(max(words) + 1) < 0.6
        unit_ids = np.where(np.array(words) < 0, -1, (np.cumsum(begins) - begins[0])[words])
        likelihoods = np.where(unit_ids < 0, np.nan, rng.beta(0.2, 0.5, size=len(ids)))
        rows.append({"input_ids": ids, "unit_ids": unit_ids, "likelihoods": likelihoods})
    return rows


def selections(collator, features, epochs):
    drawn = []
    for epoch in range(epochs):
        collator.epoch = epoch
        drawn.append((collator(features)["labels"] != -100).numpy())
    return np.stack(drawn)


KINDS = [WholeUnitMaskingCollator, UnitLikelihoodMaskingCollator]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", RATES)
def test_the_expected_number_of_tokens_is_exact_and_so_is_every_draw(tokenizer, features, kind, rate):
    collator = kind(tokenizer, rate, seed=1)
    width = max(len(feature["input_ids"]) for feature in features)
    maskable = np.zeros((len(features), width), dtype=bool)
    for row, feature in zip(maskable, features, strict=True):
        row[1 : len(feature["input_ids"]) - 1] = True
    probabilities = collator.probabilities(features, maskable)
    np.testing.assert_allclose(probabilities.sum(axis=1), rate * maskable.sum(axis=1), rtol=1e-12)
    drawn = selections(collator, features, 200)
    counts = drawn.sum(axis=0)
    for count, probability in zip(counts[maskable].tolist(), probabilities[maskable].tolist(), strict=True):
        assert binomtest(count, 200, probability).pvalue > LEVEL
    for row, feature in enumerate(features):
        expected = rate * (len(feature["input_ids"]) - 2)
        assert ttest_1samp(drawn[:, row].sum(axis=1), expected).pvalue > LEVEL


@pytest.mark.parametrize("kind", KINDS)
def test_units_are_selected_as_wholes_and_masks_are_nested_over_rates(tokenizer, features, kind):
    by_rate = [selections(kind(tokenizer, rate, seed=2), features, 20) for rate in RATES]
    for fewer, more in pairwise(by_rate):
        assert (fewer <= more).all()
        assert (fewer < more).any()
    for row, feature in enumerate(features):
        for unit in range(feature["unit_ids"].max() + 1):
            tokens = by_rate[1][:, row, : len(feature["unit_ids"])][:, feature["unit_ids"] == unit]
            assert (tokens.all(axis=1) == tokens.any(axis=1)).all()


def test_a_unit_can_be_corrupted_as_a_whole(tokenizer, features):
    kinds = {}
    for corrupt in ("token", "unit"):
        collator = WholeUnitMaskingCollator(tokenizer, 0.4, seed=3, corrupt=corrupt)
        kinds[corrupt] = []
        for epoch in range(60):
            collator.epoch = epoch
            batch = collator(features)
            ids, labels = batch["input_ids"].numpy(), batch["labels"].numpy()
            for row, feature in enumerate(features):
                for unit in range(feature["unit_ids"].max() + 1):
                    inside = np.flatnonzero(feature["unit_ids"] == unit)
                    if labels[row, inside[0]] != -100:
                        masked = ids[row, inside] == tokenizer.mask_token_id
                        kept = ids[row, inside] == labels[row, inside]
                        kinds[corrupt].append((len(inside), masked.sum(), kept.sum()))
    length, masked, kept = np.array(kinds["unit"]).T
    assert set(np.unique(masked / length)) == {0.0, 1.0}
    # A random token is that of the text by chance, which is why a unit may be kept in part.
    whole = np.array([(masked == length).sum(), (kept == length).sum()])
    others = len(length) - whole.sum()
    assert chisquare([*whole, others], len(length) * np.array([0.8, 0.1, 0.1])).pvalue > LEVEL
    length, masked, _ = np.array(kinds["token"]).T
    assert ((masked > 0) & (masked < length)).any()
