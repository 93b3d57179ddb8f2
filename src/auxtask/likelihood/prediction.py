"""The forward pass: masked rows in, a number for each scored token out."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PreTrainedModel

from auxtask.likelihood.functionals import Functional, log_likelihood
from auxtask.likelihood.narrowing import narrowed
from auxtask.likelihood.rows import RowBatch
from auxtask.model.heads import run_encoder, vocabulary_logits

# Rows x length of a batch: enough to keep the matrix units busy, small enough for a processor's caches.
TOKENS_PER_BATCH = {"cpu": 4096, "cuda": 65536}

# Positions that go through the vocabulary head at once; bounds the logits in memory.
POSITIONS_PER_HEAD = 1024


def predictions(
    model: PreTrainedModel,
    batches: Iterable[RowBatch],
    pointwise: Sequence[nn.Module] = (),
    functional: Functional = log_likelihood,
) -> Iterator[tuple[RowBatch, NDArray[np.float32]]]:
    """Predict the scored positions of batch after batch.

    A GPU works on the next batch, and its rows are built, while the numbers of one are read back.

    Args:
        model, pointwise, functional: as for `predicted_values`.
        batches: masked rows.

    Yields:
        Each batch in turn with its numbers, shape (scored,).
    """
    under_way: deque[tuple[RowBatch, Tensor]] = deque()
    for batch in batches:
        under_way.append((batch, predicted_values(model, batch, pointwise, functional)))
        if len(under_way) > 1:
            done, values = under_way.popleft()
            yield done, values.cpu().numpy()
    yield from ((done, values.cpu().numpy()) for done, values in under_way)


@torch.inference_mode()
def predicted_values(
    model: PreTrainedModel,
    batch: RowBatch,
    pointwise: Sequence[nn.Module] = (),
    functional: Functional = log_likelihood,
) -> Tensor:
    """Predict the scored positions of masked rows.

    The encoder runs once; only the scored positions go through the vocabulary head.

    Args:
        model: any stock `AutoModelForMaskedLM`, in eval mode.
        batch: masked rows of equal length.
        pointwise: parts of the last layer that run at the scored positions alone (`pointwise_modules`).
        functional: from the logits there and the target tokens to a number for each.

    Returns:
        What the functional gives, float32 on the model's device, shape (scored,).
    """
    input_ids, row, position, target = (
        _to_device(array, model.device) for array in (batch.input_ids, batch.row, batch.position, batch.target)
    )
    with narrowed(pointwise, row, position, input_ids.shape):
        hidden = run_encoder(model, input_ids=input_ids)[0][row, position]
    values = []
    for states, targets in zip(hidden.split(POSITIONS_PER_HEAD), target.split(POSITIONS_PER_HEAD), strict=True):
        values.append(functional(vocabulary_logits(model, states).float(), targets))
    return torch.cat(values)


def _to_device(array: NDArray[np.int64], device: torch.device) -> Tensor:
    tensor = torch.from_numpy(array)
    # From pinned memory a GPU copies while it computes.
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def suitable_tokens_per_batch(model: PreTrainedModel) -> int:
    """Choose how many tokens, rows x length, a batch holds.

    Args:
        model: any stock `AutoModelForMaskedLM`, on its device.

    Returns:
        What keeps the device busy; less on a GPU whose free memory would not hold it.

    >>> from transformers import BertConfig, BertForMaskedLM
    >>> suitable_tokens_per_batch(BertForMaskedLM(BertConfig(vocab_size=9, num_hidden_layers=1)))
    4096
    """
    if model.device.type != "cuda":
        return TOKENS_PER_BATCH["cpu"]
    free, _ = torch.cuda.mem_get_info(model.device)
    # Generous for a layer's activations: its feed-forward block is 4 widths wide, its attention scores less.
    bytes_per_token = 64 * model.config.get_text_config().hidden_size * model.dtype.itemsize
    return max(min(TOKENS_PER_BATCH["cuda"], free // bytes_per_token), 1)
