"""Fixed task weights."""

from collections.abc import Mapping

import torch
from torch import Tensor

from auxtask.errors import AuxtaskError
from auxtask.ground.names import MAIN
from auxtask.training.weighting.base import TrainingFacts, Weighting


class StaticWeighting(Weighting):
    """loss = main + sum of weight x auxiliary loss, with weights that stay as they are.

    Args:
        auxiliary: the weight of every auxiliary task that `tasks` does not name, at least 0.
        tasks: weights by task name; `main` may be among them, at least 0.

    Raises:
        AuxtaskError: a weight is negative, or one of a task that the run does not have.

    >>> from auxtask.training.weighting.base import TrainingFacts
    >>> weighting = StaticWeighting(auxiliary=0.5)
    >>> weighting.prepare(TrainingFacts(["main", "rtm"], None, None, 8))
    >>> weighting.combine({"main": torch.tensor(2.0), "rtm": torch.tensor(3.0)})
    tensor(3.5000)
    """

    def __init__(self, auxiliary: float = 1.0, tasks: Mapping[str, float] | None = None) -> None:
        super().__init__()
        self.auxiliary = auxiliary
        self.tasks = dict(tasks or {})
        for name, weight in {"auxiliary": auxiliary, **self.tasks}.items():
            if weight < 0:
                raise AuxtaskError(f"weighting: weight {weight} of {name!r} is negative; use 0 or more")

    def prepare(self, facts: TrainingFacts) -> None:
        """Check that every weight is one of a task."""
        super().prepare(facts)
        if unknown := sorted(self.tasks.keys() - set(self.task_names)):
            raise AuxtaskError(
                f"weighting.tasks names {unknown[0]!r}, no task of this run; use {', '.join(self.task_names)}"
            )

    def task_weights(self) -> Tensor:
        """Give the weights."""
        return torch.tensor(
            [self.tasks.get(name, 1.0 if name == MAIN else self.auxiliary) for name in self.task_names]
        )
