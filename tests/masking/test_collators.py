"""The collators: rates by statistical test, alignment, special tokens, reproducible draws."""

from functools import partial

import numpy as np
import pytest
import torch
from scipy.stats import binomtest, chisquare
from transformers import Trainer, TrainingArguments

from auxtask.errors import AuxtaskError
from auxtask.masking.likelihood import L3MaskingCollator
from auxtask.masking.mean_adjust import mean_adjust
from auxtask.masking.random import RTMCollator

# Twenty tests at this level raise a false alarm for one seed in 50,000; the seeds are fixed.
LEVEL = 1e-6


@pytest.fixture
def features(tokenizer, sentences):
    rng = np.random.default_rng(0)
    rows = []
    for sentence in sentences:
        ids = tokenizer(sentence)["input_ids"]
        likelihoods = rng.beta(0.5, 0.5, size=len(ids)).astype(np.float32)
        likelihoods[[0, -1]] = np.nan
        rows.append({"input_ids": ids, "likelihoods": likelihoods})
    return rows


def draws(collator, features, epochs=400):
    """Batches of many epochs, stacked: (epochs, documents, length)."""
    batches = []
    for epoch in range(epochs):
        collator.epoch = epoch
        batches.append(collator(features))
    return {name: torch.stack([batch[name] for batch in batches]).numpy() for name in batches[0]}


def original(features, width):
    rows = np.zeros((len(features), width), dtype=np.int64)
    for row, feature in zip(rows, features, strict=True):
        row[: len(feature["input_ids"])] = feature["input_ids"]
    return rows


def test_rtm_selects_every_ordinary_token_at_the_mask_rate(tokenizer, features):
    batch = draws(RTMCollator(tokenizer, mask_rate=0.15, seed=1), features)
    selected = batch["labels"] != -100
    tokens = sum(len(feature["input_ids"]) - 2 for feature in features)
    assert binomtest(int(selected.sum()), 400 * tokens, 0.15).pvalue > LEVEL


@pytest.mark.parametrize("mask_rate", [0.15, 0.4])
def test_l3masking_selects_each_token_at_its_own_probability(tokenizer, features, mask_rate):
    batch = draws(L3MaskingCollator(tokenizer, mask_rate=mask_rate, seed=1), features)
    counts = (batch["labels"] != -100).sum(axis=0)
    for row, feature in enumerate(features):
        inner = np.asarray(feature["likelihoods"][1:-1], dtype=np.float64)
        expected = mean_adjust(1 - inner, mask_rate)
        for count, probability in zip(counts[row, 1 : 1 + len(inner)], expected, strict=True):
            assert binomtest(int(count), 400, float(np.clip(probability, 0, 1))).pvalue > LEVEL
        assert counts[row].sum() == pytest.approx(400 * mask_rate * len(inner), rel=0.1)


def test_unlikely_tokens_are_masked_more_often(tokenizer):
    ids = tokenizer("the parser reads the words")["input_ids"]
    likelihoods = np.full(len(ids), 0.9, dtype=np.float32)
    likelihoods[[0, -1]], likelihoods[2] = np.nan, 0.01
    batch = draws(
        L3MaskingCollator(tokenizer, seed=3), [{"input_ids": ids, "likelihoods": likelihoods}], epochs=2000
    )
    rates = (batch["labels"][:, 0] != -100).mean(axis=0)
    assert rates[2] > 3 * np.delete(rates, [0, 2, len(ids) - 1]).max()


@pytest.mark.parametrize(
    ("kind", "shares"),
    [
        (RTMCollator, (0.8, 0.1, 0.1)),
        (L3MaskingCollator, (0.8, 0.1, 0.1)),
        (partial(RTMCollator, mask_replace_prob=0.5), (0.5, 0.25, 0.25)),
    ],
)
def test_selected_tokens_are_masked_replaced_or_kept(tokenizer, features, kind, shares):
    batch = draws(kind(tokenizer, mask_rate=0.3, seed=2), features)
    ids, labels = batch["input_ids"], batch["labels"]
    selected = labels != -100
    masked = (ids == tokenizer.mask_token_id) & selected
    kept = (ids == labels) & selected
    replaced = selected & ~masked & ~kept
    # A random replacement is the very token it replaces once in `candidates` draws.
    candidates = len(tokenizer) - len(tokenizer.all_special_ids)
    share_masked, share_replaced, share_kept = shares
    lucky = share_replaced / candidates
    observed = [masked.sum(), replaced.sum(), kept.sum()]
    expected = selected.sum() * np.array([share_masked, share_replaced - lucky, share_kept + lucky])
    assert chisquare(observed, expected).pvalue > LEVEL
    assert not np.isin(ids[replaced], tokenizer.all_special_ids).any()
    counts = np.bincount(ids[replaced], minlength=len(tokenizer))
    ordinary = np.setdiff1d(np.arange(len(tokenizer)), tokenizer.all_special_ids)
    assert chisquare(counts[ordinary]).pvalue > LEVEL


def test_all_that_is_selected_can_become_the_mask_token(tokenizer, features):
    usual = draws(RTMCollator(tokenizer, mask_rate=0.3, seed=2), features)
    masked = draws(RTMCollator(tokenizer, mask_rate=0.3, seed=2, mask_replace_prob=1), features)
    np.testing.assert_array_equal(masked["labels"], usual["labels"])
    selected = usual["labels"] != -100
    assert (masked["input_ids"][selected] == tokenizer.mask_token_id).all()
    np.testing.assert_array_equal(masked["input_ids"][~selected], usual["input_ids"][~selected])


@pytest.mark.parametrize("kind", [RTMCollator, L3MaskingCollator])
def test_what_is_not_selected_stays_and_special_tokens_are_never_selected(tokenizer, features, kind):
    batch = draws(kind(tokenizer, mask_rate=0.5, seed=4), features, epochs=50)
    ids, labels = batch["input_ids"], batch["labels"]
    truth = np.broadcast_to(original(features, ids.shape[2]), ids.shape)
    selected = labels != -100
    assert (ids[~selected] == truth[~selected]).all()
    assert (labels[selected] == truth[selected]).all()
    framed = np.isin(truth, [tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id])
    assert not selected[framed].any()
    assert (batch["attention_mask"].sum(axis=2) == [len(feature["input_ids"]) for feature in features]).all()


def test_with_a_seed_masks_depend_on_epoch_and_document_alone(tokenizer, features):
    collator = RTMCollator(tokenizer, seed=5)
    together = collator(features)["labels"]
    alone = collator(features[2:3])["labels"]
    length = len(features[2]["input_ids"])
    assert (alone[0, :length] == together[2, :length]).all()
    assert (collator(features)["labels"] == together).all()
    collator.epoch = 1
    assert (collator(features)["labels"] != together).any()
    assert (RTMCollator(tokenizer, seed=6)(features)["labels"] != together).any()


def test_without_a_seed_masks_come_from_the_global_generator(tokenizer, features):
    collator = RTMCollator(tokenizer)
    torch.manual_seed(0)
    first, second = collator(features)["labels"], collator(features)["labels"]
    torch.manual_seed(0)
    again = collator(features)["labels"]
    assert (first == again).all()
    assert (first != second).any()


@pytest.mark.parametrize("mask_rate", [0, 1, -0.1, 1.5])
def test_refuses_a_mask_rate_outside_its_range(tokenizer, mask_rate):
    with pytest.raises(AuxtaskError, match=r"mask_rate=.* is outside \(0, 1\)"):
        RTMCollator(tokenizer, mask_rate=mask_rate)


@pytest.mark.parametrize("likelihoods", [None, [0.1, 0.2]])
def test_l3masking_refuses_documents_without_aligned_likelihoods(tokenizer, likelihoods):
    feature = {"input_ids": tokenizer("the words")["input_ids"], "likelihoods": likelihoods}
    with pytest.raises(AuxtaskError, match=r"PLLScorer\.annotate"):
        L3MaskingCollator(tokenizer)([feature])


def test_document_of_special_tokens_alone_has_nothing_to_predict(tokenizer):
    feature = {"input_ids": tokenizer("")["input_ids"], "likelihoods": [np.nan, np.nan]}
    for collator in (RTMCollator(tokenizer, 0.9), L3MaskingCollator(tokenizer, 0.9)):
        assert (collator([feature])["labels"] == -100).all()


@pytest.mark.parametrize("kind", [RTMCollator, L3MaskingCollator])
def test_is_a_drop_in_for_a_plain_trainer(tokenizer, masked_lm, features, tmp_path, kind):
    before = {name: value.clone() for name, value in masked_lm.state_dict().items()}
    arguments = TrainingArguments(
        output_dir=str(tmp_path), max_steps=2, per_device_train_batch_size=3, use_cpu=True, report_to="none",
        remove_unused_columns=False, save_strategy="no", disable_tqdm=True,
    )  # fmt: skip
    trainer = Trainer(masked_lm, arguments, data_collator=kind(tokenizer), train_dataset=features)
    assert np.isfinite(trainer.train().training_loss)
    assert any((value != before[name]).any() for name, value in masked_lm.state_dict().items())
