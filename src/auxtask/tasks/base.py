"""An auxiliary task as a value: what it adds to the data, to the batch, to the network and to the loss."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from datasets import DatasetDict, concatenate_datasets
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback

from auxtask.data.counts import counts_line, document_counts, token_counts
from auxtask.data.dataset import TextDataset
from auxtask.data.encoding import encode
from auxtask.ground.machine import is_main_process
from auxtask.ground.tools import Tools
from auxtask.model.loading import check_classifier
from auxtask.model.multitask import HeadLoss

Feature = Mapping[str, Any]
Collator = Callable[[Sequence[Feature]], dict[str, Tensor]]


def nothing(head: PreTrainedModel, batch_size: int) -> dict[str, float]:
    """Say nothing of a task on the validation documents."""
    return {}


def none(head: PreTrainedModel) -> list[TrainerCallback]:
    """Do nothing while training goes on."""
    return []


@dataclass(frozen=True)
class PreparedTask:
    """What came of an auxiliary task once it has seen the documents.

    Args:
        dataset: the documents, with the columns that the task's collator reads.
        head: loads the stock model whose head the task trains; its encoder will be the shared one.
        collator: from documents to the task's part of a batch.
        loss: from the head, the encoder output for its rows and its part of the batch to a scalar. The part has
            `targets`, by which the sum over its `labels` is divided (`auxtask.model.heads.mean_loss`).
        evaluate: from the head and the documents of a forward pass to the task's scores on the validation split.
        callbacks: from the head to what the task does while training goes on.
        pretrained_head: whether the head comes with the checkpoint, so that it is trained as the encoder is.
        facts: what `metrics.json` says of the task, numbers by name.
    """

    dataset: DatasetDict
    head: Callable[[], PreTrainedModel]
    collator: Collator
    loss: HeadLoss
    evaluate: Callable[[PreTrainedModel, int], dict[str, float]] = nothing
    callbacks: Callable[[PreTrainedModel], list[TrainerCallback]] = none
    pretrained_head: bool = False
    facts: Mapping[str, float] = field(default_factory=dict)


class Task(Protocol):
    """An auxiliary task as a config builds it, before it has seen any document."""

    def prepare(self, dataset: DatasetDict, tools: Tools) -> PreparedTask:
        """Make of the encoded documents what training needs of the task.

        Args:
            dataset: the splits as `auxtask.data.encoding.encode` gives them.
            tools: what the task may draw on.
        """


@dataclass(frozen=True)
class Prepared:
    """All that training reads.

    Args:
        documents: the encoded splits, with the columns of each task under `TASK/column`.
        tasks: by name.
        tokenizer: of the encoder.
        max_length: tokens of a document, special ones included.
        counts: what misleads about the data (`auxtask.data.counts`).
        seconds: that the preparation took.
    """

    documents: DatasetDict
    tasks: Mapping[str, PreparedTask]
    tokenizer: PreTrainedTokenizerBase
    max_length: int
    counts: Mapping[str, Any]
    seconds: float


def prepare(dataset: TextDataset, tasks: Mapping[str, Task], tools: Tools, max_length: int) -> Prepared:
    """Encode the texts and let each task make of them what it needs.

    Args:
        dataset: texts and labels.
        tasks: by name.
        tools: what the tasks may draw on.
        max_length: tokens of a document, special ones included; longer documents are cut.

    Returns:
        All that training reads.

    Raises:
        AuxtaskError: the encoder cannot be used or cannot read so many tokens, or a task refuses the data.
    """
    # Before anything takes long: an encoder that cannot be used is refused here.
    check_classifier(tools.encoder, max_length)
    started = time.perf_counter()
    # Every process at once: the scorer shares its documents among them.
    encoded = encode(dataset, tools.tokenizer, max_length, segmenter=tools.segmenter)
    if tools.unlabelled is not None:
        further = encode(tools.unlabelled, tools.tokenizer, max_length, segmenter=tools.segmenter)
        tools = replace(tools, unlabelled=further)
    prepared = {name: task.prepare(encoded, tools) for name, task in tasks.items()}
    documents = join(encoded, prepared)
    seconds = time.perf_counter() - started
    counts = document_counts(dataset) | token_counts(encoded, tools.tokenizer, max_length)
    if is_main_process():
        print(counts_line(dataset.name, counts), flush=True)
    return Prepared(documents, prepared, tools.tokenizer, max_length, counts, seconds)


def join(encoded: DatasetDict, tasks: Mapping[str, PreparedTask]) -> DatasetDict:
    """Put the columns of all tasks beside those of the documents.

    Args:
        encoded: the splits before any task.
        tasks: by name; each has the rows of `encoded` in their order.

    Returns:
        The splits; what a task adds is the column `TASK/column`, so that no two tasks share one.
    """
    joined = {}
    for split, documents in encoded.items():
        parts = [documents]
        for name, task in tasks.items():
            of_task = task.dataset[split]
            added = [column for column in of_task.column_names if column not in documents.column_names]
            parts.append(of_task.select_columns(added).rename_columns({one: f"{name}/{one}" for one in added}))
        joined[split] = concatenate_datasets([part for part in parts if part.column_names], axis=1)
    return DatasetDict(joined)


@dataclass(frozen=True)
class OwnColumns:
    """A collator that sees the columns of the documents and of its own task, under their plain names.

    Args:
        collator: of the task.
        task: its name.

    >>> features = [{"input_ids": [2, 3], "rtm/priority": 1, "other/priority": 2}]
    >>> OwnColumns(lambda features: features, "rtm")(features)
    [{'input_ids': [2, 3], 'priority': 1}]
    """

    collator: Collator
    task: str

    def __call__(self, features: Sequence[Feature]) -> dict[str, Tensor]:
        """Collate documents that `join` has given the columns of every task."""
        prefix = f"{self.task}/"
        return self.collator(
            [
                {
                    name.removeprefix(prefix): value
                    for name, value in feature.items()
                    if "/" not in name or name.startswith(prefix)
                }
                for feature in features
            ]
        )
