"""Weights by the uncertainty of each task."""

import torch
from torch import Tensor

from auxtask.errors import AuxtaskError
from auxtask.ground.machine import mean_over_processes
from auxtask.training.weighting.base import TrainingFacts, Weighting


class UncertaintyWeighting(Weighting):
    """Homoscedastic uncertainty (Kendall et al. 2018): minimise sum_i exp(-u_i) L_i + u_i / 2 over u as well.

    u_i = ln sigma_i^2 starts at 0, so that all weights start at 1, and goes down its gradient
    1/2 - exp(-u_i) L_i: a task whose loss stays high loses weight, down to 1 / (2 L_i).

    Args:
        learning_rate: of u, above 0.

    Raises:
        AuxtaskError: the learning rate is not above 0.

    >>> weighting = UncertaintyWeighting(learning_rate=0.1)
    >>> weighting.prepare(TrainingFacts(["main", "rtm"], None, None, 8))
    >>> weighting.observe(torch.tensor([0.5, 3.0]))
    >>> weighting.update()
    >>> {name: round(weight, 4) for name, weight in weighting.weights().items()}
    {'main': 1.0, 'rtm': 0.7788}
    """

    log_variances: Tensor
    gradient: Tensor
    batches: Tensor

    def __init__(self, learning_rate: float = 0.01) -> None:
        super().__init__()
        if not learning_rate > 0:
            raise AuxtaskError(f"weighting.learning_rate={learning_rate} is not above 0; use for example 0.01")
        self.learning_rate = learning_rate

    def prepare(self, facts: TrainingFacts) -> None:
        """Start all weights at 1."""
        super().prepare(facts)
        self.register_buffer("log_variances", torch.zeros(len(self.task_names)))
        self.register_buffer("gradient", torch.zeros(len(self.task_names)))
        self.register_buffer("batches", torch.zeros(()))

    def task_weights(self) -> Tensor:
        """Give exp(-u)."""
        return torch.exp(-self.log_variances)

    def observe(self, losses: Tensor) -> None:
        """Gather the gradient of u."""
        self.gradient += 0.5 - self.task_weights() * mean_over_processes(losses.float())
        self.batches += 1

    def update(self) -> None:
        """Take a step down the mean gradient."""
        self.log_variances -= self.learning_rate * self.gradient / self.batches.clamp(min=1)
        self.gradient.zero_()
        self.batches.zero_()
