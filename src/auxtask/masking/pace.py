"""What changes while training goes on, and how the workers of a data loader learn of it."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments


class PerEpoch:
    """Something that is drawn anew in every epoch: the caller counts up `epoch`, from 0.

    The number lies in shared memory, so that the workers of a data loader see it change, also those that live on
    from epoch to epoch.

    >>> drawn = PerEpoch()
    >>> drawn.epoch = 3
    >>> drawn.epoch
    3
    """

    _epoch: Tensor

    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        created = super().__new__(cls)
        # Here, because subclasses are dataclasses: there is no other place that all of them pass before their use.
        created._epoch = torch.zeros((), dtype=torch.int64).share_memory_()
        return created

    @property
    def epoch(self) -> int:
        """The epoch that is drawn for."""
        return int(self._epoch)

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        self._epoch.fill_(epoch)


class EpochCounter(TrainerCallback):
    """Tell what is drawn anew in every epoch which epoch begins, also after a resume.

    Args:
        drawn: each gets the number of the epoch.
    """

    def __init__(self, drawn: Sequence[PerEpoch]) -> None:
        self.drawn = drawn

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Set `epoch` on each, before the loader reads ahead."""
        for one in self.drawn:
            one.epoch = current_epoch(state)


def current_epoch(state: TrainerState) -> int:
    """Count whole epochs from 0; the state counts in fractions of an epoch.

    >>> current_epoch(TrainerState(epoch=2.9999999999))
    3
    """
    return int((state.epoch or 0.0) + 1e-6)
