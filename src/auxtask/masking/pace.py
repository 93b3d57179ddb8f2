"""What changes while training goes on, mask rates among it, and how the workers of a data loader learn of it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from auxtask.errors import AuxtaskError
from auxtask.ground.values import check_number

Feature = Mapping[str, Any]
# From the progress of training, in [0, 1], and the epoch, counted from 0, to a rate in (0, 1).
Schedule = Callable[[float, int], float]


def _check_rates(**rates: Any) -> None:
    for name, rate in rates.items():
        check_number(name, rate, "(0, 1)", example=0.15)


@dataclass
class LinearRate:
    """A rate that goes linearly over training; falling beats rising (Yang et al. 2023).

    Args:
        first, last: the rates of the first and the last epoch, in (0, 1).

    >>> [round(LinearRate(0.3, 0.15)(epoch / 4, epoch), 4) for epoch in range(5)]
    [0.3, 0.2625, 0.225, 0.1875, 0.15]
    """

    first: float = 0.3
    last: float = 0.15

    def __post_init__(self) -> None:
        _check_rates(first=self.first, last=self.last)

    def __call__(self, progress: float, epoch: int) -> float:
        """Give the rate."""
        return self.first + (self.last - self.first) * progress


@dataclass
class CosineRate:
    """A rate that goes over training as half a wave of the cosine does, slowly at both ends.

    Args:
        first, last: the rates of the first and the last epoch, in (0, 1).

    >>> [round(CosineRate(0.3, 0.15)(epoch / 4, epoch), 3) for epoch in range(5)]
    [0.3, 0.278, 0.225, 0.172, 0.15]
    """

    first: float = 0.3
    last: float = 0.15

    def __post_init__(self) -> None:
        _check_rates(first=self.first, last=self.last)

    def __call__(self, progress: float, epoch: int) -> float:
        """Give the rate."""
        return self.last + (self.first - self.last) * (1 + math.cos(math.pi * progress)) / 2


@dataclass
class CyclicRate:
    """Rates that take turns, epoch by epoch (TIACBM, 2025).

    Args:
        rates: at least one, each in (0, 1).

    >>> [CyclicRate((0.15, 0.12, 0.09))(epoch / 4, epoch) for epoch in range(5)]
    [0.15, 0.12, 0.09, 0.15, 0.12]
    """

    rates: Sequence[float] = (0.15, 0.12, 0.09)

    def __post_init__(self) -> None:
        if isinstance(self.rates, str) or not len(self.rates):
            raise AuxtaskError(f"rates={self.rates!r} is no list of rates; use for example rates=[0.15,0.12,0.09]")
        # A plain tuple also of what a config holds.
        self.rates = tuple(self.rates)
        _check_rates(**{f"rates[{at}]": rate for at, rate in enumerate(self.rates)})

    def __call__(self, progress: float, epoch: int) -> float:
        """Give the rate."""
        return self.rates[epoch % len(self.rates)]


# What a mask rate may be called; a `_target_` gives another range.
SCHEDULES: Mapping[str, Schedule] = {"linear": LinearRate(), "cosine": CosineRate(), "cyclic": CyclicRate()}
MaskRate = float | str | Schedule


def check_mask_rate(name: str, rate: Any) -> None:
    """Refuse what is neither a number in (0, 1) nor a schedule.

    >>> check_mask_rate("rate", "lineal")
    Traceback (most recent call last):
    ...
    auxtask.errors.AuxtaskError: rate='lineal' is not a number, linear, cosine or cyclic; use for example rate=0.15
    """
    if isinstance(rate, str):
        if rate not in SCHEDULES:
            *others, last = SCHEDULES
            raise AuxtaskError(
                f"{name}={rate!r:.60} is not a number, {', '.join(others)} or {last}; use for example {name}=0.15"
            )
    elif not callable(rate):
        check_number(name, rate, "(0, 1)", example=0.15)


def is_scheduled(rate: MaskRate) -> bool:
    """Tell whether a mask rate changes while training goes on.

    >>> is_scheduled(0.15), is_scheduled("linear"), is_scheduled(CyclicRate())
    (False, True, True)
    """
    return isinstance(rate, str) or callable(rate)


def rate_at(rate: MaskRate, progress: float, epoch: int) -> float:
    """Give the mask rate of a moment.

    Args:
        rate: a number in (0, 1), the name of a schedule, or a function of progress and epoch.
        progress: how far training has come, in [0, 1].
        epoch: counted from 0.

    Raises:
        AuxtaskError: a function gives what is no number in (0, 1).

    >>> rate_at(0.15, 0.5, 2), rate_at("cyclic", 0.5, 2)
    (0.15, 0.09)
    """
    schedule = SCHEDULES[rate] if isinstance(rate, str) else rate
    if not callable(schedule):
        return schedule
    found = schedule(progress, epoch)
    check_number("the mask rate that a schedule gives", found, "(0, 1)", example=0.15)
    return found


class PerEpoch:
    """Something that is drawn anew in every epoch: the caller counts up `epoch`, from 0.

    The caller also says how far training has come, where something depends on that: `progress`, from 0 to 1. Both
    numbers lie in shared memory, so that the workers of a data loader see them change, also those that live on
    from epoch to epoch.

    >>> drawn = PerEpoch()
    >>> drawn.epoch = 3
    >>> drawn.epoch, drawn.progress
    (3, 0.0)
    """

    _epoch: Tensor
    _progress: Tensor

    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        created = super().__new__(cls)
        # Here, because subclasses are dataclasses: there is no other place that all of them pass before their use.
        created._epoch = torch.zeros((), dtype=torch.int64).share_memory_()
        created._progress = torch.zeros((), dtype=torch.float64).share_memory_()
        return created

    @property
    def epoch(self) -> int:
        """The epoch that is drawn for."""
        return int(self._epoch)

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        self._epoch.fill_(epoch)

    @property
    def progress(self) -> float:
        """How far training has come, in [0, 1]."""
        return float(self._progress)

    @progress.setter
    def progress(self, progress: float) -> None:
        self._progress.fill_(progress)


@dataclass
class IndependentDocuments(PerEpoch):
    """Draw documents at random beside those of a batch, each at most once, anew for every batch.

    The draw is a function of (seed, epoch, the batch's documents), so a resume repeats it. On several processes
    each draws for its own part of the batch.

    Args:
        documents: what is drawn from.
        seed: with the epoch and the batch, it determines the draw.
        ratio: documents that are drawn for each of the batch, above 0; rounded over the batch, at least 1 in all.

    >>> documents = Dataset.from_dict({"input_ids": [[2, 3], [4], [5]]})
    >>> drawn = IndependentDocuments(documents, seed=0)([documents[0], documents[1]])
    >>> len(drawn), all(row in list(documents) for row in drawn)
    (2, True)
    """

    documents: Dataset
    seed: int
    ratio: float = 1.0

    def __call__(self, features: Sequence[Feature]) -> list[Feature]:
        """Draw the documents."""
        content = [self.seed, self.epoch, *(token for feature in features for token in feature["input_ids"])]
        generator = np.random.default_rng(content)
        size = min(max(1, round(self.ratio * len(features))), len(self.documents))
        chosen = generator.choice(len(self.documents), size=size, replace=False)
        return [self.documents[index] for index in chosen.tolist()]


@dataclass
class WithFurtherDocuments:
    """A collator that gets further documents beside those of each batch.

    Args:
        collator: of the documents of both kinds.
        draw: gives the further ones.
    """

    collator: Callable[[Sequence[Feature]], dict[str, Tensor]]
    draw: IndependentDocuments

    def __call__(self, features: Sequence[Feature]) -> dict[str, Tensor]:
        """Collate the documents of a batch, and behind them those drawn."""
        return self.collator([*features, *self.draw(features)])


class EpochCounter(TrainerCallback):
    """Tell what is drawn anew in every epoch which epoch begins, also after a resume.

    Args:
        drawn: each gets the number of the epoch, and the progress that it stands for.
    """

    def __init__(self, drawn: Sequence[PerEpoch]) -> None:
        self.drawn = drawn

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Set `epoch` and `progress` on each, before the loader reads ahead."""
        for one in self.drawn:
            one.epoch = current_epoch(state)
            one.progress = progress(one.epoch, state.num_train_epochs)


def progress(done: int, planned: int) -> float:
    """Tell how far training has come: from 0 in the first of the planned epochs, or steps, to 1 in the last.

    >>> [progress(epoch, 5) for epoch in range(5)], progress(0, 1)
    ([0.0, 0.25, 0.5, 0.75, 1.0], 0.5)
    """
    return done / (planned - 1) if planned > 1 else 0.5


def current_epoch(state: TrainerState) -> int:
    """Count whole epochs from 0; the state counts in fractions of an epoch.

    >>> current_epoch(TrainerState(epoch=2.9999999999))
    3
    """
    return int((state.epoch or 0.0) + 1e-6)
