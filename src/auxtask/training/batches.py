"""Batches with a part for each task, built from the same documents."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from auxtask.masking.collators import pad
from auxtask.model.multitask import MAIN

Feature = Mapping[str, Any]


@dataclass
class ClassificationCollator:
    """Pad documents to the longest of the batch and keep their class.

    Args:
        tokenizer: gives the padding id.

    >>> from auxtask.model.loading import load_tokenizer
    >>> tokenizer = load_tokenizer("tiny")
    >>> batch = ClassificationCollator(tokenizer)([{"input_ids": [2, 3], "label": 1}])
    >>> batch["labels"].tolist(), batch["attention_mask"].tolist()
    ([1], [[1, 1]])
    """

    tokenizer: PreTrainedTokenizerBase

    def __call__(self, features: Sequence[Feature]) -> dict[str, Tensor]:
        """Build `input_ids`, `attention_mask` (documents, length) and `labels` (documents,), all int64."""
        input_ids = pad([feature["input_ids"] for feature in features], self.tokenizer.pad_token_id)
        lengths = np.array([len(feature["input_ids"]) for feature in features])
        attention_mask = (np.arange(input_ids.shape[1]) < lengths[:, None]).astype(np.int64)
        return {
            "input_ids": torch.from_numpy(input_ids),
            "attention_mask": torch.from_numpy(attention_mask),
            "labels": torch.tensor([feature["label"] for feature in features]),
        }


@dataclass
class MultiTaskCollator:
    """Build the main part and, for each auxiliary task, its part of the batch from the same documents.

    Args:
        main: collates the main task.
        tasks: collators by task name; one with an attribute `epoch` is told the epoch.
    """

    main: ClassificationCollator
    tasks: Mapping[str, Callable[[Sequence[Feature]], dict[str, Tensor]]] = field(default_factory=dict)

    def __call__(self, features: Sequence[Feature]) -> dict[str, dict[str, Tensor]]:
        """Collate the documents once for each task."""
        return {MAIN: self.main(features)} | {name: task(features) for name, task in self.tasks.items()}


class EpochCounter(TrainerCallback):
    """Tell masking collators the epoch, so that each epoch has masks of its own, also after a resume.

    Args:
        collators: those without an attribute `epoch` are left alone.
    """

    def __init__(self, collators: Sequence[Any]) -> None:
        self.collators = [collator for collator in collators if hasattr(collator, "epoch")]

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Set `epoch` on every collator."""
        for collator in self.collators:
            collator.epoch = current_epoch(state)


def current_epoch(state: TrainerState) -> int:
    """Count whole epochs from 0; the state counts in fractions of an epoch.

    >>> current_epoch(TrainerState(epoch=2.9999999999))
    3
    """
    return int((state.epoch or 0.0) + 1e-6)
