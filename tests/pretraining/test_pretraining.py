"""Pre-training: packed blocks, count baselines against naive loops, exact resume, a model that learns."""

import json
import math
import random
import shutil
import sys
from collections import Counter, defaultdict

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hydra.core.global_hydra import GlobalHydra
from transformers import AutoModelForMaskedLM, AutoTokenizer

from auxtask.cli.command import run_command
from auxtask.errors import AuxtaskError
from auxtask.masking.pace import LinearRate
from auxtask.masking.random import RTMCollator
from auxtask.pretrain import pretrain
from auxtask.pretraining.counts import ppmi_embeddings
from auxtask.pretraining.evaluation import evaluate_counts, evaluate_masked_lm
from auxtask.pretraining.network import MaskedLanguageModeling, start_bias_from_counts, start_embeddings
from auxtask.pretraining.text import HELD_OUT, TRAINED_ON, PackedBlocks, read_documents, write_token_stream
from auxtask.pretraining.trainer import PretrainingTrainer
from auxtask.training.plan import training_arguments
from processes import Command


@pytest.fixture
def stream(tokenizer, sentences, tmp_path):
    path = tmp_path / "stream.bin"
    write_token_stream(sentences * 4, tokenizer, path, progress=False)
    return path


def naive_blocks(documents, inner, separator):
    """Blocks as a reader would cut them: long documents by themselves, short ones joined to what follows."""
    blocks, joined = [], []
    for document in documents:
        joined += document
        if len(joined) >= inner:
            at = 0
            while at + inner < len(joined):
                blocks.append(joined[at : at + inner])
                at += inner
            blocks.append(joined[-inner:])
            joined = []
        else:
            joined.append(separator)
    return blocks


@pytest.mark.parametrize("length", [5, 8, 16, 40])
def test_blocks_are_full_and_end_with_their_document(tokenizer, sentences, stream, length):
    documents = [tokenizer(sentence, add_special_tokens=False)["input_ids"] for sentence in sentences * 4]
    expected = naive_blocks(documents, length - 2, tokenizer.sep_token_id)
    blocks = PackedBlocks(stream, length, tokenizer)
    rows = [block["input_ids"] for block in blocks]
    assert all(row[0] == tokenizer.cls_token_id and row[-1] == tokenizer.sep_token_id for row in rows)
    assert [row[1:-1] for row in rows] == expected
    assert isinstance(blocks.stream, np.memmap)


def test_no_block_crosses_a_document_that_fills_one(tokenizer, sentences, stream):
    rows = [block["input_ids"][1:-1] for block in PackedBlocks(stream, 8, tokenizer)]
    assert min(len(tokenizer(sentence)["input_ids"]) for sentence in sentences) >= 8
    assert not any(tokenizer.sep_token_id in row for row in rows)


def test_a_stream_shorter_than_a_block_is_one_shorter_block(tokenizer, stream):
    blocks = PackedBlocks(stream, 100_000, tokenizer)
    whole = np.fromfile(stream, dtype=np.uint16).tolist()
    assert [block["input_ids"] for block in blocks] == [[tokenizer.cls_token_id, *whole]]
    assert blocks.length == len(whole) + 1


def test_every_twentieth_paragraph_can_be_held_out(tmp_path):
    text = tmp_path / "text.txt"
    lines = [f"paragraph {number}" for number in range(45)]
    text.write_text("\n\n".join("\n".join(lines[begin : begin + 3]) for begin in range(0, 45, 3)))
    held_out = [line for document in read_documents([text], HELD_OUT) for line in [document]]
    assert held_out == ["paragraph 19", "paragraph 39"]
    kept = " ".join(read_documents([text], TRAINED_ON)).split("paragraph ")[1:]
    assert [int(number) for number in kept] == [number for number in range(45) if number not in (19, 39)]
    assert len(list(read_documents([text], TRAINED_ON))) == 15


def test_no_text_leaves_no_stream(tokenizer, tmp_path):
    with pytest.raises(AuxtaskError, match="no text to tokenise"):
        write_token_stream([], tokenizer, tmp_path / "none.bin", progress=False)
    assert not list(tmp_path.iterdir())


def test_missing_and_undecodable_text_files_are_named(tmp_path):
    with pytest.raises(AuxtaskError, match=r"nope\.txt' does not exist"):
        list(read_documents([tmp_path / "nope.txt"]))
    (tmp_path / "latin.txt").write_bytes("caf\xe9\n".encode("latin-1"))
    with pytest.raises(AuxtaskError, match=r"latin\.txt' is not UTF-8"):
        list(read_documents([tmp_path / "latin.txt"]))


def test_count_baselines_equal_naive_loops(tokenizer, stream):
    train = np.fromfile(stream, dtype=np.uint16)
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


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (0.4, [0.4] * 8),
        (LinearRate(0.4, 0.2), [0.4 - 0.2 * step / 7 for step in range(8)]),
        ("cosine", [0.15 + 0.15 * (1 + np.cos(np.pi * step / 7)) / 2 for step in range(8)]),
    ],
)
def test_the_mask_rate_is_that_of_the_step_also_after_a_resume(
    tokenizer, masked_lm, stream, tmp_path, schedule, expected
):
    def trainer(seen):
        class Spy(RTMCollator):
            def __call__(self, features):
                batch = super().__call__(features)
                seen.append((self.rate, batch["labels"].tolist()))
                return batch

        blocks = PackedBlocks(stream, 16, tokenizer)
        arguments = training_arguments(
            tmp_path / "checkpoints", max_steps=8, save_steps=3, per_device_train_batch_size=2, report_to="none",
            bf16=False, seed=0, disable_tqdm=True, remove_unused_columns=False,
        )  # fmt: skip
        return PretrainingTrainer(
            MaskedLanguageModeling(masked_lm), arguments,
            masking=Spy(tokenizer, schedule, seed=0),
            train_dataset=blocks, lengths=np.zeros(len(blocks), dtype=np.int64), eval_dataset=blocks,
            eval_masking=RTMCollator(tokenizer, seed=0),
        )  # fmt: skip

    whole, resumed = [], []
    trainer(whole).train()
    trainer(resumed).train(resume_from_checkpoint=str(tmp_path / "checkpoints" / "checkpoint-3"))
    assert [rate for rate, _ in whole] == pytest.approx(expected)
    assert resumed == whole[3:]


@pytest.mark.ci
def test_a_killed_pretraining_ends_as_an_uninterrupted_one(sentences, tmp_path):
    text = tmp_path / "text.txt"
    shuffled = random.Random(0)
    text.write_text("\n\n".join(" ".join(shuffled.sample(sentences, k=5)) for _ in range(40)))

    def pretraining(output):
        return Command(
            tmp_path, "pretrain", f"data.train={text}", f"data.valid={text}",
            f"output={tmp_path / output}", "tokenizer.vocabulary_size=200", "architecture.hidden_size=32",
            "architecture.intermediate_size=32", "architecture.num_hidden_layers=1",
            "architecture.num_attention_heads=2", "block_length=32", "trainer.max_steps=200",
            "trainer.per_device_train_batch_size=4", "trainer.warmup_steps=2", "trainer.save_steps=5",
            "trainer.eval_steps=50", "trainer.lr_scheduler_kwargs.num_decay_steps=20", "trainer.bf16=false",
            "trainer.learning_rate=1e-2",
        )  # fmt: skip

    killed = pretraining("cut")
    killed.wait_for(lambda: list(tmp_path.glob("cut/checkpoints/checkpoint-*/trainer_state.json")))
    killed.kill()
    killed.wait()
    # Equal counts are ranked anew each time a vocabulary is learned, so both runs get the same one.
    shutil.copytree(tmp_path / "cut" / "tokenizer", tmp_path / "whole" / "tokenizer")
    for output in ("cut", "whole"):
        done = pretraining(output)
        assert done.wait() == 0, done.error
        assert done.output.rstrip().endswith(f"model: {tmp_path / output / 'model'}")
    metrics = [
        json.loads((tmp_path / output / "model" / "pretraining_metrics.json").read_text())
        for output in ("cut", "whole")
    ]
    assert metrics[0] == metrics[1]
    # It has seen its validation text, so it must beat the unigrams by far.
    assert metrics[0]["valid"]["loss"] < metrics[0]["unigram"]["loss"], metrics[0]
    model = AutoModelForMaskedLM.from_pretrained(tmp_path / "whole" / "model", dtype="float32")
    assert model.config.vocab_size == len(AutoTokenizer.from_pretrained(tmp_path / "whole" / "model"))
    # The embeddings are those that counting gave, untouched by the training, before and after the resume.
    counted = torch.from_numpy(
        ppmi_embeddings(np.fromfile(tmp_path / "cut" / "train.bin", dtype=np.uint16), model.config.vocab_size, 32)
    )
    for output in ("cut", "whole"):
        model = AutoModelForMaskedLM.from_pretrained(tmp_path / output / "model", dtype="float32")
        embeddings = model.get_input_embeddings().weight.detach()
        assert F.cosine_similarity(embeddings, counted).min() > 0.999


@pytest.mark.parametrize("embeddings", [[], ["embeddings=null"]], ids=["counted", "learned"])
def test_a_text_of_a_hundred_lines_pretrains(monkeypatch, capsys, tmp_path, embeddings):
    """Its vocabulary is smaller than what is asked for, and smaller than the width of the encoder."""
    words = ["the", "sea", "and", "a", "ship", "by", "old", "harbour"]
    shuffled = random.Random(0)
    text = tmp_path / "text.txt"
    text.write_text("\n".join(" ".join(shuffled.choices(words, k=12)) for _ in range(100)))
    line = [f"data.train={text}", f"data.valid={text}", f"output={tmp_path / 'out'}", "trainer.max_steps=2",
            f"paths.cache={tmp_path / 'cache'}", "architecture.num_hidden_layers=1", *embeddings]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["pretrain.py", *line])
    GlobalHydra.instance().clear()
    run_command("pretrain", pretrain)
    GlobalHydra.instance().clear()
    model = AutoModelForMaskedLM.from_pretrained(tmp_path / "out" / "model", dtype="float32")
    vocabulary = len(AutoTokenizer.from_pretrained(tmp_path / "out" / "model"))
    assert vocabulary < 256
    assert model.get_input_embeddings().weight.shape == (vocabulary, 256)
    assert "valid    loss" in capsys.readouterr().out


def test_a_start_from_counts_predicts_unigrams(model_folder):
    masked_lm = AutoModelForMaskedLM.from_pretrained(model_folder)
    vocabulary, width = masked_lm.get_input_embeddings().weight.shape
    counts = np.random.default_rng(0).integers(0, 1000, size=vocabulary)
    vectors = np.random.default_rng(1).normal(size=(vocabulary, width)).astype(np.float32)
    start_embeddings(masked_lm, vectors)
    start_bias_from_counts(masked_lm, (counts + 1) / (counts + 1).sum())
    weight = masked_lm.get_input_embeddings().weight
    torch.testing.assert_close(weight.detach(), torch.from_numpy(vectors))
    assert masked_lm.get_output_embeddings().weight is weight
    shares = masked_lm.get_output_embeddings().bias.softmax(dim=0)
    torch.testing.assert_close(shares, torch.from_numpy((counts + 1) / (counts + 1).sum()).float())
