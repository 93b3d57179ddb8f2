"""Means that come out the same on any number of processes."""

import torch.distributed as dist
from torch import Tensor


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


def mean_loss(total: Tensor, count: Tensor) -> Tensor:
    """Divide a summed loss by the mean count over processes.

    Processes average their gradients. Divided so, the average is the mean over what all of them predict, however
    unequal their shares.

    Args:
        total: sum of the losses of this process, a scalar with its graph.
        count: how many they are, a scalar.

    Returns:
        The loss; 0, connected to the graph, where no process has anything to predict.

    >>> import torch
    >>> mean_loss(torch.tensor(6.0), torch.tensor(3)), mean_loss(torch.tensor(0.0), torch.tensor(0))
    (tensor(2.), tensor(0.))
    """
    shared = mean_over_processes(count.float())
    return total / shared.masked_fill(shared == 0, 1.0)
