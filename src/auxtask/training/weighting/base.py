"""What all weightings share: by the losses alone, or by the gradient of each task."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

Batch = Mapping[str, Tensor]


@dataclass(frozen=True)
class TrainingFacts:
    """What a weighting is told before training.

    Args:
        task_names: of all tasks, `main` first.
        classifier: the main-task model with the shared encoder.
        draw_validation: from a generator, the same on all processes, and a number of documents for each of them to
            this process's part of a random main batch of validation documents, or of those that were held back.
        batch_size: documents of a training batch on each process.
    """

    task_names: Sequence[str]
    classifier: PreTrainedModel
    draw_validation: Callable[[np.random.Generator, int], Batch]
    batch_size: int


class Weighting(nn.Module, ABC):
    """A weight for each task: the loss to minimise is the weighted sum of the losses.

    What a weighting learns it keeps in buffers, so that checkpoints of the model hold it and a resumed run goes
    on with it.

    Attributes:
        meta_share: share of the training documents that it has held back to look at, in [0, 1).
    """

    meta_share: float = 0.0

    def __init__(self) -> None:
        # Named without the module's own open arguments: a run is described by its constructors' arguments.
        super().__init__()

    def prepare(self, facts: TrainingFacts) -> None:
        """Make room for the tasks; called once, before training or a resume."""
        self.task_names = tuple(facts.task_names)

    @abstractmethod
    def task_weights(self) -> Tensor:
        """Give the current weights, float32 of shape (tasks,)."""

    def weights(self) -> dict[str, float]:
        """Give the current weights by task name."""
        return dict(zip(self.task_names, self.task_weights().tolist(), strict=True))

    def combine(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Sum the losses by their weights.

        Args:
            losses: a scalar for each task, or for the main one alone in a step without the others.

        Returns:
            The loss to minimise, a scalar.
        """
        stacked = torch.stack([losses[name] for name in self.task_names if name in losses])
        return (self.task_weights()[: len(stacked)].to(stacked) * stacked).sum()

    def observe(self, losses: Tensor) -> None:
        """See the losses of a batch, (tasks,), without their graph."""

    def update(self) -> None:
        """Move the weights; called after each step of the optimizer."""

    def end_epoch(self) -> None:
        """Move the weights; called after each epoch."""


class GradientWeighting(Weighting):
    """Weightings that look at the gradient of each task on the shared encoder.

    All they look at is the Gram matrix: the inner products of the gradients. The heads, which no two tasks
    share, follow the plain task weights.
    """

    def references(self, loss_scale: float) -> list[list[Tensor | None]]:
        """Give further gradients on the trainable parameters of the encoder; they come last in the Gram matrix.

        Args:
            loss_scale: what their losses are multiplied with, as those of the tasks are, lest float16 rounds their
                gradients to 0; 1 in other precisions.
        """
        return []

    @abstractmethod
    def shared_coefficients(self, gram: Tensor) -> Tensor:
        """Say which combination of the task gradients the shared encoder follows.

        Args:
            gram: inner products of the gradients, of the tasks in their order and then of the references,
                float64 of shape (gradients, gradients), finite.

        Returns:
            A factor for each task's gradient, shape (tasks,).
        """
