"""Documents as vectors of an encoder: the mean of its last hidden states, or what its own head reads."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm
from transformers import PretrainedConfig, PreTrainedTokenizerBase


def mean_vector(hidden_states: Tensor, attention_mask: Tensor) -> Tensor:
    """Average the last hidden states of each document.

    Args:
        hidden_states: (documents, length, width).
        attention_mask: (documents, length), 0 at padding.

    Returns:
        (documents, width).

    >>> mean_vector(torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[1, 1, 0]])).tolist()
    [[2.0]]
    """
    kept = attention_mask.unsqueeze(-1).to(hidden_states.dtype)
    return (hidden_states * kept).sum(dim=1) / kept.sum(dim=1)


def document_vector(config: PretrainedConfig, hidden_states: Tensor, attention_mask: Tensor) -> Tensor:
    """Take the vector that the model's own classification head reads.

    Args:
        config: of the model. ModernBERT's says whether its head averages; all others read position 0.
        hidden_states: (documents, length, width).
        attention_mask: (documents, length), 0 at padding.

    Returns:
        (documents, width).
    """
    if getattr(config, "classifier_pooling", "cls") == "mean":
        return mean_vector(hidden_states, attention_mask)
    return hidden_states[:, 0]


@torch.no_grad()
def encode_all(
    encode: Callable[[Any], tuple[Tensor, ...]],
    rows: list[list[int]],
    tokenizer: PreTrainedTokenizerBase,
    device: torch.device,
    batch_size: int = 64,
) -> tuple[Tensor, ...]:
    """Run documents of like length together, so that little is padding.

    Args:
        encode: turns `input_ids` and `attention_mask` of shape (batch, length) into tensors (batch, ...).
        rows: token ids of each document.
        tokenizer: pads.
        device: where to compute.
        batch_size: documents of a forward pass.

    Returns:
        What `encode` gave, for all documents in their order, in float32.
    """
    order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
    found = []
    for start in tqdm(range(0, len(order), batch_size), desc="Encoding", delay=1, leave=False):
        chosen = [rows[index] for index in order[start : start + batch_size]]
        padded = tokenizer.pad({"input_ids": chosen}, padding_side="right", return_tensors="pt")
        found.append(encode(padded.to(device)))
    back = torch.tensor(order).argsort().to(device)
    return tuple(torch.cat(parts).float()[back] for parts in zip(*found, strict=True))
