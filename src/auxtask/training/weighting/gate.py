"""Auxiliary gradients only where they agree with the main one."""

import torch
from torch import Tensor

from auxtask.training.weighting.base import GradientWeighting


class GradientGate(GradientWeighting):
    """Gradient-similarity gate (Du et al. 2018): an auxiliary gradient counts where it agrees with the main one.

    It agrees where their inner product is above 0.

    >>> from auxtask.training.weighting.base import TrainingFacts
    >>> weighting = GradientGate()
    >>> weighting.prepare(TrainingFacts(["main", "rtm", "span"], None, None, 8))
    >>> gram = torch.tensor([[1.0, 0.2, -0.1], [0.2, 1.0, 0.0], [-0.1, 0.0, 1.0]], dtype=torch.float64)
    >>> weighting.shared_coefficients(gram).tolist()
    [1.0, 1.0, 0.0]
    """

    def task_weights(self) -> Tensor:
        """Give 1 for every task: heads learn whether or not the encoder listens."""
        return torch.ones(len(self.task_names))

    def shared_coefficients(self, gram: Tensor) -> Tensor:
        """Let the main task and those that agree with it through."""
        coefficients = (gram[0] > 0).to(gram)
        coefficients[0] = 1.0
        return coefficients
