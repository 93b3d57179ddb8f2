"""Fixed task weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from auxtask.errors import AuxtaskError
from auxtask.model.multitask import MAIN


@dataclass
class StaticWeighting:
    """loss = main + sum of weight x auxiliary loss, with weights that stay as they are.

    Args:
        auxiliary: the weight of every auxiliary task that `tasks` does not name, at least 0.
        tasks: weights by task name; `main` may be among them, at least 0.

    Raises:
        AuxtaskError: a weight is negative.

    >>> import torch
    >>> losses = {"main": torch.tensor(2.0), "rtm": torch.tensor(3.0)}
    >>> StaticWeighting(auxiliary=0.5).combine(losses)
    tensor(3.5000)
    """

    auxiliary: float = 1.0
    tasks: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, weight in {"auxiliary": self.auxiliary, **self.tasks}.items():
            if weight < 0:
                raise AuxtaskError(f"weighting: weight {weight} of {name!r} is negative; use 0 or more")

    def weights(self, names: list[str]) -> dict[str, float]:
        """Give the current weight of each task.

        Args:
            names: the tasks, `main` among them.

        Returns:
            Weights by task name.
        """
        return {name: self.tasks.get(name, 1.0 if name == MAIN else self.auxiliary) for name in names}

    def combine(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Sum the losses by their weights.

        Args:
            losses: a scalar by task name, `main` among them.

        Returns:
            The loss to minimise, a scalar.
        """
        weights = self.weights(list(losses))
        return sum((weights[name] * loss for name, loss in losses.items()), start=0.0 * losses[MAIN])
