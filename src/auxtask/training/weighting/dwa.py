"""Weights by how fast each loss falls."""

import torch
from torch import Tensor

from auxtask.errors import AuxtaskError
from auxtask.ground.machine import mean_over_processes
from auxtask.training.weighting.base import TrainingFacts, Weighting


class DynamicWeightAverage(Weighting):
    """DWA (Liu et al. 2019): w_i = n softmax_i(r_i / T), r_i = the task's mean loss over that of the epoch before.

    A task whose loss falls slowly gains weight. All weights are 1 in the first two epochs.

    Args:
        temperature: T, above 0; the larger, the more equal the weights.

    Raises:
        AuxtaskError: the temperature is not above 0.

    >>> weighting = DynamicWeightAverage(temperature=2.0)
    >>> weighting.prepare(TrainingFacts(["main", "rtm"], None, None, 8))
    >>> for losses in ([2.0, 4.0], [1.0, 4.0]):
    ...     weighting.observe(torch.tensor(losses))
    ...     weighting.end_epoch()
    >>> {name: round(weight, 4) for name, weight in weighting.weights().items()}
    {'main': 0.8756, 'rtm': 1.1244}
    """

    loss_sums: Tensor
    batches: Tensor
    last_means: Tensor
    ratios: Tensor

    def __init__(self, temperature: float = 2.0) -> None:
        super().__init__()
        if not temperature > 0:
            raise AuxtaskError(f"weighting.temperature={temperature} is not above 0; use for example 2.0")
        self.temperature = temperature

    def prepare(self, facts: TrainingFacts) -> None:
        """Start with equal weights."""
        super().prepare(facts)
        tasks = len(self.task_names)
        self.register_buffer("loss_sums", torch.zeros(tasks))
        self.register_buffer("batches", torch.zeros(()))
        self.register_buffer("last_means", torch.zeros(tasks))
        self.register_buffer("ratios", torch.ones(tasks))

    def task_weights(self) -> Tensor:
        """Give n softmax(r / T)."""
        return len(self.task_names) * torch.softmax(self.ratios / self.temperature, dim=0)

    def observe(self, losses: Tensor) -> None:
        """Add the losses to those of the epoch."""
        self.loss_sums += losses
        self.batches += 1

    def end_epoch(self) -> None:
        """Compare the epoch's mean losses with those of the one before."""
        means = mean_over_processes(self.loss_sums / self.batches.clamp(min=1))
        # A loss of 0, of a task that had nothing to learn, has no rate.
        self.ratios = torch.where((self.last_means > 0) & (means > 0), means / self.last_means, 1.0)
        self.last_means = means
        self.loss_sums.zero_()
        self.batches.zero_()
