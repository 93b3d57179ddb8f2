"""Batches with a part for each task, built from the same documents."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from auxtask.errors import AuxtaskError
from auxtask.ground.machine import mean_over_processes
from auxtask.ground.names import MAIN
from auxtask.ground.padding import IGNORE_INDEX, pad, without_padding
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
class MaskedMainCollator:
    """Mask tokens of the main task's documents; nothing is to be predicted there.

    Args:
        main: collates the documents.
        masking: draws the masks, and says what stands in their place.

    >>> from auxtask.masking.random import RTMCollator
    >>> from auxtask.model.loading import load_tokenizer
    >>> tokenizer = load_tokenizer("tiny")
    >>> masking = RTMCollator(tokenizer, 0.9, seed=0, mask_replace_prob=1.0)
    >>> collate = MaskedMainCollator(ClassificationCollator(tokenizer), masking)
    >>> batch = collate([{"input_ids": tokenizer("the sea")["input_ids"], "label": 1}])
    >>> tokenizer.decode(batch["input_ids"][0]), batch["labels"].tolist()
    ('[CLS] [MASK] [MASK] [SEP]', [1])
    """

    main: ClassificationCollator
    masking: Callable[[Sequence[Feature]], dict[str, Tensor]]

    def __call__(self, features: Sequence[Feature]) -> dict[str, Tensor]:
        """Build what `main` builds, with masked `input_ids`."""
        return {**self.main(features), "input_ids": self.masking(features)["input_ids"]}


@dataclass
class MultiTaskCollator:
    """Build the main part and, for each auxiliary task, its part of the batch.

    Args:
        main: collates the main task.
        tasks: collators by task name; one with an attribute `epoch` is told the epoch.
        draw_main: from the documents of a batch to those of the main task and of the tasks on its rows; None for
            the same.
        main_rows: the task whose masked rows the main task reads too, and with it the tasks without rows of their
            own: one pass of the encoder in place of two. None for the main task's own rows.
        clean: tells which documents of a batch stay unmasked in those rows, with nothing to be predicted in them;
            None for none.

    Raises:
        AuxtaskError: the task of `main_rows` does not bring one row for each document.
    """

    main: Callable[[Sequence[Feature]], dict[str, Tensor]]
    tasks: Mapping[str, Callable[[Sequence[Feature]], dict[str, Tensor]]] = field(default_factory=dict)
    draw_main: Callable[[Sequence[Feature]], Sequence[Feature]] | None = None
    main_rows: str | None = None
    clean: Callable[[Sequence[Feature]], NDArray[np.bool_]] | None = None

    def main_part(self, features: Sequence[Feature]) -> dict[str, Tensor]:
        """Collate the documents for the main task alone."""
        return self(features)[MAIN]

    def __call__(self, features: Sequence[Feature]) -> dict[str, dict[str, Tensor]]:
        """Collate the documents once for each task."""
        parts = {name: task(features) for name, task in self.tasks.items()}
        if self.draw_main is not None:
            features = self.draw_main(features)
            parts |= {name: self.tasks[name](features) for name, part in parts.items() if "input_ids" not in part}
        main = self.main(features)
        if self.main_rows is not None:
            part = parts[self.main_rows]
            rows: dict[str, Tensor] = {
                name: part[name] for name in ("input_ids", "attention_mask") if name in part
            }
            if "input_ids" not in rows or len(rows["input_ids"]) != len(features):
                raise AuxtaskError(
                    f"trainer.main_rows={self.main_rows!r} does not bring one row for each labelled document; "
                    "use a masking task, without unlabelled documents"
                )
            part = {name: value for name, value in part.items() if name not in rows}
            if self.clean is not None:
                clean = torch.from_numpy(self.clean(features))[:, None]
                rows["input_ids"] = torch.where(clean, main["input_ids"], rows["input_ids"])
                part["labels"] = part["labels"].masked_fill(clean, IGNORE_INDEX)
            main |= rows
            parts[self.main_rows] = part
        return {MAIN: main} | parts


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
