"""Pre-training: packed blocks, count baselines against naive loops, exact resume, a model that learns."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict

import numpy as np
import pytest
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer

from auxtask.data.packing import PackedBlocks, read_documents, write_token_stream
from auxtask.errors import AuxtaskError
from auxtask.masking.collators import RTMCollator
from auxtask.training.pretraining import MaskedLanguageModeling, evaluate_counts, evaluate_masked_lm


@pytest.fixture
def stream(tokenizer, sentences, tmp_path):
    path = tmp_path / "stream.npy"
    write_token_stream(sentences * 4, tokenizer, path, progress=False)
    return path


def test_blocks_hold_the_text_in_order_between_cls_and_sep(tokenizer, sentences, stream):
    expected = []
    for sentence in sentences * 4:
        expected += [*tokenizer(sentence, add_special_tokens=False)["input_ids"], tokenizer.sep_token_id]
    blocks = PackedBlocks(stream, 16, tokenizer)
    rows = [block["input_ids"] for block in blocks]
    assert len(rows) == len(blocks) == len(expected) // 14
    assert all(row[0] == tokenizer.cls_token_id and row[-1] == tokenizer.sep_token_id for row in rows)
    assert [token for row in rows for token in row[1:-1]] == expected[: 14 * len(rows)]
    assert isinstance(blocks.stream, np.memmap)


def test_a_stream_shorter_than_a_block_is_refused(tokenizer, stream):
    with pytest.raises(AuxtaskError, match="fewer than a block of 100000"):
        PackedBlocks(stream, 100_000, tokenizer)


def test_missing_and_undecodable_text_files_are_named(tmp_path):
    with pytest.raises(AuxtaskError, match=r"nope\.txt' does not exist"):
        list(read_documents([tmp_path / "nope.txt"]))
    (tmp_path / "latin.txt").write_bytes("caf\xe9\n".encode("latin-1"))
    with pytest.raises(AuxtaskError, match=r"latin\.txt' is not UTF-8"):
        list(read_documents([tmp_path / "latin.txt"]))


def test_count_baselines_equal_naive_loops(tokenizer, stream):
    train = np.load(stream)
    blocks = PackedBlocks(stream, 16, tokenizer)
    collator = RTMCollator(tokenizer, 0.3, seed=0)
    got = evaluate_counts(train, blocks, collator, len(tokenizer))

    unigrams = Counter(train.tolist())
    total = len(train) + len(tokenizer)
    followers = defaultdict(Counter)
    for left, right in zip(train.tolist(), train.tolist()[1:], strict=False):
        followers[left][right] += 1
    losses = {"unigram": [], "bigram": []}
    for block in blocks:
        ids = block["input_ids"]
        for position in np.flatnonzero(collator([block])["labels"][0].numpy() != -100):
            token, left = ids[position], ids[position - 1]
            p = (unigrams[token] + 1) / total
            losses["unigram"].append(-math.log(p))
            seen = followers[left]
            if seen:
                p = (seen[token] + len(seen) * p) / (sum(seen.values()) + len(seen))
            losses["bigram"].append(-math.log(p))
    for name in losses:
        assert got[name]["loss"] == pytest.approx(np.mean(losses[name]), rel=1e-9)
        assert 0 <= got[name]["accuracy"] <= 1
    assert got["bigram"]["loss"] < got["unigram"]["loss"]


def test_evaluation_equals_the_stock_model_on_full_logits(tokenizer, masked_lm, stream):
    blocks = PackedBlocks(stream, 16, tokenizer)
    collator = RTMCollator(tokenizer, 0.3, seed=0)
    got = evaluate_masked_lm(MaskedLanguageModeling(masked_lm), blocks, collator, batch_size=4)
    masked_lm.eval()
    losses, hits = [], []
    for block in blocks:
        batch = collator([block])
        with torch.no_grad():
            logits = masked_lm(input_ids=batch["input_ids"]).logits[0]
        for position in (batch["labels"][0] != -100).nonzero().flatten():
            label = batch["labels"][0, position]
            losses.append(float(-logits[position].log_softmax(dim=-1)[label]))
            hits.append(bool(logits[position].argmax() == label))
    assert got["loss"] == pytest.approx(np.mean(losses), abs=1e-5)
    assert got["accuracy"] == pytest.approx(np.mean(hits))


def test_a_killed_pretraining_ends_as_an_uninterrupted_one(sentences, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("\n\n".join(sentences * 20))

    def line(output):
        return [
            sys.executable, "-m", "auxtask.pretrain", f"data.train={text}", f"data.valid={text}",
            f"output={tmp_path / output}", "tokenizer.vocabulary_size=200", "architecture.hidden_size=32",
            "architecture.intermediate_size=32", "architecture.num_hidden_layers=1",
            "architecture.num_attention_heads=2", "block_length=32", "trainer.max_steps=200",
            "trainer.per_device_train_batch_size=4", "trainer.warmup_steps=2", "trainer.save_steps=5",
            "trainer.eval_steps=50", "trainer.lr_scheduler_kwargs.num_decay_steps=20", "trainer.bf16=false",
            "trainer.learning_rate=1e-2",
        ]  # fmt: skip

    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(line("cut"), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("cut/checkpoints/checkpoint-*/trainer_state.json")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    # Equal counts are ranked anew each time a vocabulary is learned, so both runs get the same one.
    shutil.copytree(tmp_path / "cut" / "tokenizer", tmp_path / "whole" / "tokenizer")
    for output in ("cut", "whole"):
        done = subprocess.run(line(output), env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.rstrip().endswith(f"model: {tmp_path / output / 'model'}")
    metrics = [
        json.loads((tmp_path / output / "model" / "pretraining_metrics.json").read_text())
        for output in ("cut", "whole")
    ]
    assert metrics[0] == metrics[1]
    # It has seen its validation text, so it must beat the unigrams by far.
    assert metrics[0]["valid"]["loss"] < metrics[0]["unigram"]["loss"], metrics[0]
    model = AutoModelForMaskedLM.from_pretrained(tmp_path / "whole" / "model", dtype="float32")
    assert model.config.vocab_size == len(AutoTokenizer.from_pretrained(tmp_path / "whole" / "model"))
