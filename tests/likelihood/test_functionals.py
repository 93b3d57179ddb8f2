"""Entropy and Gini of the predictions: worked numbers, a softmax over each masked row, a cache of their own."""

import hashlib
import math

import numpy as np
import pytest
import torch
from datasets import Dataset
from transformers import BertForMaskedLM

from auxtask.data.encoding import encode, encode_texts
from auxtask.errors import AuxtaskError
from auxtask.likelihood.cache import weights_hash
from auxtask.likelihood.functionals import FUNCTIONALS
from auxtask.likelihood.rows import PLL_METRICS
from auxtask.likelihood.scorer import PLLScorer
from auxtask.masking.mean_adjust import mean_adjust
from oracles import naive_predictions

LOGITS = torch.tensor([[4.0, 1, 1, 0], [2, 2, 0, 0], [1, 1, 1, 1]])
TARGETS = torch.tensor([0, 2, 3])


@pytest.mark.parametrize(
    ("functional", "scores", "probabilities"),
    [
        ("entropy", [0.4442, 1.0585, 1.3863], [0.0692, 0.1649, 0.2159]),
        ("gini", [0.1956, 0.6050, 0.7500], [0.0568, 0.1756, 0.2177]),
        ("likelihood", [-0.1114, -2.8201, -1.3863], [0.0116, 0.2939, 0.1445]),
    ],
)
def test_the_worked_numbers(functional, scores, probabilities):
    found = FUNCTIONALS[functional](LOGITS, TARGETS)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found, scores, atol=5e-5)
    np.testing.assert_allclose(mean_adjust(found.abs(), 0.15), probabilities, atol=5e-5)


def test_they_are_the_expectations_of_surprise_under_the_prediction():
    logits = torch.randn(20, 50, generator=torch.Generator().manual_seed(0)) * 4
    every = torch.stack(
        [FUNCTIONALS["likelihood"](logits, torch.full((20,), token)) for token in range(50)], dim=1
    )
    probabilities = every.exp()
    for functional, surprise in (("entropy", -every), ("gini", 1 - probabilities)):
        found = FUNCTIONALS[functional](logits, torch.zeros(20, dtype=torch.int64))
        torch.testing.assert_close(found, (probabilities * surprise).sum(dim=1))


def test_a_prediction_without_doubt_is_not_uncertain_at_all():
    logits = torch.tensor([[1e4, 0.0, -1e4], [0.0, -math.inf, -math.inf]])
    for functional in ("entropy", "gini"):
        assert FUNCTIONALS[functional](logits, torch.tensor([0, 0])).tolist() == [0, 0]


@pytest.mark.parametrize("metric", PLL_METRICS)
def test_values_equal_a_softmax_over_each_masked_row(metric, masked_lm, tokenizer, sentences):
    # A wide initialization makes predictions differ.
    masked_lm.config.initializer_range = 0.4
    torch.manual_seed(0)
    masked_lm = BertForMaskedLM(masked_lm.config).eval()
    texts = [*sentences[:2], "souvenirs", ""]
    encoded = encode_texts(texts, tokenizer, None)
    scorer = PLLScorer(masked_lm, tokenizer, metric, tokens_per_batch=200)
    dataset = encode(Dataset.from_dict({"text": texts}), tokenizer, None)
    expected = {"entropy": [], "gini": []}
    for ids, words in zip(encoded["input_ids"], encoded["word_ids"], strict=True):
        predicted = naive_predictions(masked_lm, ids, words, metric, tokenizer.mask_token_id)
        for position in range(len(ids)):
            log_probs = predicted.get(position, np.array([math.nan]))
            expected["entropy"].append(-math.fsum(math.exp(value) * value for value in log_probs))
            expected["gini"].append(1 - math.fsum(math.exp(value) ** 2 for value in log_probs))
    assert np.nanstd(expected["entropy"]) > 0.1
    for functional, values in expected.items():
        found = scorer.token_values(dataset, functional)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, values, rtol=0, atol=1e-5)
    logarithms = scorer.token_values(dataset, "likelihood")
    likelihoods = np.concatenate(scorer.annotate(dataset).with_format("numpy")["likelihoods"][:])
    np.testing.assert_array_equal(np.exp(logarithms), likelihoods)


def test_each_has_its_own_place_in_the_cache_and_likelihoods_keep_theirs(
    masked_lm, tokenizer, sentences, tmp_path
):
    dataset = encode(Dataset.from_dict({"text": sentences}), tokenizer, None)

    def values(functional):
        scorer = PLLScorer(masked_lm, tokenizer, cache=tmp_path)
        return scorer.token_values(dataset, functional), scorer.summary.cached_documents

    parts = ["2", weights_hash(masked_lm), "word_l2r", "None", str(tokenizer.mask_token_id)]
    for functional, named in (("likelihood", []), ("entropy", ["entropy"]), ("gini", ["gini"])):
        computed, hits = values(functional)
        assert hits == 0
        again, hits = values(functional)
        assert hits == len(dataset)
        np.testing.assert_array_equal(again, computed)
        key = hashlib.sha256("\n".join(parts + named).encode()).hexdigest()
        assert len(list((tmp_path / key[:16]).glob("*.npz"))) == 1
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("first", ["likelihood", "entropy"])
def test_one_pass_brings_all_that_is_asked_for_and_the_very_same_numbers(
    masked_lm, tokenizer, sentences, tmp_path, first
):
    dataset = encode(Dataset.from_dict({"text": sentences}), tokenizer, None)
    names = ("likelihood", "entropy", "gini")

    def scorer(folder, **more):
        return PLLScorer(masked_lm, tokenizer, cache=tmp_path / folder, tokens_per_batch=300, **more)

    alone = {name: scorer("alone").token_values(dataset, name) for name in names}
    # The cache knows a part of one already, which stays as it is.
    scorer("together").token_values(dataset.select([0]), "gini")
    [kept] = tmp_path.glob("together/*/*.npz")
    before = kept.read_bytes()
    for at, name in enumerate(dict.fromkeys((first, *names))):
        together = scorer("together", beside=["gini", "likelihood", "entropy"])
        values = together.token_values(dataset, name)
        assert together.summary.cached_documents == (0 if at == 0 else len(dataset))
        # One Gini index comes from another batch.
        np.testing.assert_allclose(values, alone[name], rtol=1e-5 if name == "gini" else 0)
    assert kept.read_bytes() == before
    folders = [{path.name for path in (tmp_path / each).iterdir()} for each in ("alone", "together")]
    assert folders[0] == folders[1]


def test_an_unknown_functional_is_named(masked_lm, tokenizer):
    with pytest.raises(
        AuxtaskError, match="functional='variance' is unknown; use one of likelihood, entropy, gini"
    ):
        PLLScorer(masked_lm, tokenizer).token_values(Dataset.from_dict({"input_ids": [[2, 3]]}), "variance")
