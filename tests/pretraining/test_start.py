"""Going on from a model: what learns, a head where there is none, and the command in one line."""

import json
import random
import sys

import numpy as np
import pytest
import torch
from hydra.core.global_hydra import GlobalHydra
from transformers import AutoModelForMaskedLM, AutoTokenizer, BertConfig, BertForMaskedLM, BertModel

from auxtask.cli.command import run_command
from auxtask.errors import AuxtaskError
from auxtask.model.loading import load_tokenizer
from auxtask.model.vanilla import load_masked_lm_or_new_head
from auxtask.pretrain import pretrain
from auxtask.pretraining.network import head_parameters
from auxtask.pretraining.start import FromModel

SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}


@pytest.fixture
def text(tmp_path):
    """A hundred lines, and nothing between them."""
    words = ["the", "sea", "and", "a", "ship", "by", "old", "harbour"]
    shuffled = random.Random(0)
    path = tmp_path / "my text.txt"
    path.write_text("\n".join(" ".join(shuffled.choices(words, k=12)) for _ in range(100)))
    return path


@pytest.fixture
def headless(tokenizer, tmp_path):
    """A sentence encoder: no vocabulary head, and a tokenizer that cuts and fills every text."""
    folder = tmp_path / "headless"
    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=len(tokenizer), **SIZES)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    described = json.loads((folder / "tokenizer.json").read_text())
    described["truncation"] = {"max_length": 4, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}
    described["padding"] = {
        "strategy": {"Fixed": 4}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0,
        "pad_token": "[PAD]",
    }  # fmt: skip
    (folder / "tokenizer.json").write_text(json.dumps(described))
    return folder


def going_on(monkeypatch, tmp_path, *line):
    out = tmp_path / "out"
    quick = ["trainer.max_steps=4", "trainer.bf16=false", "block_length=32", "trainer.logging_steps=1"]
    monkeypatch.setattr(sys, "argv", ["pretrain.py", *line, f"output={out}", f"paths.cache={tmp_path}", *quick])
    GlobalHydra.instance().clear()
    run_command("pretrain", pretrain)
    GlobalHydra.instance().clear()
    return json.loads((out / "model" / "pretraining_metrics.json").read_text()), out / "model"


def test_one_line_goes_on_from_the_shipped_encoder(monkeypatch, capsys, tmp_path, text):
    metrics, model = going_on(
        monkeypatch, tmp_path, "init=tiny", f"data.train={text}", "trainer.learning_rate=1e-3"
    )
    first, *_, last = metrics["evaluations"]
    assert first["step"] == 0
    assert last["step"] == 4
    assert last["loss"] < first["loss"]
    assert AutoTokenizer.from_pretrained(model).get_vocab() == load_tokenizer("tiny").get_vocab()
    assert "before   loss" in capsys.readouterr().out
    assert "init: tiny" in (model / "recipe.yaml").read_text()


@pytest.mark.parametrize("parts", ["all", "layers", "head", "lora"])
def test_the_named_parts_learn_and_no_others(monkeypatch, tmp_path, text, headless, parts):
    arguments = [f"init={headless}", f"data.train={text}", f"parts={parts}", "trainer.learning_rate=1e-2"]
    metrics, folder = going_on(monkeypatch, tmp_path, *arguments)
    trained, _ = load_masked_lm_or_new_head(folder)
    before = BertModel.from_pretrained(headless).state_dict()
    after = trained.base_model.state_dict()
    assert before.keys() - {"pooler.dense.weight", "pooler.dense.bias"} == after.keys()
    changed = {name for name in after if not torch.equal(before[name], after[name])}
    matrices = {name for name in after if "encoder.layer" in name and after[name].dim() == 2}
    words = "embeddings.word_embeddings.weight"
    assert changed == {
        "all": set(after), "layers": set(after) - {words}, "head": set(), "lora": matrices
    }[parts] - {name for name in after if "token_type" in name and parts in ("head", "lora")}  # fmt: skip
    assert torch.equal(trained.get_output_embeddings().weight, trained.get_input_embeddings().weight)
    assert metrics["trained_parameters"] < metrics["parameters"] or parts == "all"


def test_a_new_head_begins_with_log_frequencies(headless, capsys):
    start = FromModel(str(headless))
    tokenizer = start.make_tokenizer([], headless)
    counts = np.random.default_rng(0).integers(1, 50, size=len(tokenizer))
    stream = np.repeat(np.arange(len(tokenizer)), counts)
    model = start.make_network(tokenizer, stream, fresh=True)
    shares = model.get_output_embeddings().bias.softmax(dim=0)
    torch.testing.assert_close(
        shares.double(), torch.from_numpy((counts + 1) / (counts + 1).sum()), rtol=1e-4, atol=0
    )
    assert "one is made" in capsys.readouterr().out
    encoder = {id(parameter) for parameter in model.base_model.parameters()}
    assert not any(id(parameter) in encoder for parameter in head_parameters(model))


def test_a_checkpoint_with_a_part_of_a_head_is_refused(tokenizer, tmp_path):
    folder = tmp_path / "half"
    model = BertForMaskedLM(BertConfig(vocab_size=len(tokenizer), **SIZES))
    weights = {name: value for name, value in model.state_dict().items() if "transform.dense" not in name}
    model.save_pretrained(folder, state_dict=weights)
    with pytest.raises(AuxtaskError, match=r"lacks 2 weights .*a head is made"):
        load_masked_lm_or_new_head(folder)


def test_a_tokenizer_that_cuts_and_fills_is_made_to_read_whole_texts(headless, tokenizer, sentences):
    loaded = load_tokenizer(headless)
    rows = loaded.backend_tokenizer.encode_batch(sentences)
    assert [row.ids for row in rows] == tokenizer(sentences)["input_ids"]


def test_unknown_parts_are_refused():
    with pytest.raises(AuxtaskError, match="parts='body' is unknown; use all, layers, head, lora"):
        FromModel("tiny", parts="body")


def test_the_configuration_is_another_while_the_model_learns_and_its_own_on_disk(headless):
    start = FromModel(str(headless), config_overrides={"hidden_dropout_prob": 0.0})
    tokenizer = start.make_tokenizer([], headless)
    model = start.make_network(tokenizer, np.arange(len(tokenizer)), fresh=True)
    assert model.base_model.embeddings.dropout.p == 0
    start.finish(model)
    assert model.config.hidden_dropout_prob == BertConfig().hidden_dropout_prob > 0


def test_an_override_of_no_field_is_refused(headless):
    start = FromModel(str(headless), config_overrides={"hiden_dropout_prob": 0.0})
    tokenizer = start.make_tokenizer([], headless)
    with pytest.raises(AuxtaskError, match=r"config_overrides.hiden_dropout_prob .* did you mean hidden_dropout"):
        start.make_network(tokenizer, np.arange(len(tokenizer)), fresh=True)


def test_the_head_has_its_own_learning_rate(monkeypatch, tmp_path, text, headless):
    line = [f"init={headless}", f"data.train={text}", "trainer.learning_rate=1e-2", "head_learning_rate=0"]
    _, folder = going_on(monkeypatch, tmp_path, *line)
    trained = AutoModelForMaskedLM.from_pretrained(folder)
    fresh = FromModel(str(headless))
    tokenizer = fresh.make_tokenizer([], headless)
    stream = np.fromfile(tmp_path / "out" / "train.bin", dtype=np.uint16)
    begun = fresh.make_network(tokenizer, stream, fresh=True)
    bias = begun.get_output_embeddings().bias
    assert torch.equal(trained.get_output_embeddings().bias, bias)
    assert not torch.equal(
        trained.base_model.embeddings.LayerNorm.weight, begun.base_model.embeddings.LayerNorm.weight
    )


def test_a_folder_of_other_text_or_another_model_is_refused(monkeypatch, tmp_path, text, headless, capsys):
    line = [f"init={headless}", f"data.train={text}"]
    going_on(monkeypatch, tmp_path, *line)
    before = (tmp_path / "out" / "train.bin").read_bytes()
    text.write_text(text.read_text() + "one more line of the sea\n")
    with pytest.raises(SystemExit, match="1"):
        going_on(monkeypatch, tmp_path, *line)
    assert "holds a pre-training of other text" in capsys.readouterr().err
    assert (tmp_path / "out" / "train.bin").read_bytes() == before
