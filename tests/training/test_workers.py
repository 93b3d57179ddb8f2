"""What is drawn in an epoch is a function of (seed, epoch, document): the workers of the loader change nothing."""

import functools

import numpy as np
import pytest
import torch
from datasets import Dataset
from torch.utils.data import DataLoader
from transformers import TrainerControl, TrainerState, TrainingArguments

from auxtask.data.encoding import encode_texts
from auxtask.likelihood.scorer import PLLScorer
from auxtask.masking.frequency import FrequencyMaskingCollator, annotate_frequencies
from auxtask.masking.likelihood import L3MaskingCollator
from auxtask.masking.pace import EpochCounter, IndependentDocuments, LinearRate
from auxtask.masking.random import RTMCollator
from auxtask.masking.span import SpanMaskingCollator
from auxtask.masking.tfidf_words import annotate_tfidf
from auxtask.masking.unit_likelihood import UnitLikelihoodMaskingCollator
from auxtask.masking.whole_units import WholeUnitMaskingCollator
from auxtask.masking.whole_word import WholeWordMaskingCollator
from auxtask.masking.word_scores import WordScoreCollator
from auxtask.tasks.self_paced import RefreshedCollator, ScoreRefresh
from auxtask.training.batches import ClassificationCollator, MultiTaskCollator
from processes import context

EPOCHS = 3
LOADERS = {
    "workers": {"num_workers": 2},
    "persistent": {"num_workers": 2, "persistent_workers": True},
    "reading ahead": {"num_workers": 2, "persistent_workers": True, "prefetch_factor": 4},
    # All that a worker needs is pickled, for it shares nothing with this process.
    "from a fork server": {"num_workers": 1, "persistent_workers": True, "multiprocessing_context": context},
    "spawned": {"num_workers": 1, "persistent_workers": True, "multiprocessing_context": "spawn"},
}
each_loader = pytest.mark.parametrize(
    "loader",
    [
        pytest.param(loader, id=name, marks=[pytest.mark.ci] * (name == "spawned"))
        for name, loader in LOADERS.items()
    ],
)
COLLATORS = {
    "rtm": RTMCollator,
    "l3masking": L3MaskingCollator,
    "frequency": FrequencyMaskingCollator,
    "whole_word": WholeWordMaskingCollator,
    "span": SpanMaskingCollator,
    "word_scores": WordScoreCollator,
    "units": WholeUnitMaskingCollator,
    "likely_units": UnitLikelihoodMaskingCollator,
}


@pytest.fixture
def documents(tokenizer, sentences):
    encoded = encode_texts(sentences, tokenizer, None)
    rng = np.random.default_rng(0)
    likelihoods = [np.where(np.array(row) < 0, np.nan, rng.random(len(row))) for row in encoded["word_ids"]]
    columns = {
        "likelihoods": likelihoods,
        "unit_ids": encoded["word_ids"],
        "document": range(len(sentences)),
        "label": [0] * len(sentences),
    }
    return annotate_tfidf(annotate_frequencies(Dataset.from_dict({**encoded, **columns})))


def epochs(collate, documents, callbacks, folder, **loader):
    """The batches of some epochs, as the Trainer goes through them."""
    loaded = DataLoader(documents, batch_size=4, collate_fn=collate, **loader)
    arguments = TrainingArguments(output_dir=str(folder), use_cpu=True, report_to="none")
    batches = []
    for epoch in range(EPOCHS):
        for callback in callbacks:
            state = TrainerState(epoch=float(epoch), num_train_epochs=EPOCHS)
            callback.on_epoch_begin(arguments, state, TrainerControl())
        batches.append(list(loaded))
    return batches


def assert_equal(found, expected):
    for one, other in zip(found, expected, strict=True):
        for batch, expected_batch in zip(one, other, strict=True):
            torch.testing.assert_close(batch, expected_batch, rtol=0, atol=0)


@each_loader
def test_all_that_is_drawn_is_drawn_anew_in_each_epoch(tokenizer, documents, loader, tmp_path):
    tasks = {name: make(tokenizer, LinearRate(0.6, 0.2), seed=0) for name, make in COLLATORS.items()}
    draw = IndependentDocuments(documents, seed=0)
    collate = MultiTaskCollator(ClassificationCollator(tokenizer), tasks, draw)
    counter = EpochCounter([*tasks.values(), draw])
    expected = epochs(collate, documents, [counter], tmp_path)
    assert_equal(epochs(collate, documents, [counter], tmp_path, **loader), expected)
    for part in expected[0][0]:
        labels = [torch.cat([batch[part]["labels"].flatten() for batch in epoch]) for epoch in expected]
        if part != "main":
            assert not torch.equal(labels[0], labels[1]), part
            masked = [int((row != -100).sum()) for row in labels]
            assert masked[0] > 2 * masked[2] > 0, part


@each_loader
def test_refreshed_likelihoods_reach_the_workers(tokenizer, masked_lm, documents, loader, tmp_path):
    masking = functools.partial(L3MaskingCollator, mask_rate=0.3)

    def run(**settings):
        collate = RefreshedCollator(masking(tokenizer, seed=0))
        annotate = PLLScorer(masked_lm, tokenizer, progress=False).annotate
        refresh = ScoreRefresh(annotate, "word_l2r", 1, collator=collate, train=documents)
        callbacks = [EpochCounter([collate.masking]), refresh]
        return epochs(collate, documents, callbacks, tmp_path, **settings)

    without_refresh = MultiTaskCollator(ClassificationCollator(tokenizer), {"l3": masking(tokenizer, seed=0)})
    vanilla = epochs(without_refresh, documents, [EpochCounter([without_refresh.tasks["l3"]])], tmp_path)
    expected = run()
    assert_equal(run(**loader), expected)
    assert torch.equal(expected[0][0]["labels"], vanilla[0][0]["l3"]["labels"])
    assert not torch.equal(expected[1][0]["labels"], vanilla[1][0]["l3"]["labels"])
