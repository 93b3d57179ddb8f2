"""Cross-entropy in which documents that are classified well already count less."""

from torch import Tensor

from auxtask.errors import AuxtaskError
from auxtask.training.losses.cross_entropy import CrossEntropy


class FocalLoss(CrossEntropy):
    """Focal loss (Lin et al. 2017): -(1 - p)^gamma ln p, p the probability of the gold class.

    Args:
        gamma: at least 0; 0 is cross-entropy.

    Raises:
        AuxtaskError: gamma is negative.

    >>> import torch
    >>> FocalLoss(gamma=2.0)(torch.tensor([[0.0, 0.0]]), torch.tensor([1]))
    tensor(0.1733)
    """

    def __init__(self, gamma: float = 2.0) -> None:
        super().__init__()
        if gamma < 0:
            raise AuxtaskError(f"loss.gamma={gamma} is negative; use 0 or more, for example 2.0")
        self.gamma = gamma

    def of_documents(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Scale the cross-entropy of each document by what the model still lacks."""
        nll = super().of_documents(logits, labels)
        # 1 - p as -expm1(ln p): exact where p is close to 1, and its power has a finite gradient.
        return (-(-nll).expm1()).clamp(min=1e-12) ** self.gamma * nll
