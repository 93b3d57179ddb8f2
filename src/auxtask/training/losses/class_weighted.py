"""Cross-entropy in which rare classes count more."""

from collections.abc import Sequence

import torch
from torch import Tensor

from auxtask.errors import AuxtaskError
from auxtask.training.losses.cross_entropy import CrossEntropy


class ClassWeightedLoss(CrossEntropy):
    """Cross-entropy with class weights proportional to count^-power, 1 on average over the training documents.

    Args:
        power: from 0, which weights nothing, to 1, with which every class counts the same in all.

    Raises:
        AuxtaskError: the power is outside [0, 1].

    >>> loss = ClassWeightedLoss()
    >>> loss.prepare([6, 2])
    >>> loss.class_weights
    tensor([0.6667, 2.0000])
    """

    class_weights: Tensor

    def __init__(self, power: float = 1.0) -> None:
        super().__init__()
        if not 0 <= power <= 1:
            raise AuxtaskError(f"loss.power={power} is outside [0, 1]; use for example 1.0")
        self.power = power

    def prepare(self, class_counts: Sequence[int]) -> None:
        """Weight the classes by their training documents; one without any gets no weight."""
        counts = torch.tensor(class_counts, dtype=torch.float64)
        weights = torch.where(counts > 0, counts.clamp(min=1) ** -self.power, 0.0)
        weights *= counts.sum() / (weights * counts).sum()
        self.register_buffer("class_weights", weights.float(), persistent=False)

    def of_documents(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Weight the cross-entropy of each document by its class."""
        return self.class_weights[labels] * super().of_documents(logits, labels)
