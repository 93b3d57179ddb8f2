"""Functionals of the predicted distribution: what a prediction comes to at a masked position, as one number."""

from collections.abc import Callable

from torch import Tensor
from torch.distributions import Categorical

# From logits of shape (scored, vocabulary), float32, and the true ids, (scored,), to a number for each.
Functional = Callable[[Tensor, Tensor], Tensor]


def log_likelihood(logits: Tensor, targets: Tensor) -> Tensor:
    """Tell how likely the true token is: ln q(true).

    Args:
        logits: shape (scored, vocabulary), float32.
        targets: the true token ids, shape (scored,), int64.

    Returns:
        In nats, at most 0, shape (scored,), float32.

    >>> import torch
    >>> round(float(log_likelihood(torch.tensor([[4.0, 1.0, 1.0, 0.0]]), torch.tensor([0]))), 4)
    -0.1114
    """
    return logits.gather(1, targets[:, None]).squeeze(1) - logits.logsumexp(dim=1)


def entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Tell how uncertain the prediction is: -sum_v q(v) ln q(v), what -ln P is expected to be under q.

    Args:
        logits: as for `log_likelihood`.
        targets: not needed.

    Returns:
        In nats, from 0 to the logarithm of the vocabulary's size, shape (scored,), float32.

    >>> import torch
    >>> round(float(entropy(torch.tensor([[4.0, 1.0, 1.0, 0.0]]), torch.tensor([0]))), 4)
    0.4442
    """
    return Categorical(logits=logits, validate_args=False).entropy()


def gini(logits: Tensor, targets: Tensor) -> Tensor:
    """Tell how uncertain the prediction is: 1 - sum_v q(v)^2, what 1 - P is expected to be under q.

    Args:
        logits: as for `log_likelihood`.
        targets: not needed.

    Returns:
        The index of Gini, in [0, 1), shape (scored,), float32.

    >>> import torch
    >>> round(float(gini(torch.tensor([[4.0, 1.0, 1.0, 0.0]]), torch.tensor([0]))), 4)
    0.1956
    """
    # Rounding can bring the sum of squares above 1.
    return (1 - logits.softmax(dim=1).square().sum(dim=1)).clamp(min=0)


# The score cache knows them by these names: a function that computes otherwise needs another one.
FUNCTIONALS: dict[str, Functional] = {"likelihood": log_likelihood, "entropy": entropy, "gini": gini}
