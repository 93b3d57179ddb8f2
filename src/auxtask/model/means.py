"""Means that come out the same on any number of processes, and however a step is cut into batches."""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from auxtask.constants import IGNORE_INDEX


def mean_over_processes(value: Tensor) -> Tensor:
    """Average a tensor over the processes of a training run; alone, it is what it was.

    Args:
        value: without a graph, the same shape on all processes.

    Returns:
        The mean, same shape.

    >>> import torch
    >>> mean_over_processes(torch.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """
    if not (dist.is_available() and dist.is_initialized()):
        return value
    total = value.clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()


def count_targets(part: Mapping[str, Tensor]) -> Tensor:
    """Count what a task predicts in its part of a batch.

    Args:
        part: with `labels` of any shape, -100 where nothing is to be predicted.

    Returns:
        A scalar, float32.

    >>> import torch
    >>> count_targets({"labels": torch.tensor([[-100, 7], [8, -100]])})
    tensor(2.)
    """
    return (part["labels"] != IGNORE_INDEX).sum().float()


def share_target_counts(batches: Sequence[MutableMapping[str, Any]]) -> None:
    """Tell every part of the batches of one step how many targets a batch of the step has in the mean.

    Processes and the batches of an accumulated step average their gradients. With each summed loss divided by this
    count (`mean_loss`), the average is the mean over all targets of the step, however unequal the shares.

    Args:
        batches: of this process, each with a part for every task; each part gets `targets`, a float32 scalar.

    >>> import torch
    >>> step = [{"rtm": {"labels": torch.tensor([5, -100, -100])}}, {"rtm": {"labels": torch.tensor([5, 6, 7])}}]
    >>> share_target_counts(step)
    >>> [batch["rtm"]["targets"] for batch in step]
    [tensor(2.), tensor(2.)]
    """
    if not batches:
        return
    counts = torch.stack([torch.stack([count_targets(part) for part in batch.values()]) for batch in batches])
    shared = mean_over_processes(counts.mean(dim=0))
    for batch in batches:
        for (name, part), count in zip(batch.items(), shared, strict=True):
            batch[name] = {**part, "targets": count}


def mean_loss(total: Tensor, targets: Tensor) -> Tensor:
    """Divide a summed loss by the number of its targets.

    Args:
        total: a scalar with its graph.
        targets: a scalar, from `share_target_counts` or `count_targets`.

    Returns:
        The loss; 0, connected to the graph, where there is nothing to predict.

    >>> import torch
    >>> mean_loss(torch.tensor(6.0), torch.tensor(3.0)), mean_loss(torch.tensor(0.0), torch.tensor(0.0))
    (tensor(2.), tensor(0.))
    """
    return total / targets.masked_fill(targets == 0, 1.0)
