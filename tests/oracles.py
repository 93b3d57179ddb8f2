"""Naive reference loops: written from the definitions alone, slow, and independent of the code under test."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel


def masked_positions(word_ids: Sequence[int], target: int, metric: str) -> set[int]:
    """The positions masked when `target` is predicted."""
    word = {position for position, index in enumerate(word_ids) if index == word_ids[target]}
    match metric:
        case "original":
            return {target}
        case "whole_word":
            return word
        case "word_l2r":
            return {position for position in word if position >= target}
    raise ValueError(metric)


@torch.no_grad()
def naive_log_probs(
    model: PreTrainedModel, input_ids: Sequence[int], word_ids: Sequence[int], metric: str, mask_token_id: int
) -> NDArray[np.float64]:
    """One row at a time through the whole stock model, full logits; not a number at special tokens."""
    log_probs = np.full(len(input_ids), np.nan)
    for target, word in enumerate(word_ids):
        if word < 0:
            continue
        masked = masked_positions(word_ids, target, metric)
        row = [mask_token_id if position in masked else token for position, token in enumerate(input_ids)]
        logits = model(input_ids=torch.tensor([row]), attention_mask=torch.ones(1, len(row))).logits
        log_probs[target] = logits[0, target].double().log_softmax(0)[input_ids[target]]
    return log_probs
