"""Self-paced masking: likelihoods follow the model in training instead of the vanilla one."""

from collections.abc import Sequence
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
    PreTrainedTokenizerBase,
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
    """A masking collator that reads refreshed likelihoods in place of the column.

    Args:
        masking: the collator; it reads the column `likelihoods`.
        likelihoods: by the column `document`, the likelihoods of each document's tokens, in shared memory so that
            the workers of a data loader see them change; None for the column's.
    """

    masking: Collator
    likelihoods: Sequence[Tensor] | None = None

    def __call__(self, features: Sequence[Feature]) -> dict[str, Tensor]:
        """Build a batch as the masking collator does."""
        if self.likelihoods is not None:
            features = [{**one, "likelihoods": self.likelihoods[one["document"]]} for one in features]
        return self.masking(features)


@dataclass(frozen=True)
class SelfPacedTask(MaskingTask):
    """L3Masking whose likelihoods are computed anew with the model in training, every few epochs.

    The vanilla model's likelihoods serve until the first refresh.

    Args:
        masking, annotate, decoder: as for `MaskingTask`; the collator reads the column `likelihoods`.
        metric: the score metric of the refreshes, `word_l2r`, `original` or `whole_word`.
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
            AuxtaskError: there are unlabelled documents, which no refresh would reach.
        """
        if tools.unlabelled is not None:
            raise AuxtaskError(
                "unlabelled documents get no refreshed likelihoods; use aux=l3masking, or unlabelled=null"
            )
        prepared = super().prepare(dataset, tools)
        train = prepared.dataset["train"]
        collator = RefreshedCollator(prepared.collator)

        def callbacks(head: PreTrainedModel) -> list[TrainerCallback]:
            refresh = LikelihoodRefresh(
                head, tools.tokenizer, self.metric, self.refresh_every, collator=collator, train=train
            )
            return [*prepared.callbacks(head), refresh]

        numbered = train.add_column("document", np.arange(len(train)))
        return replace(
            prepared,
            dataset=DatasetDict({**prepared.dataset, "train": numbered}),
            collator=collator,
            callbacks=callbacks,
        )


class LikelihoodRefresh(TrainerCallback):
    """Score the training documents with the model in training and hand the result to the collator.

    A refresh is kept beside the checkpoints, so that a run that is resumed within an epoch masks as it did.

    Args:
        head: the masked language model with the shared encoder.
        tokenizer: its tokenizer.
        metric: the score metric.
        every: epochs between two refreshes.
        collator: gets the likelihoods.
        train: the encoded training documents with the column `likelihoods`.
    """

    def __init__(
        self,
        head: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        metric: str,
        every: int,
        *,
        collator: RefreshedCollator,
        train: Dataset,
    ) -> None:
        self.head, self.tokenizer, self.metric, self.every = head, tokenizer, metric, every
        self.train = train
        self._values = torch.from_numpy(_laid_end_to_end(train)).share_memory_()
        self._refreshed_for = 0
        collator.likelihoods = self._values.split(document_lengths(train).tolist())

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Refresh where it is due; after a resume, take up the last refresh."""
        epoch = current_epoch(state)
        last_due = epoch - epoch % self.every
        if last_due == self._refreshed_for:
            return
        path = Path(str(args.output_dir)) / f"likelihoods-{self.metric}-{last_due}.npy"
        if path.exists():
            values = np.load(path)
        else:
            scorer = PLLScorer(self.head, self.tokenizer, self.metric, progress=False)
            values = _laid_end_to_end(scorer.annotate(self.train))
            if state.is_world_process_zero:
                with atomic_path(path) as temporary:
                    np.save(temporary, values)
        self._values.copy_(torch.from_numpy(values))
        self._refreshed_for = last_due


def _laid_end_to_end(split: Dataset) -> NDArray[np.float32]:
    return np.concatenate([np.asarray(row, dtype=np.float32) for row in split["likelihoods"]])
