"""Weights that balance the norms of the task gradients."""

import torch
from torch import Tensor

from auxtask.errors import AuxtaskError
from auxtask.ground.machine import mean_over_processes
from auxtask.training.weighting.base import GradientWeighting, TrainingFacts


class GradNorm(GradientWeighting):
    """GradNorm (Chen et al. 2018): tasks that train slowly get the larger gradients.

    With G_i = w_i |g_i| and r_i = the task's loss relative to its first one, over the mean of that, the weights go
    down the gradient of sum_i |G_i - mean(G) r_i^alpha| / mean(G), targets held fixed, and are scaled to sum to
    the number of tasks. The division by mean(G) is ours: it frees the learning rate of the gradients' scale.

    Args:
        alpha: strength of the pull, at least 0.
        learning_rate: of the weights, above 0.

    Raises:
        AuxtaskError: an argument is out of range.
    """

    SMALLEST = 0.01

    factors: Tensor
    first_losses: Tensor
    losses: Tensor
    gradient: Tensor
    batches: Tensor

    def __init__(self, alpha: float = 1.5, learning_rate: float = 0.025) -> None:
        super().__init__()
        if not alpha >= 0:
            raise AuxtaskError(f"weighting.alpha={alpha} is negative; use 0 or more, for example 1.5")
        if not learning_rate > 0:
            raise AuxtaskError(f"weighting.learning_rate={learning_rate} is not above 0; use for example 0.025")
        self.alpha = alpha
        self.learning_rate = learning_rate

    def prepare(self, facts: TrainingFacts) -> None:
        """Start all weights at 1."""
        super().prepare(facts)
        tasks = len(self.task_names)
        self.register_buffer("factors", torch.ones(tasks, dtype=torch.float64))
        self.register_buffer("first_losses", torch.zeros(tasks, dtype=torch.float64))
        self.register_buffer("losses", torch.zeros(tasks, dtype=torch.float64))
        self.register_buffer("gradient", torch.zeros(tasks, dtype=torch.float64))
        self.register_buffer("batches", torch.zeros(()))

    def task_weights(self) -> Tensor:
        """Give the weights."""
        return self.factors.float()

    def observe(self, losses: Tensor) -> None:
        """Keep the losses, and those above 0 that are a task's first."""
        self.losses = mean_over_processes(losses.double())
        self.first_losses = torch.where(self.first_losses > 0, self.first_losses, self.losses)

    def shared_coefficients(self, gram: Tensor) -> Tensor:
        """Gather the gradient of the weights; follow the weights as they are."""
        norms = gram.diagonal().sqrt().to(self.factors.device)
        weighted = self.factors * norms
        if weighted.sum() > 0:
            progress = torch.where(self.first_losses > 0, self.losses / self.first_losses, 1.0)
            target = weighted.mean() * (progress / progress.mean().clamp(min=1e-12)) ** self.alpha
            self.gradient += torch.sign(weighted - target) * norms / weighted.mean()
            self.batches += 1
        return self.factors

    def update(self) -> None:
        """Take a step down the mean gradient and scale the weights to their sum."""
        moved = self.factors - self.learning_rate * self.gradient / self.batches.clamp(min=1)
        moved = moved.clamp(min=self.SMALLEST)
        self.factors = moved * len(self.task_names) / moved.sum()
        self.gradient.zero_()
        self.batches.zero_()
