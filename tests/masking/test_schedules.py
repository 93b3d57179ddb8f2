"""Mask rates: the worked schedules, and that they change the rate of every strategy and nothing else."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from datasets import Dataset
from transformers import TrainerControl, TrainerState, TrainingArguments

from auxtask.data.dataset import build_text_dataset
from auxtask.data.encoding import encode_texts
from auxtask.errors import AuxtaskError
from auxtask.masking.frequency import FrequencyMaskingCollator, annotate_frequencies
from auxtask.masking.likelihood import L3MaskingCollator
from auxtask.masking.pace import CosineRate, CyclicRate, EpochCounter, LinearRate, PerEpoch
from auxtask.masking.random import RTMCollator
from auxtask.masking.span import SpanMaskingCollator
from auxtask.masking.whole_word import WholeWordMaskingCollator
from auxtask.runs.folder import RunFolder
from auxtask.runs.history import read_history
from auxtask.tasks.masking import MaskingTask
from experiments import run

TOKENS = [RTMCollator, L3MaskingCollator, FrequencyMaskingCollator]
STRATEGIES = [*TOKENS, WholeWordMaskingCollator, SpanMaskingCollator]
WORKED = {
    "linear": [0.30, 0.2625, 0.225, 0.1875, 0.15],
    "cosine": [0.30, 0.278, 0.225, 0.172, 0.15],
    "cyclic": [0.15, 0.12, 0.09, 0.15, 0.12],
}


@pytest.fixture
def documents(tokenizer, sentences):
    encoded = encode_texts(sentences, tokenizer, None)
    rng = np.random.default_rng(0)
    likelihoods = [np.where(np.array(row) < 0, np.nan, rng.random(len(row))) for row in encoded["word_ids"]]
    return list(annotate_frequencies(Dataset.from_dict({**encoded, "likelihoods": likelihoods})))


def begin(drawn, epoch, epochs, folder):
    state = TrainerState(epoch=float(epoch), num_train_epochs=epochs)
    arguments = TrainingArguments(output_dir=str(folder), use_cpu=True, report_to="none")
    EpochCounter([drawn]).on_epoch_begin(arguments, state, TrainerControl())


@pytest.mark.parametrize("name", WORKED)
def test_the_worked_schedules(tokenizer, name, tmp_path):
    collator = RTMCollator(tokenizer, name, seed=0)
    found = []
    for epoch in range(5):
        begin(collator, epoch, 5, tmp_path)
        found.append(collator.rate)
    assert found == pytest.approx(WORKED[name], abs=5e-4)


def test_a_single_epoch_stands_in_the_middle(tmp_path):
    drawn = PerEpoch()
    begin(drawn, 0, 1, tmp_path)
    assert drawn.progress == 0.5


@pytest.mark.parametrize("kind", STRATEGIES)
@pytest.mark.parametrize(
    "schedule", ["linear", LinearRate(0.2, 0.6), CosineRate(0.5, 0.1), CyclicRate((0.4, 0.1))]
)
def test_a_schedule_changes_the_rate_of_every_strategy_and_nothing_else(
    tokenizer, documents, kind, schedule, tmp_path
):
    scheduled = kind(tokenizer, schedule, seed=3)
    masked = []
    for epoch in range(3):
        begin(scheduled, epoch, 3, tmp_path)
        constant = kind(tokenizer, scheduled.rate, seed=3)
        constant.epoch = epoch
        batch = scheduled(documents)
        for name, value in constant(documents).items():
            assert torch.equal(batch[name], value)
        masked.append(scheduled.rate)
    assert len(set(masked)) > 1


@pytest.mark.parametrize("kind", TOKENS)
def test_masks_are_nested_over_the_rates(tokenizer, documents, kind):
    """What a rate has masked, and how, a higher rate masks in the same way."""
    batches = [kind(tokenizer, rate, seed=1)(documents) for rate in (0.05, 0.15, 0.30, 0.40)]
    counts = []
    for lower, higher in pairwise(batches):
        chosen = lower["labels"] != -100
        for name in ("input_ids", "labels"):
            assert torch.equal(lower[name][chosen], higher[name][chosen])
        counts.append(int(chosen.sum()))
    assert counts == sorted(set(counts))


def test_a_function_of_ones_own_is_a_schedule(tokenizer):
    collator = RTMCollator(tokenizer, lambda progress, epoch: 0.1 + progress, seed=0)
    collator.progress = 0.25
    assert collator.rate == 0.35
    collator.progress = 1.0
    with pytest.raises(AuxtaskError, match=r"the mask rate that a schedule gives=1.1 is outside \(0, 1\)"):
        collator.rate  # noqa: B018


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LinearRate(0.3, 0), r"last=0 is outside \(0, 1\)"),
        (lambda: CosineRate(1.5, 0.2), r"first=1.5 is outside \(0, 1\)"),
        (lambda: CyclicRate((0.1, 2)), r"rates\[1\]=2 is outside \(0, 1\)"),
        (lambda: CyclicRate(()), r"rates=\(\) is no list of rates; use"),
    ],
)
def test_rates_out_of_range_are_refused(make, message):
    with pytest.raises(AuxtaskError, match=message):
        make()


def test_the_history_of_a_run_names_the_rates_that_it_had(sentences, model_folder, tmp_path):
    pairs = [(text, "ab"[at % 2]) for at, text in enumerate(sentences)]
    dataset = build_text_dataset(dict.fromkeys(("train", "valid", "test"), pairs), name="small", provenance={})
    trainer = {
        "num_train_epochs": 5, "per_device_train_batch_size": 8, "eval_strategy": "epoch", "eval_steps": None,
        "bf16": False, "learning_rate": 1e-3, "per_device_eval_batch_size": 8, "report_to": "none",
        "patience": None, "disable_tqdm": True,
    }  # fmt: skip
    tasks = {
        "rtm": MaskingTask(partial(RTMCollator, mask_rate="linear")),
        "plain": MaskingTask(partial(RTMCollator, mask_rate=0.15)),
    }
    run(dataset, model_folder, tasks, trainer, RunFolder(tmp_path / "run"))
    rows = read_history(tmp_path / "run")
    assert [row["tasks"]["rtm"]["mask_rate"] for row in rows] == pytest.approx(WORKED["linear"])
    assert all("plain" not in row["tasks"] for row in rows)
