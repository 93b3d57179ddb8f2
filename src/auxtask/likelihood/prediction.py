"""One forward pass: masked rows in, log-probabilities of the scored tokens out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import PreTrainedModel

from auxtask.likelihood.narrowing import narrowed
from auxtask.likelihood.rows import RowBatch
from auxtask.model.heads import vocabulary_logits

# Positions that go through the vocabulary head at once; bounds the logits in memory.
POSITIONS_PER_HEAD = 1024


@torch.inference_mode()
def token_log_probs(
    model: PreTrainedModel, batch: RowBatch, pointwise: Sequence[nn.Module] = ()
) -> NDArray[np.float32]:
    """Predict the scored positions of masked rows.

    The encoder runs once; only the scored positions go through the vocabulary head.

    Args:
        model: any stock `AutoModelForMaskedLM`, in eval mode.
        batch: masked rows of equal length.
        pointwise: parts of the last layer that run at the scored positions alone (`pointwise_modules`).

    Returns:
        Natural logarithm of the softmax at the target tokens, in float32, shape (scored,).
    """
    input_ids, row, position, target = (
        torch.from_numpy(array).to(model.device)
        for array in (batch.input_ids, batch.row, batch.position, batch.target)
    )
    with narrowed(pointwise, row, position, input_ids.shape):
        hidden = model.base_model(input_ids)[0][row, position]
    log_probs = []
    for states, targets in zip(hidden.split(POSITIONS_PER_HEAD), target.split(POSITIONS_PER_HEAD), strict=True):
        logits = vocabulary_logits(model, states).float()
        log_probs.append(logits.gather(1, targets[:, None]).squeeze(1) - logits.logsumexp(dim=1))
    return torch.cat(log_probs).cpu().numpy()


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Hold a model in eval mode and give it back as it was."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
