"""One optimizer that steps as Muon and AdamW do apart, and that a checkpoint restores."""

import copy

import torch
from torch import nn

from auxtask.training.muon import MuonWithAdamW


def train(model, optimizers, steps, seed=0):
    """Take a few steps on random data and give the weights."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        hidden = model["embeddings"](torch.randint(11, (4,), generator=generator))
        for layer in model["layers"]:
            hidden = layer(hidden).tanh()
        model["head"](hidden).logsumexp(dim=-1).sum().backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    return [parameter.detach().clone() for parameter in model.parameters()]


def network():
    torch.manual_seed(0)
    return nn.ModuleDict(
        {
            "embeddings": nn.Embedding(11, 6),
            "layers": nn.ModuleList([nn.Linear(6, 8), nn.Linear(8, 6)]),
            "head": nn.Linear(6, 11),
        }
    )


def optimizer_of(model):
    return MuonWithAdamW(model, matrix_learning_rate=0.02, learning_rate=1e-2, weight_decay=0.1, betas=(0.8, 0.9))


def test_every_parameter_moves_as_under_its_own_optimizer():
    model, other = network(), network()
    together = train(model, [optimizer_of(model)], steps=5)
    matrices = [layer.weight for layer in other["layers"]]
    vectors = [layer.bias for layer in other["layers"]] + [other["head"].bias]
    apart = train(
        other,
        [
            torch.optim.Muon(matrices, lr=0.02, weight_decay=0.1),
            torch.optim.AdamW(
                [
                    {"params": [other["embeddings"].weight, other["head"].weight], "weight_decay": 0.1},
                    {"params": vectors, "weight_decay": 0.0},
                ],
                lr=1e-2,
                betas=(0.8, 0.9),
            ),
        ],
        steps=5,
    )
    torch.testing.assert_close(together, apart)


def test_a_checkpoint_goes_on_as_if_nothing_had_happened():
    model = network()
    optimizer = optimizer_of(model)
    train(model, [optimizer], steps=3)
    other = copy.deepcopy(model)
    resumed = optimizer_of(other)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    torch.testing.assert_close(
        train(other, [resumed], steps=3, seed=1), train(model, [optimizer], steps=3, seed=1), rtol=0, atol=0
    )


def test_schedulers_reach_every_group():
    optimizer = optimizer_of(network())
    before = [group["lr"] for group in optimizer.param_groups]
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step))
    optimizer.step()
    scheduler.step()
    assert [group["lr"] for group in optimizer.param_groups] == [rate / 2 for rate in before]
