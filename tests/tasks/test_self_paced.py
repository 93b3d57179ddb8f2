"""Self-paced masking: when likelihoods are refreshed, from which model, and what a resume finds."""

import functools

import numpy as np
import pytest
import torch
from datasets import Dataset, DatasetDict
from transformers import TrainerControl, TrainerState, TrainingArguments

from auxtask.data.dataset import build_text_dataset
from auxtask.data.encoding import encode, encode_texts
from auxtask.errors import AuxtaskError
from auxtask.likelihood.scorer import PLLScorer
from auxtask.masking.entropy import EntropyMaskingCollator, annotate_uncertainties
from auxtask.masking.likelihood import L3MaskingCollator
from auxtask.masking.random import RTMCollator
from auxtask.tasks.self_paced import RefreshedCollator, ScoreRefresh, SelfPacedTask
from experiments import tools_of
from oracles import naive_log_probs, naive_predictions


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


def test_entropies_are_refreshed_as_likelihoods_are(tokenizer, masked_lm, model_folder, sentences, tmp_path):
    pairs = [(sentence, "ab"[index % 2]) for index, sentence in enumerate(sentences)]
    dataset = build_text_dataset(dict.fromkeys(("train", "valid", "test"), pairs), name="few", provenance={})
    annotate = functools.partial(annotate_uncertainties, metric="whole_word")
    task = SelfPacedTask(EntropyMaskingCollator, annotate, metric="whole_word", refresh_every=1)
    tools = tools_of(model_folder, dataset.label_names, tokenizer)
    prepared = task.prepare(encode(dataset, tokenizer, 32), tools)
    torch.nn.init.normal_(masked_lm.cls.predictions.transform.dense.weight)
    [_, refresh] = prepared.callbacks(masked_lm)
    begin_epoch(refresh, tmp_path, 1)
    for row, fresh in zip(prepared.dataset["train"], prepared.collator.values, strict=True):
        predicted = naive_predictions(masked_lm, row["input_ids"], row["word_ids"], "whole_word", 4)
        expected = [-(np.exp(predicted[at]) * predicted[at]).sum() for at in sorted(predicted)]
        np.testing.assert_allclose(fresh[1:-1], expected, rtol=1e-4)
        assert np.abs(np.array(row["uncertainties"])[1:-1] - expected).max() > 1e-3
    assert (tmp_path / "uncertainties-whole_word-1.npy").exists()
    assert (prepared.collator(list(prepared.dataset["train"]))["labels"] != -100).any()


def test_a_strategy_without_scores_has_nothing_to_refresh(tokenizer, model_folder, documents):
    tools = tools_of(model_folder, ["a", "b"], tokenizer)
    with pytest.raises(AuxtaskError, match="annotate adds 0 columns, and a refresh takes the place of one"):
        SelfPacedTask(RTMCollator).prepare(DatasetDict({"train": documents}), tools)
