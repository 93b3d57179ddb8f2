"""How good a masked language model is on held-out text, beside what counting achieves."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from auxtask.ground.padding import IGNORE_INDEX
from auxtask.masking.collator import MaskingCollator
from auxtask.pretraining.counts import following_counts, unigram_probabilities

# Fewer masked tokens say little; a short text is masked anew until there are so many.
LEAST_MASKED = 100


def mask_draws(blocks: Sequence[Mapping[str, Any]], mask_rate: float) -> int:
    """Tell how often held-out text is masked: once, unless it is very short.

    >>> mask_draws([{"input_ids": [1] * 52}], 0.2), mask_draws([{"input_ids": [1] * 502}] * 2, 0.2)
    (10, 1)
    """
    expected = 0.0
    for block in blocks:
        expected += mask_rate * (len(block["input_ids"]) - 2)
        if expected >= LEAST_MASKED:
            return 1
    return math.ceil(LEAST_MASKED / expected)


@torch.inference_mode()
def evaluate_masked_lm(
    model: nn.Module, blocks: Sequence[Mapping[str, Any]], collator: MaskingCollator, batch_size: int
) -> dict[str, float]:
    """Measure a masked language model on held-out blocks.

    Args:
        model: `MaskedLanguageModeling`.
        blocks: with `input_ids`.
        collator: draws the masks; with a seed they are the same every time.
        batch_size: blocks of a forward pass.

    Returns:
        `loss`, the mean cross-entropy in nats a masked token, and `accuracy`, the share of masked tokens that
        the model ranks first, in [0, 1].
    """
    model.eval()
    device = next(model.parameters()).device
    loss = predicted = correct = 0.0
    for epoch in range(mask_draws(blocks, collator.rate)):
        collator.epoch = epoch
        for start in range(0, len(blocks), batch_size):
            features = [blocks[index] for index in range(start, min(start + batch_size, len(blocks)))]
            output = model(**{name: value.to(device) for name, value in collator(features).items()})
            loss += float(output["loss"]) * int(output["predicted"])
            predicted += int(output["predicted"])
            correct += int(output["correct"])
    model.train()
    return {"loss": loss / max(predicted, 1), "accuracy": correct / max(predicted, 1)}


def evaluate_counts(
    train_stream: NDArray[Any],
    blocks: Sequence[Mapping[str, Any]],
    collator: MaskingCollator,
    vocabulary_size: int,
) -> dict[str, dict[str, float]]:
    """Measure a unigram and a bigram model on the very masked positions that the encoder is measured on.

    The bigram model reads the true left neighbour and backs off to the unigrams by Witten and Bell's rule,
    p(w | h) = (c(h w) + t(h) p(w)) / (c(h) + t(h)) with t(h) the number of distinct successors of h; unigrams
    are counted with one added to each.

    Args:
        train_stream: token ids of the training text, (tokens,); may be memory-mapped.
        blocks: held-out blocks with `input_ids`.
        collator: as in `evaluate_masked_lm`.
        vocabulary_size: number of token ids.

    Returns:
        For `unigram` and `bigram` the `loss` (nats a masked token) and the top-1 `accuracy` in [0, 1].
    """
    unigram = unigram_probabilities(train_stream, vocabulary_size)
    following = following_counts(train_stream, vocabulary_size, window=1)
    history, successors = following.sum(axis=1), np.diff(following.indptr)

    tokens, lefts = [], []
    for epoch in range(mask_draws(blocks, collator.rate)):
        collator.epoch = epoch
        for block in blocks:
            masked = np.flatnonzero(collator([block])["labels"].numpy()[0] != IGNORE_INDEX)
            ids = np.asarray(block["input_ids"])
            tokens.append(ids[masked])
            lefts.append(ids[masked - 1])
    token, left = np.concatenate(tokens), np.concatenate(lefts)

    # A history that the text does not hold says nothing: its unigrams have all the weight.
    known = history[left] > 0
    weight = np.where(known, successors[left], 1)
    bigram = (following[left, token] + weight * unigram[token]) / (history[left] + weight)
    guess = np.where(known, following.argmax(axis=1)[left], unigram.argmax())
    return {
        name: {"loss": float(-np.log(probability).mean()), "accuracy": float((token == first).mean())}
        for name, probability, first in (
            ("unigram", unigram[token], unigram.argmax()),
            ("bigram", bigram, guess),
        )
    }
