"""What changes while training goes on, and how the workers of a data loader learn of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

Feature = Mapping[str, Any]


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
