"""Batches with a part for each task, built from the same documents."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from auxtask.ground.machine import mean_over_processes
from auxtask.ground.names import MAIN
from auxtask.ground.padding import pad, without_padding
from auxtask.model.multitask import count_targets

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
        features = [without_padding(feature) for feature in features]
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
    """Build the main part and, for each auxiliary task, its part of the batch.

    Args:
        main: collates the main task.
        tasks: collators by task name; one with an attribute `epoch` is told the epoch.
        draw_main: from the documents of a batch to those of the main task and of the tasks on its rows; None for
            the same.
    """

    main: ClassificationCollator
    tasks: Mapping[str, Callable[[Sequence[Feature]], dict[str, Tensor]]] = field(default_factory=dict)
    draw_main: Callable[[Sequence[Feature]], Sequence[Feature]] | None = None

    def __call__(self, features: Sequence[Feature]) -> dict[str, dict[str, Tensor]]:
        """Collate the documents once for each task."""
        parts = {name: task(features) for name, task in self.tasks.items()}
        if self.draw_main is not None:
            features = self.draw_main(features)
            parts |= {name: self.tasks[name](features) for name, part in parts.items() if "input_ids" not in part}
        return {MAIN: self.main(features)} | parts


def share_target_counts(batches: Sequence[MutableMapping[str, Any]]) -> None:
    """Tell every part of the batches of one step how many targets a batch of the step has in the mean.

    Processes and the batches of an accumulated step average their gradients. With each summed loss divided by this
    count (`mean_loss`), the average is the mean over all targets of the step, however unequal the shares.

    Args:
        batches: of this process, each with a part for every task; each part gets `targets`, a float32 scalar.

    >>> import torch
    >>> step = [{"rtm": {"labels": torch.tensor([5, -100, -100])}}, {"rtm": {"labels": torch.tensor([5, 6, 7])}}]
    >>> share_target_counts(step)
    >>> [batch["rtm"]["targets"] for batch in step]
    [tensor(2.), tensor(2.)]
    """
    if not batches:
        return
    counts = torch.stack([torch.stack([count_targets(part) for part in batch.values()]) for batch in batches])
    shared = mean_over_processes(counts.mean(dim=0))
    for batch in batches:
        for (name, part), count in zip(batch.items(), shared, strict=True):
            batch[name] = {**part, "targets": count}
