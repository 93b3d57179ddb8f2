"""Attention and dropout on CPUs: what the stock layers compute, and dropout as it is defined."""

import copy

import pytest
import torch
from scipy.stats import binomtest
from torch import nn
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    ModernBertConfig,
    ModernBertForSequenceClassification,
)

from auxtask.model import cpu
from auxtask.model.cpu import ATTENTION, CpuDropout, cpu_attention, drop, train_fast_on_cpu

SIZES = {
    "vocab_size": 50,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
IDS = {"pad_token_id": 0, "cls_token_id": 1, "sep_token_id": 2, "bos_token_id": 1, "eos_token_id": 2}


def without_dropout(config):
    for name in vars(config):
        if name.endswith(("dropout", "dropout_prob")):
            setattr(config, name, 0.0)
    return config


@pytest.fixture(params=["bert", "modernbert"])
def model(request):
    torch.manual_seed(0)
    if request.param == "bert":
        return BertForSequenceClassification(without_dropout(BertConfig(**SIZES))).train()
    # Two tokens to each side: the mask of a window is a mask as well.
    config = ModernBertConfig(**SIZES, **IDS, local_attention=4, global_attn_every_n_layers=2)
    return ModernBertForSequenceClassification(without_dropout(config)).train()


@pytest.fixture
def batch():
    torch.manual_seed(1)
    mask = torch.ones(3, 9, dtype=torch.int64)
    mask[1, 4:] = 0
    return {"input_ids": torch.randint(5, 50, (3, 9)), "attention_mask": mask, "labels": torch.tensor([0, 1, 0])}


@pytest.mark.parametrize(
    ("dropout", "compiled"),
    [(0.0, False), (1e-9, False), pytest.param(0.0, True, marks=pytest.mark.slow)],
    ids=["fused", "step by step", "compiled"],
)
def test_losses_and_gradients_are_those_of_the_stock_layers(model, batch, dropout, compiled):
    fast = copy.deepcopy(model)
    train_fast_on_cpu(fast)
    assert fast.config._attn_implementation == ATTENTION
    for module in fast.modules():
        # So little that nothing is dropped: it leads past the fused attention.
        if hasattr(module, "attention_dropout"):
            module.attention_dropout = dropout
        if isinstance(module, nn.Dropout):
            module.p = dropout
    if compiled:
        fast.base_model.compile(dynamic=True)
    for each in (model, fast):
        each(**batch).loss.backward()
    for (name, one), other in zip(model.named_parameters(), fast.parameters(), strict=True):
        torch.testing.assert_close(other.grad, one.grad, rtol=1e-4, atol=1e-6, msg=name)


def test_weights_and_configuration_on_disk_are_the_stock_ones(model, tmp_path):
    names = list(model.state_dict())
    train_fast_on_cpu(model)
    model.save_pretrained(tmp_path)
    assert list(model.state_dict()) == names
    assert ATTENTION not in (tmp_path / "config.json").read_text()
    assert type(model).from_pretrained(tmp_path).config._attn_implementation == "sdpa"


def test_every_dropout_is_replaced_and_silent_in_evaluation():
    model = BertForSequenceClassification(BertConfig(**SIZES))
    train_fast_on_cpu(model)
    kinds = {type(module) for module in model.modules() if isinstance(module, nn.Dropout)}
    assert kinds == {CpuDropout}
    values = torch.rand(5, 5)
    assert torch.equal(CpuDropout(0.5).eval()(values), values)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_share_and_the_expectation(probability):
    torch.manual_seed(0)
    values = torch.ones(400, 251, requires_grad=True)
    dropped = drop(values, probability)
    gone = dropped == 0
    assert binomtest(int(gone.sum()), gone.numel(), probability).pvalue > 1e-6
    assert torch.unique(dropped[~gone]).tolist() == pytest.approx([1 / (1 - probability)], rel=1e-3)
    dropped.sum().backward()
    assert torch.equal(values.grad, dropped.detach())
    # Neighbours are independent: both are gone as often as chance has it.
    both = gone[:, 1:] & gone[:, :-1]
    assert both.float().mean() == pytest.approx(probability**2, abs=0.01)


def test_dropout_follows_the_generator_of_torch():
    values = torch.ones(7, 3)
    draws = []
    for _ in range(2):
        torch.manual_seed(3)
        draws.append([drop(values, 0.5), drop(values, 0.5)])
    assert torch.equal(draws[0][0], draws[1][0])
    assert torch.equal(draws[0][1], draws[1][1])
    assert not torch.equal(draws[0][0], draws[0][1])


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_dropout_of_nothing_and_of_all(probability):
    assert torch.equal(drop(torch.ones(3, 3), probability), torch.full((3, 3), 1 - probability))


def test_attention_drops_its_weights(monkeypatch):
    torch.manual_seed(0)
    query, key = torch.randn(1, 1, 4, 8, requires_grad=True), torch.randn(1, 1, 4, 8)
    seen = []
    monkeypatch.setattr(cpu, "drop", lambda weights, probability: seen.append((weights, probability)) or weights)
    output, _ = cpu_attention(nn.Identity(), query, key, torch.eye(4).view(1, 1, 4, 4), None, dropout=0.3)
    [(weights, probability)] = seen
    assert probability == 0.3
    expected = ((query @ key.transpose(2, 3)) / 8**0.5).softmax(dim=-1)
    torch.testing.assert_close(weights, expected)
    # The values are unit vectors: what comes out are the weights themselves.
    torch.testing.assert_close(output.transpose(1, 2), expected)
