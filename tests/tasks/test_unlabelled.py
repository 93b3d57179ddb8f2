"""Unlabelled documents beside the labelled: masked, never classified, scored once, none that tests."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from datasets import Dataset

from auxtask.data.dataset import build_text_dataset
from auxtask.data.encoding import encode
from auxtask.errors import AuxtaskError
from auxtask.masking.frequency import FrequencyMaskingCollator, annotate_frequencies
from auxtask.masking.likelihood import L3MaskingCollator, annotate_likelihoods
from auxtask.masking.random import RTMCollator
from auxtask.runs.folder import RunFolder
from auxtask.tasks.base import prepare
from auxtask.tasks.masking import MaskingTask
from auxtask.tasks.self_paced import SelfPacedTask
from experiments import run, tools_of

FURTHER = [f"the patient number {number} of the bank returns" for number in range(12)]
RTM = MaskingTask(partial(RTMCollator, mask_rate=0.5))


@pytest.fixture
def dataset(sentences):
    pairs = [(text, "ab"[at % 2]) for at, text in enumerate(sentences)]
    return build_text_dataset(dict.fromkeys(("train", "valid", "test"), pairs), name="small", provenance={})


@pytest.fixture
def tools(model_folder, dataset):
    texts = Dataset.from_dict({"text": FURTHER})
    return tools_of(model_folder, dataset.label_names, unlabelled=texts, unlabelled_ratio=1.5)


def test_they_are_masked_behind_the_documents_of_the_batch_and_drawn_anew(dataset, tools):
    prepared = prepare(dataset, {"rtm": RTM}, tools, max_length=32)
    batch = [dict(row) for row in prepared.documents["train"].select(range(4))]
    collator = prepared.tasks["rtm"].collator
    alone = collator.collator(batch)
    together = collator(batch)
    assert len(together["input_ids"]) == 4 + round(1.5 * 4)
    width = alone["input_ids"].shape[1]
    # A document's masks are its own affair: those of the labelled ones are what they were.
    assert (together["labels"][:4, :width] == alone["labels"]).all()
    known = {tuple(row) for row in tools.tokenizer(FURTHER)["input_ids"]}
    for ids, labels in zip(together["input_ids"][4:], together["labels"][4:], strict=True):
        whole = np.where(labels == -100, ids, labels)
        assert any(tuple(whole[: len(row)]) == row or len(row) == len(whole) for row in known)
        assert (labels != -100).any()
    assert (collator(batch)["input_ids"] == together["input_ids"]).all()
    for callback in prepared.tasks["rtm"].callbacks(None):
        for one in callback.drawn:
            one.epoch = 1
    assert not np.array_equal(collator(batch)["input_ids"], together["input_ids"])


def test_their_likelihoods_are_those_that_scoring_them_alone_gives(dataset, tools):
    task = MaskingTask(L3MaskingCollator, annotate_likelihoods)
    prepared = prepare(dataset, {"l3masking": task}, tools, max_length=32)
    further = prepared.tasks["l3masking"].collator.draw.documents
    alone = tools.scorer("word_l2r").annotate(encode(Dataset.from_dict({"text": FURTHER}), tools.tokenizer, 32))
    for row, expected in zip(further["likelihoods"], alone["likelihoods"], strict=True):
        np.testing.assert_allclose(row, expected, rtol=1e-5)


def test_a_strategy_that_counts_counts_over_all_that_is_masked(dataset, tools):
    task = MaskingTask(FrequencyMaskingCollator, annotate_frequencies)
    prepared = prepare(dataset, {"frequency": task}, tools, max_length=32)
    documents = prepared.tasks["frequency"].dataset["train"]
    (column,) = set(documents.column_names) - set(encode(dataset, tools.tokenizer, 32)["train"].column_names)
    everything = Dataset.from_dict({"text": [*dataset["train"]["text"], *FURTHER]})
    counted = annotate_frequencies(encode(everything, tools.tokenizer, 32), tools)
    for row, expected in zip(documents[column], counted[column], strict=False):
        np.testing.assert_allclose(row, expected)


def test_a_run_learns_from_them_and_classifies_the_labelled_alone(dataset, model_folder, tmp_path, monkeypatch):
    texts = Dataset.from_dict({"text": FURTHER})
    monkeypatch.setattr("experiments.tools_of", partial(tools_of, unlabelled=texts, unlabelled_ratio=2.0))
    trainer = {
        "num_train_epochs": 1, "per_device_train_batch_size": 4, "eval_strategy": "epoch", "eval_steps": None,
        "bf16": False, "learning_rate": 1e-3, "per_device_eval_batch_size": 8, "report_to": "none",
    }  # fmt: skip
    metrics = run(dataset, model_folder, {"rtm": RTM}, trainer, RunFolder(tmp_path / "run"))
    assert metrics["steps"] == -(-len(dataset["train"]) // 4)
    assert metrics["status"] == "finished"


def test_refreshed_likelihoods_would_not_reach_them(dataset, tools):
    task = SelfPacedTask(L3MaskingCollator, annotate_likelihoods)
    with pytest.raises(AuxtaskError, match="unlabelled documents get no refreshed likelihoods"):
        prepare(dataset, {"refreshed": task}, replace(tools), max_length=32)
