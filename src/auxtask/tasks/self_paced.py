"""Self-paced masking: scores follow the model in training instead of the vanilla one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset, DatasetDict
from numpy.typing import NDArray
from torch import Tensor
from transformers import (
    PreTrainedModel,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from auxtask.data.encoding import document_lengths
from auxtask.errors import AuxtaskError
from auxtask.ground.files import atomic_path
from auxtask.ground.tools import Tools
from auxtask.likelihood.scorer import PLLScorer
from auxtask.masking.pace import current_epoch
from auxtask.tasks.base import Collator, Feature, PreparedTask
from auxtask.tasks.masking import MaskingTask


@dataclass
class RefreshedCollator:
    """A masking collator that reads refreshed scores in place of the column.

    Args:
        masking: the collator.
        column: that it reads.
        values: by the column `document`, the scores of each document's tokens, in shared memory so that the
            workers of a data loader see them change; None for the column's.
    """

    masking: Collator
    column: str = "likelihoods"
    values: Sequence[Tensor] | None = None

    def __call__(self, features: Sequence[Feature]) -> dict[str, Tensor]:
        """Build a batch as the masking collator does."""
        if self.values is not None:
            features = [{**one, self.column: self.values[one["document"]]} for one in features]
        return self.masking(features)


@dataclass(frozen=True)
class SelfPacedTask(MaskingTask):
    """Masking by scores that are computed anew with the model in training, every few epochs.

    L3Masking with refreshed likelihoods; or entropy masking whose entropies are those of the model in training
    (self-masking). The vanilla model's scores serve until the first refresh.

    Args:
        masking, annotate, decoder: as for `MaskingTask`; `annotate` asks the tools for a scorer, and adds one
            column.
        metric: the score metric of the refreshes, `word_l2r`, `original`, `whole_word` or `unmasked`.
        refresh_every: epochs between two refreshes, at least 1.

    Raises:
        AuxtaskError: refresh_every is below 1.
    """

    metric: str = field(default="word_l2r", kw_only=True)
    refresh_every: int = field(default=1, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.refresh_every < 1:
            raise AuxtaskError(f"refresh_every={self.refresh_every} is below 1; give a number of epochs")

    def prepare(self, dataset: DatasetDict, tools: Tools) -> PreparedTask:
        """Prepare as a `MaskingTask` does; number the training documents, so that refreshes find them.

        Raises:
            AuxtaskError: there are unlabelled documents, which no refresh would reach, or nothing to refresh.
        """
        if tools.unlabelled is not None:
            raise AuxtaskError(
                "unlabelled documents get no refreshed likelihoods; use aux=l3masking, or unlabelled=null"
            )
        prepared = super().prepare(dataset, tools)
        train, annotate = prepared.dataset["train"], self.annotate
        added = [name for name in train.column_names if name not in dataset["train"].column_names]
        if annotate is None or len(added) != 1:
            raise AuxtaskError(
                f"annotate adds {len(added)} columns, and a refresh takes the place of one; use "
                "annotate_likelihoods or annotate_uncertainties"
            )
        collator = RefreshedCollator(prepared.collator, added[0])

        def callbacks(head: PreTrainedModel) -> list[TrainerCallback]:
            def scorer(encoder: str, metric: str) -> PLLScorer:
                return PLLScorer(head, tools.tokenizer, self.metric, progress=False)

            def refreshed(documents: Dataset) -> Dataset:
                return annotate(documents, replace(tools, scorers=scorer))

            refresh = ScoreRefresh(refreshed, self.metric, self.refresh_every, collator=collator, train=train)
            return [*prepared.callbacks(head), refresh]

        numbered = train.add_column("document", np.arange(len(train)))
        return replace(
            prepared,
            dataset=DatasetDict({**prepared.dataset, "train": numbered}),
            collator=collator,
            callbacks=callbacks,
        )


class ScoreRefresh(TrainerCallback):
    """Score the training documents with the model in training and hand the result to the collator.

    A refresh is kept beside the checkpoints, so that a run that is resumed within an epoch masks as it did.

    Args:
        annotate: adds the collator's column to the documents, by the model in training.
        metric: by which it scores, for the name of the file.
        every: epochs between two refreshes.
        collator: gets the scores.
        train: the encoded training documents with the collator's column.
    """

    def __init__(
        self,
        annotate: Callable[[Dataset], Dataset],
        metric: str,
        every: int,
        *,
        collator: RefreshedCollator,
        train: Dataset,
    ) -> None:
        self.annotate, self.metric, self.every = annotate, metric, every
        self.train, self.column = train, collator.column
        self._values = torch.from_numpy(_laid_end_to_end(train[self.column])).share_memory_()
        self._refreshed_for = 0
        collator.values = self._values.split(document_lengths(train).tolist())

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Refresh where it is due; after a resume, take up the last refresh."""
        epoch = current_epoch(state)
        last_due = epoch - epoch % self.every
        if last_due == self._refreshed_for:
            return
        path = Path(str(args.output_dir)) / f"{self.column}-{self.metric}-{last_due}.npy"
        if path.exists():
            values = np.load(path)
        else:
            values = _laid_end_to_end(self.annotate(self.train)[self.column])
            if state.is_world_process_zero:
                with atomic_path(path) as temporary:
                    np.save(temporary, values)
        self._values.copy_(torch.from_numpy(values))
        self._refreshed_for = last_due


def _laid_end_to_end(rows: Iterable[Sequence[float]]) -> NDArray[np.float32]:
    return np.concatenate([np.asarray(row, dtype=np.float32) for row in rows])
