"""Masking baselines and ablations: worked examples, exact rates, and what is selected together."""

from collections import Counter
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from datasets import Dataset
from scipy.stats import binomtest, chisquare, ttest_1samp

from auxtask.data.encoding import encode_texts
from auxtask.errors import AuxtaskError
from auxtask.masking.author_adjust import author_adjust
from auxtask.masking.entropy import EntropyMaskingCollator
from auxtask.masking.frequency import FrequencyMaskingCollator, annotate_frequencies
from auxtask.masking.likelihood import L3MaskingCollator, likelihood, negative_log_likelihood, one_minus_likelihood
from auxtask.masking.mean_adjust import mean_adjust
from auxtask.masking.permuted import PermutedL3MaskingCollator
from auxtask.masking.random import RTMCollator
from auxtask.masking.selective import SelectiveMaskingCollator
from auxtask.masking.span import SpanMaskingCollator
from auxtask.masking.unit_likelihood import UnitLikelihoodMaskingCollator
from auxtask.masking.whole_units import WholeUnitMaskingCollator
from auxtask.masking.whole_word import WholeWordMaskingCollator

LEVEL = 1e-6
UNITS = [WholeWordMaskingCollator, SpanMaskingCollator]
# Those that select token by token, with a probability of each.
TOKENS = {
    "rtm": RTMCollator,
    "l3masking": L3MaskingCollator,
    "permuted": PermutedL3MaskingCollator,
    "permuted pieces": partial(PermutedL3MaskingCollator, within="pieces", redraw="epoch"),
    "frequency": FrequencyMaskingCollator,
    "entropy": EntropyMaskingCollator,
    "selective": SelectiveMaskingCollator,
}
WHOLE_UNITS = [WholeUnitMaskingCollator, UnitLikelihoodMaskingCollator]


@pytest.fixture
def features(tokenizer, sentences):
    encoded = encode_texts(sentences, tokenizer, None)
    # Every word a unit, and likelihoods that differ from token to token.
    encoded["unit_ids"] = encoded["word_ids"]
    rng = np.random.default_rng(0)
    encoded["likelihoods"] = [
        np.where(np.array(row) < 0, np.nan, rng.random(len(row))) for row in encoded["word_ids"]
    ]
    return [dict(zip(encoded, row, strict=True)) for row in zip(*encoded.values(), strict=True)]


def selections(collator, features, epochs):
    """What is selected in many epochs, (epochs, documents, length)."""
    drawn = []
    for epoch in range(epochs):
        collator.epoch = epoch
        drawn.append((collator(features)["labels"] != -100).numpy())
    return np.stack(drawn)


def test_scores_and_f_of_the_worked_examples():
    likelihoods = np.array([0.95, 0.90, 0.99, 0.60, 0.01, 0.30, 0.80, 0.0001])
    nll = negative_log_likelihood(likelihoods)
    expected = [0.0039, 0.0079, 0.0008, 0.0385, 0.3471, 0.0908, 0.0168, 0.6942]
    np.testing.assert_allclose(mean_adjust(nll, 0.15), expected, atol=5e-5)
    expected = [0.0174, 0.0348, 0.0035, 0.1391, 0.3444, 0.2435, 0.0696, 0.3478]
    np.testing.assert_allclose(mean_adjust(one_minus_likelihood(likelihoods), 0.15), expected, atol=5e-5)
    assert (np.diff(likelihood(likelihoods)[np.argsort(nll)]) < 0).all()


def test_the_authors_f_loses_the_mean_where_it_clips():
    nll = np.array([0.05, 0.1, 0.1, 0.05, 9.0, 0.2, 0.1, 0.1, 0.1, 0.2])
    probabilities, zeros, empty = author_adjust([nll, np.zeros(3), np.zeros(0)], 0.15)
    expected = [0.0075, 0.015, 0.015, 0.0075, 1, 0.03, 0.015, 0.015, 0.015, 0.03]
    np.testing.assert_allclose(probabilities, expected, atol=1e-12)
    assert probabilities.mean() == pytest.approx(0.115)
    assert zeros.tolist() == [0.15] * 3
    assert len(empty) == 0


def test_the_authors_procedure_step_by_step_comes_to_the_same():
    rng = np.random.default_rng(0)
    for tokens in (1, 5, 60):
        nll = rng.gamma(0.5, size=tokens)
        extended = np.array([0.0, *nll, 0.0])
        normalised = ((extended - extended.min()) / (extended.max() - extended.min()))[1:-1]
        expected = np.minimum(1, normalised * 0.15 / normalised.mean())
        np.testing.assert_allclose(author_adjust([nll], 0.15)[0], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("score", "adjust"), [(negative_log_likelihood, mean_adjust), (likelihood, mean_adjust),
                          (negative_log_likelihood, author_adjust)],
)  # fmt: skip
def test_l3masking_takes_any_score_and_any_f(tokenizer, features, score, adjust):
    feature = features[0]
    likelihoods = np.random.default_rng(0).beta(0.5, 0.5, size=len(feature["input_ids"]))
    likelihoods[[0, -1]] = np.nan
    collator = L3MaskingCollator(tokenizer, 0.3, seed=1, score=score, adjust=adjust)
    counts = selections(collator, [{**feature, "likelihoods": likelihoods}], 500)[:, 0].sum(axis=0)
    [expected] = adjust([score(likelihoods[1:-1])], 0.3)
    for count, probability in zip(counts[1:-1], expected, strict=True):
        assert binomtest(int(count), 500, float(probability)).pvalue > LEVEL


def test_rare_tokens_are_masked_more_often(tokenizer, features):
    dataset = annotate_frequencies(Dataset.from_list(features))
    counts = Counter(token for feature in features for token in feature["input_ids"])
    for row in dataset:
        shares = [counts[token] / counts.total() for token in row["input_ids"]]
        assert row["frequencies"] == pytest.approx(shares, rel=1e-6)
    collator = FrequencyMaskingCollator(tokenizer, 0.3, seed=1)
    selected = selections(collator, list(dataset), 500).sum(axis=0)
    for row, feature in enumerate(features):
        expected = mean_adjust(np.array([counts[token] ** -0.5 for token in feature["input_ids"][1:-1]]), 0.3)
        for count, probability in zip(selected[row, 1:], expected, strict=False):
            assert binomtest(int(count), 500, float(probability)).pvalue > LEVEL


@pytest.fixture
def annotated(features):
    """Documents with the columns of all strategies; numbers stand for what a model would say."""
    rng = np.random.default_rng(0)
    rows = []
    for feature in features:
        inside = np.where(np.array(feature["word_ids"]) < 0, np.nan, 1.0)
        drawn = rng.beta(0.5, 0.5, size=len(inside))
        columns = {"likelihoods": drawn, "uncertainties": 3 * drawn, "importances": (drawn > 0.95).astype(float)}
        rows.append({**feature, **{name: values * inside for name, values in columns.items()}})
    return list(annotate_frequencies(Dataset.from_list(rows)))


@pytest.mark.parametrize("kind", TOKENS.values(), ids=TOKENS)
def test_every_token_strategy_masks_the_mask_rate_on_average_and_nests_its_masks(tokenizer, annotated, kind):
    found = []
    for mask_rate in (0.05, 0.15, 0.30, 0.40):
        handed = []
        collator = kind(tokenizer, mask_rate, seed=1)
        collator.adjust = lambda *given, kept=handed: kept.extend(mean_adjust(*given)) or kept
        found.append((collator(annotated)["labels"] != -100).numpy())
        for document, probabilities in zip(annotated, handed, strict=True):
            assert len(probabilities) == len(document["input_ids"]) - 2
            assert probabilities.mean() == pytest.approx(mask_rate, abs=1e-12)
    for fewer, more in pairwise(found):
        assert (more | ~fewer).all()
        assert more.sum() > fewer.sum()


@pytest.mark.parametrize("kind", UNITS)
@pytest.mark.parametrize("mask_rate", [0.15, 0.8])
def test_units_cover_the_mask_rate_on_average_in_every_document(tokenizer, features, kind, mask_rate):
    short = {"input_ids": [tokenizer.cls_token_id, 20, tokenizer.sep_token_id], "word_ids": [-1, 0, -1]}
    counts = selections(kind(tokenizer, mask_rate, seed=1), [*features, short], 800).sum(axis=2)
    for row, feature in enumerate([*features, short]):
        expected = mask_rate * (len(feature["input_ids"]) - 2)
        if np.ptp(counts[:, row]) == 0:
            # Words of one token each may cover the rate exactly, every time.
            assert counts[0, row] == pytest.approx(expected)
        else:
            assert ttest_1samp(counts[:, row], expected).pvalue > LEVEL
        words = Counter(word for word in feature["word_ids"] if word >= 0)
        # A unit that does not fit is taken or left as a whole.
        assert counts[:, row].max() < mask_rate * words.total() + max(words.values()) * 10


@pytest.mark.parametrize("kind", UNITS + WHOLE_UNITS)
def test_the_pieces_of_a_word_are_selected_together(tokenizer, features, kind):
    drawn = selections(kind(tokenizer, 0.3, seed=2), features, 50)
    split = 0
    for row, feature in enumerate(features):
        word_ids = np.array(feature["word_ids"])
        for word in range(word_ids.max() + 1):
            pieces = drawn[:, row, : len(word_ids)][:, word_ids == word]
            split += pieces.shape[1] > 1
            assert (pieces.all(axis=1) == pieces.any(axis=1)).all()
        assert not drawn[:, row, : len(word_ids)][:, word_ids < 0].any()
    assert split > 5


@pytest.mark.parametrize("kind", [WholeWordMaskingCollator, WholeUnitMaskingCollator])
def test_every_word_is_as_likely_as_another(tokenizer, kind):
    feature = {"input_ids": list(range(20, 30)), "word_ids": list(range(10)), "unit_ids": list(range(10))}
    counts = selections(kind(tokenizer, 0.25, seed=3), [feature], 2000)[:, 0].sum(axis=0)
    assert chisquare(counts).pvalue > LEVEL


def test_spans_have_the_published_mean_length(tokenizer):
    collator = SpanMaskingCollator(tokenizer)
    words = [np.array([position]) for position in range(10_000)]
    units = collator.units(words, np.random.default_rng(0))
    lengths = np.array([len(next(units)) for _ in range(20_000)])
    exact = 0.2 * 0.8 ** np.arange(10)
    observed = np.bincount(lengths, minlength=11)[1:]
    assert chisquare(observed, exact / exact.sum() * len(lengths)).pvalue > LEVEL
    assert lengths.mean() == pytest.approx(3.8, abs=0.05)


def test_masks_of_a_document_do_not_depend_on_what_shares_the_batch(tokenizer, features):
    for kind in (RTMCollator, *UNITS, *WHOLE_UNITS):
        collator = kind(tokenizer, 0.4, seed=5)
        alone, together = collator(features[2:3]), collator(features)
        length = len(features[2]["input_ids"])
        for name in ("input_ids", "labels"):
            assert alone[name][0].tolist() == together[name][2, :length].tolist()


def test_parameters_are_checked_at_the_door(tokenizer, features):
    with pytest.raises(AuxtaskError, match=r"power=-1 is negative"):
        FrequencyMaskingCollator(tokenizer, power=-1)
    with pytest.raises(AuxtaskError, match=r"stop_probability=0 is outside \(0, 1\]"):
        SpanMaskingCollator(tokenizer, stop_probability=0)
    with pytest.raises(AuxtaskError, match=r"longest=0 is below 1"):
        SpanMaskingCollator(tokenizer, longest=0)
    with pytest.raises(AuxtaskError, match=r"needs a column 'word_ids'.*encode"):
        WholeWordMaskingCollator(tokenizer)([{"input_ids": features[0]["input_ids"]}])
    with pytest.raises(AuxtaskError, match=r"corrupt='word' is unknown; use token or unit"):
        WholeUnitMaskingCollator(tokenizer, corrupt="word")
    with pytest.raises(AuxtaskError, match=r"pool='mean' is unknown; use geometric or arithmetic"):
        UnitLikelihoodMaskingCollator(tokenizer, pool="mean")
    with pytest.raises(AuxtaskError, match=r"needs a column 'unit_ids'.*annotate_ngram_units"):
        WholeUnitMaskingCollator(tokenizer)([{"input_ids": features[0]["input_ids"]}])
    with pytest.raises(AuxtaskError, match=r"needs a column 'frequencies'"):
        FrequencyMaskingCollator(tokenizer)(features)
