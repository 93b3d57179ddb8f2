"""A masked language model in pre-training, and what it starts from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PreTrainedModel

from auxtask.ground.machine import is_main_process
from auxtask.ground.padding import IGNORE_INDEX
from auxtask.model.cpu import train_fast_on_cpu
from auxtask.model.heads import masked_lm_loss, run_encoder, store_shared_tensors_once
from auxtask.model.vanilla import load_masked_lm_or_new_head, weights_beside_masked_lm


class MaskedLanguageModeling(nn.Module):
    """A stock masked language model whose vocabulary head runs on masked positions alone.

    Args:
        masked_lm: any stock `AutoModelForMaskedLM`.
    """

    def __init__(self, masked_lm: PreTrainedModel) -> None:
        super().__init__()
        self.masked_lm = masked_lm
        train_fast_on_cpu(masked_lm)
        store_shared_tensors_once(self)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor, targets: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Compute the mean loss over the masked positions.

        Args:
            input_ids: corrupted ids, (batch, length), int64.
            attention_mask: (batch, length), int64.
            labels: original ids at masked positions and -100 elsewhere, (batch, length), int64.
            targets: as for `masked_lm_loss`.

        Returns:
            `loss`, a scalar, and in eval mode the counts `predicted` and `correct` (top-1), scalars.
        """
        hidden_states = run_encoder(self.masked_lm, input_ids=input_ids, attention_mask=attention_mask)[0]
        loss, logits = masked_lm_loss(self.masked_lm, hidden_states, labels, targets)
        output = {"loss": loss}
        if not self.training:
            chosen = labels[labels != IGNORE_INDEX]
            output |= {
                "predicted": (labels != IGNORE_INDEX).sum(),
                "correct": (logits.argmax(dim=-1) == chosen).sum(),
            }
        return output


@torch.no_grad()
def start_embeddings(masked_lm: PreTrainedModel, embeddings: NDArray[np.floating]) -> None:
    """Let a masked language model begin with given vectors of the tokens.

    Args:
        masked_lm: with random weights; it is changed.
        embeddings: (vocabulary, width). At length 1 their products with hidden states that LayerNorm brings to
            unit deviation are as large as logits have to be.
    """
    weight: Any = masked_lm.get_input_embeddings().weight
    weight.copy_(torch.from_numpy(embeddings))


@torch.no_grad()
def start_bias_from_counts(masked_lm: PreTrainedModel, unigram: NDArray[np.floating]) -> None:
    """Let a vocabulary head begin with the tokens' log-frequencies as its bias, where it has one.

    So no direction of the hidden states has to stand for them; without it, tied embeddings of rare tokens are all
    pushed that one way.

    Args:
        masked_lm: its head is changed.
        unigram: the tokens' probabilities, (vocabulary,), above 0.
    """
    bias = masked_lm.get_output_embeddings().bias
    if bias is not None:
        bias.copy_(torch.from_numpy(np.log(unigram)))


def load_with_head(
    name: str, unigrams: Callable[[int], NDArray[np.floating]], **overrides: Any
) -> PreTrainedModel:
    """Load a masked language model; one whose checkpoint has no head gets one that begins with counts.

    Args:
        name: as for `auxtask.model.names.resolve`.
        unigrams: from the size of the vocabulary to the tokens' probabilities in the text that is to be learned;
            asked only where a head is made.
        **overrides: fields of the model's configuration that are to differ.
    """
    masked_lm, new_head = load_masked_lm_or_new_head(name, **overrides)
    if new_head:
        if is_main_process():
            print(f"model '{name}' has no masked-LM head: one is made", flush=True)
        start_bias_from_counts(masked_lm, unigrams(masked_lm.config.vocab_size))
    return masked_lm


def save_masked_lm(masked_lm: PreTrainedModel, source: str, folder: Path) -> None:
    """Write a masked language model, and what a classifier finds beside it in the checkpoint it was trained from.

    Args:
        masked_lm: trained.
        source: the model that training began with, as for `auxtask.model.names.resolve`.
        folder: where to.
    """
    beside = {name: value.to(masked_lm.dtype) for name, value in weights_beside_masked_lm(source).items()}
    masked_lm.save_pretrained(folder, state_dict={**masked_lm.state_dict(), **beside})


def head_parameters(masked_lm: PreTrainedModel) -> list[nn.Parameter]:
    """List the weights of the vocabulary head; embeddings that it shares with the encoder are not among them.

    >>> from transformers import BertConfig, BertForMaskedLM
    >>> config = BertConfig(vocab_size=30, hidden_size=8, num_hidden_layers=1, num_attention_heads=2)
    >>> [tuple(weight.shape) for weight in head_parameters(BertForMaskedLM(config))]
    [(30,), (8, 8), (8,), (8,), (8,)]
    """
    encoder = {id(parameter) for parameter in masked_lm.base_model.parameters()}
    return [parameter for parameter in masked_lm.parameters() if id(parameter) not in encoder]
