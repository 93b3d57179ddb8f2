"""Cross-entropy, and what all losses of the main task share."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn


class CrossEntropy(nn.Module):
    """Mean cross-entropy over the documents of a batch; the base of all losses of the main task.

    >>> import torch
    >>> CrossEntropy()(torch.tensor([[0.0, 0.0]]), torch.tensor([1]))
    tensor(0.6931)
    """

    def __init__(self) -> None:
        # Named without the module's own open arguments: a run is described by its constructors' arguments.
        super().__init__()

    def prepare(self, class_counts: Sequence[int]) -> None:
        """Be told, before training, how many training documents each class has."""

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            logits: (documents, classes), float32.
            labels: class indices, (documents,), int64.

        Returns:
            A scalar, in nats.
        """
        return self.of_documents(logits, labels).mean()

    def of_documents(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss of each document, (documents,)."""
        return F.cross_entropy(logits, labels, reduction="none")
