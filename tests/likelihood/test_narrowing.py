"""The last layer at the scored positions alone: the same outputs, and only modules for which that holds."""

import pytest
import torch
from torch import nn
from transformers import AlbertConfig, AutoModelForMaskedLM, BertConfig, PreTrainedModel

from auxtask.likelihood.narrowing import narrowed, pointwise_modules

SIZES = {
    "vocab_size": 50,
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
}


@pytest.fixture
def model() -> PreTrainedModel:
    torch.manual_seed(0)
    return AutoModelForMaskedLM.from_config(BertConfig(**SIZES)).eval()


def names(model: PreTrainedModel) -> list[str]:
    found = {id(module) for module in pointwise_modules(model)}
    return [name for name, module in model.base_model.named_modules() if id(module) in found]


def test_all_of_the_last_layer_but_keys_and_values(model: PreTrainedModel) -> None:
    layer = "encoder.layer.2"
    assert names(model) == [
        f"{layer}.attention.self.query",
        f"{layer}.attention.output",
        f"{layer}.intermediate",
        f"{layer}.output",
    ]


def test_precision_does_not_matter(model: PreTrainedModel) -> None:
    assert names(model.to(torch.bfloat16)) == names(model.float())


@torch.no_grad()
def test_chosen_outputs_are_the_same_and_the_modules_come_back(model: PreTrainedModel) -> None:
    input_ids = torch.randint(5, 50, (4, 9), generator=torch.Generator().manual_seed(1))
    row, position = torch.tensor([0, 1, 1, 3]), torch.tensor([2, 1, 8, 5])
    whole = model.base_model(input_ids)[0]
    with narrowed(pointwise_modules(model), row, position, input_ids.shape):
        narrow = model.base_model(input_ids)[0]
    torch.testing.assert_close(narrow[row, position], whole[row, position])
    assert not torch.allclose(narrow, whole)
    assert torch.equal(model.base_model(input_ids)[0], whole)


def test_layers_that_share_their_weights_are_left_whole() -> None:
    model = AutoModelForMaskedLM.from_config(AlbertConfig(**SIZES, embedding_size=8)).eval()
    assert pointwise_modules(model) == []


class NeighbourMixing(nn.Module):
    """A feed-forward block that looks at the position before, very faintly."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        return self.block(hidden_states + 1e-6 * hidden_states.roll(1, dims=1))


def test_a_block_that_mixes_positions_is_found_out(model: PreTrainedModel) -> None:
    layer = model.base_model.encoder.layer[-1]
    layer.intermediate = NeighbourMixing(layer.intermediate)
    found = names(model)
    assert "encoder.layer.2.intermediate" not in found
    # Its inside is pointwise, but what comes before it is now needed at the neighbour too.
    assert "encoder.layer.2.intermediate.block" in found
    assert "encoder.layer.2.attention.output" not in found
