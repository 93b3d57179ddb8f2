"""Fixed task weights."""

from collections.abc import Mapping

import torch
from torch import Tensor

from auxtask.errors import AuxtaskError
from auxtask.ground.names import MAIN
from auxtask.training.weighting.base import Setting, Weighting


class StaticWeighting(Weighting):
    """loss = main + sum of weight x auxiliary loss, with weights that stay as they are.

    Args:
        auxiliary: the weight of every auxiliary task that `tasks` does not name, at least 0.
        tasks: weights by task name; `main` may be among them, at least 0.

    Raises:
        AuxtaskError: a weight is negative, or one of a task that the run does not have.

    >>> from auxtask.training.weighting.base import Setting
    >>> weighting = StaticWeighting(auxiliary=0.5)
    >>> weighting.prepare(Setting(["main", "rtm"], None, None, 8))
    >>> weighting.combine({"main": torch.tensor(2.0), "rtm": torch.tensor(3.0)})
    tensor(3.5000)
    """

    def __init__(self, auxiliary: float = 1.0, tasks: Mapping[str, float] | None = None) -> None:
        super().__init__()
        self.auxiliary = auxiliary
        self.named = dict(tasks or {})
        for name, weight in {"auxiliary": auxiliary, **self.named}.items():
            if weight < 0:
                raise AuxtaskError(f"weighting: weight {weight} of {name!r} is negative; use 0 or more")

    def prepare(self, setting: Setting) -> None:
        """Check that every weight is one of a task."""
        super().prepare(setting)
        if unknown := sorted(self.named.keys() - set(self.tasks)):
            raise AuxtaskError(
                f"weighting.tasks names {unknown[0]!r}, no task of this run; use {', '.join(self.tasks)}"
            )

    def task_weights(self) -> Tensor:
        """Give the weights."""
        return torch.tensor([self.named.get(name, 1.0 if name == MAIN else self.auxiliary) for name in self.tasks])
