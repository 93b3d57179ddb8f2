"""The worked numbers of a word of three pieces, by a model that gives just these."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from datasets import Dataset
from transformers import (
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.modeling_outputs import BaseModelOutput, MaskedLMOutput

from auxtask.likelihood.scorer import PLLScorer


class StubConfig(PretrainedConfig):
    model_type = "stub"

    def __init__(self, document: Sequence[int] = (), **arguments: object) -> None:
        super().__init__(**arguments)
        self.document = list(document)
        self.vocab_size = 10
        self.max_position_embeddings = 16


class StubEncoder(torch.nn.Module):
    """Gives the true token of a one-word document v ln 3, v its visible other pieces; all else 0."""

    def __init__(self, config: StubConfig) -> None:
        super().__init__()
        self.document = torch.tensor(config.document)
        self.log_odds = torch.nn.Parameter(torch.tensor(3.0).log())

    def forward(self, input_ids: torch.Tensor) -> BaseModelOutput:
        visible = (input_ids == self.document)[:, 1:-1].sum(1, keepdim=True)
        others = visible - (input_ids == self.document).long()
        one_hot = torch.nn.functional.one_hot(self.document, 10).expand(*input_ids.shape, 10)
        return BaseModelOutput(last_hidden_state=one_hot * others.unsqueeze(-1) * self.log_odds)


class StubMaskedLM(PreTrainedModel):
    config_class = StubConfig
    base_model_prefix = "encoder"

    def __init__(self, config: StubConfig) -> None:
        super().__init__(config)
        self.encoder = StubEncoder(config)
        self.post_init()

    def forward(
        self, input_ids: torch.Tensor | None = None, inputs_embeds: torch.Tensor | None = None
    ) -> MaskedLMOutput:
        return MaskedLMOutput(logits=self.encoder(input_ids)[0])


@pytest.mark.parametrize(
    ("metric", "likelihoods", "total"),
    [
        ("original", [0.5, 0.5, 0.5], -2.079442),
        ("word_l2r", [0.1, 0.25, 0.5], -4.382027),
        ("whole_word", [0.1, 0.1, 0.1], -6.907755),
    ],
)
def test_golden_numbers_of_a_three_piece_word(
    metric: str, likelihoods: list[float], total: float, tokenizer: PreTrainedTokenizerFast
) -> None:
    document = [2, 6, 7, 8, 3]
    scorer = PLLScorer(StubMaskedLM(StubConfig(document)), tokenizer, metric)
    dataset = Dataset.from_dict({"input_ids": [document], "word_ids": [[-1, 0, 0, 0, -1]]})
    [column] = scorer.annotate(dataset)["likelihoods"]
    np.testing.assert_allclose(column, [np.nan, *likelihoods, np.nan], rtol=1e-6)
    assert np.log(column[1:-1]).sum() == pytest.approx(total, abs=1e-6)
