"""MT-TARTAN: equal weights that sum to 1."""

import torch
from torch import Tensor

from auxtask.training.weighting.base import Weighting


class EqualWeighting(Weighting):
    """Every task counts 1 / (number of tasks), the main one too (MT-TARTAN, Dery et al. 2022).

    >>> from auxtask.training.weighting.base import TrainingFacts
    >>> weighting = EqualWeighting()
    >>> weighting.prepare(TrainingFacts(["main", "rtm"], None, None, 8))
    >>> weighting.weights()
    {'main': 0.5, 'rtm': 0.5}
    """

    def task_weights(self) -> Tensor:
        """Give the weights."""
        return torch.full((len(self.task_names),), 1 / len(self.task_names))
