"""Self-paced masking: when likelihoods are refreshed, from which model, and what a resume finds."""

import numpy as np
import pytest
import torch
from datasets import Dataset
from transformers import TrainerControl, TrainerState, TrainingArguments

from auxtask.data.encoding import encode_texts
from auxtask.errors import AuxtaskError
from auxtask.likelihood.scorer import PLLScorer
from auxtask.masking.likelihood import L3MaskingCollator
from auxtask.tasks.self_paced import RefreshedCollator, ScoreRefresh, SelfPacedTask
from oracles import naive_log_probs


@pytest.fixture
def documents(tokenizer, sentences):
    encoded = encode_texts(sentences, tokenizer, None)
    vanilla = [np.full(len(row), 0.25) for row in encoded["input_ids"]]
    return Dataset.from_dict({**encoded, "document": range(len(sentences)), "likelihoods": vanilla})


def begin_epoch(callback, folder, epoch):
    arguments = TrainingArguments(output_dir=str(folder), use_cpu=True, report_to="none")
    callback.on_epoch_begin(arguments, TrainerState(epoch=float(epoch)), TrainerControl())


def test_likelihoods_are_those_of_the_model_in_training_every_k_epochs(tokenizer, masked_lm, documents, tmp_path):
    def callback(collator):
        scorer = PLLScorer(masked_lm, tokenizer, "word_l2r", progress=False)
        return ScoreRefresh(scorer.annotate, "word_l2r", 2, collator=collator, train=documents)

    collator = RefreshedCollator(L3MaskingCollator(tokenizer, seed=0))
    refresh = callback(collator)
    for epoch in (0, 1):
        begin_epoch(refresh, tmp_path, epoch)
        assert all((row == 0.25).all() for row in collator.values)
    begin_epoch(refresh, tmp_path, 2)
    for row, fresh in zip(documents, collator.values, strict=True):
        word_ids = row["word_ids"]
        naive = naive_log_probs(masked_lm, row["input_ids"], word_ids, "word_l2r", tokenizer.mask_token_id)
        np.testing.assert_allclose(fresh, np.exp(naive), rtol=1e-4)

    second = [row.clone() for row in collator.values]
    torch.nn.init.normal_(masked_lm.cls.predictions.transform.dense.weight)
    begin_epoch(refresh, tmp_path, 3)
    for one, other in zip(collator.values, second, strict=True):
        np.testing.assert_array_equal(one, other)

    resumed = RefreshedCollator(L3MaskingCollator(tokenizer, seed=0))
    begin_epoch(callback(resumed), tmp_path, 3)
    for one, other in zip(resumed.values, second, strict=True):
        np.testing.assert_array_equal(one, other)
    begin_epoch(refresh, tmp_path, 4)
    assert (collator.values[0] - second[0]).abs().nan_to_num().max() > 1e-3


def test_the_collator_prefers_fresh_likelihoods(tokenizer, documents):
    collator = RefreshedCollator(L3MaskingCollator(tokenizer, mask_rate=0.15, seed=0))
    rows = [{**row, "likelihoods": np.zeros(len(row["input_ids"]))} for row in documents]
    before = collator(rows)["labels"]
    collator.values = [np.where(np.array(row["word_ids"]) >= 3, 1.0, 0.0) for row in documents]
    labels = collator(rows)["labels"]
    assert (before[:, 8:] != -100).any()
    assert (labels[:, 8:] == -100).all()


def test_refresh_every_is_checked_at_the_door():
    with pytest.raises(AuxtaskError, match="refresh_every=0 is below 1"):
        SelfPacedTask(L3MaskingCollator, refresh_every=0)
