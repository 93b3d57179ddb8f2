"""Projection of conflicting gradients."""

import numpy as np
import torch
from torch import Tensor

from auxtask.training.weighting.base import GradientWeighting, TrainingFacts


class PCGrad(GradientWeighting):
    """PCGrad (Yu et al. 2020): a task's gradient loses its part along those it conflicts with.

    For each task i, over the other tasks j in random order: where the projected g_i and g_j have a negative inner
    product, g_i loses its projection onto g_j. The encoder follows the sum. Every projected gradient is a
    combination of the task gradients, so their Gram matrix is all there is to know.

    Args:
        seed: of the random orders.

    >>> weighting = PCGrad()
    >>> weighting.prepare(TrainingFacts(["main", "rtm"], None, None, 8))
    >>> weighting.shared_coefficients(torch.tensor([[1.0, -0.5], [-0.5, 1.0]], dtype=torch.float64)).tolist()
    [1.5, 1.5]
    """

    draws: Tensor

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.seed = seed

    def prepare(self, facts: TrainingFacts) -> None:
        """Count the random orders that were drawn."""
        super().prepare(facts)
        self.register_buffer("draws", torch.zeros((), dtype=torch.int64))

    def task_weights(self) -> Tensor:
        """Give 1 for every task."""
        return torch.ones(len(self.task_names))

    def shared_coefficients(self, gram: Tensor) -> Tensor:
        """Project and add up."""
        products = gram.numpy()
        generator = np.random.default_rng([self.seed, int(self.draws)])
        self.draws += 1
        projected = np.eye(len(products))
        for i, mixture in enumerate(projected):
            for j in generator.permutation(len(products)):
                conflict = mixture @ products[:, j]
                if j != i and conflict < 0:
                    # A negative inner product with a gradient means that gradient is not zero.
                    mixture[j] -= conflict / products[j, j]
        return torch.from_numpy(projected.sum(axis=0))
