"""Self-paced masking: likelihoods follow the model in training instead of the vanilla one."""

from collections.abc import Sequence
from dataclasses import dataclass
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
from auxtask.likelihood.scorer import PLLScorer
from auxtask.masking.collator import Feature, MaskingCollator
from auxtask.masking.pace import current_epoch
from auxtask.tasks.base import Preparation
from auxtask.tasks.masking import LikelihoodMaskingTask


@dataclass
class RefreshedCollator:
    """A masking collator that reads refreshed likelihoods in place of the column.

    Args:
        masking: the collator; it reads the column `likelihoods`.
        likelihoods: by the column `document`, the likelihoods of each document's tokens, in shared memory so that
            the workers of a data loader see them change; None for the column's.
    """

    masking: MaskingCollator
    likelihoods: Sequence[Tensor] | None = None

    @property
    def epoch(self) -> int:
        """The epoch the masks are drawn for."""
        return self.masking.epoch

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        self.masking.epoch = epoch

    def __call__(self, features: Sequence[Feature]) -> dict[str, Tensor]:
        """Build a batch as the masking collator does."""
        if self.likelihoods is not None:
            features = [{**one, "likelihoods": self.likelihoods[one["document"]]} for one in features]
        return self.masking(features)


@dataclass
class SelfPacedMaskingTask(LikelihoodMaskingTask):
    """L3Masking whose likelihoods are computed anew with the model in training, every few epochs.

    The vanilla model's likelihoods serve until the first refresh.

    Args:
        masking: as for `LikelihoodMaskingTask`.
        metric: the score metric, `word_l2r`, `original` or `whole_word`.
        refresh_every: epochs between two refreshes, at least 1.

    Raises:
        AuxtaskError: refresh_every is below 1.
    """

    refresh_every: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.refresh_every < 1:
            raise AuxtaskError(f"refresh_every={self.refresh_every} is below 1; give a number of epochs")

    def prepare(self, dataset: DatasetDict, preparation: Preparation) -> DatasetDict:
        """Add the vanilla model's `likelihoods` and the number of each `document` to the training split."""
        prepared = super().prepare(dataset, preparation)
        numbered = prepared["train"].add_column("document", np.arange(len(prepared["train"])))
        return DatasetDict({**prepared, "train": numbered})

    def collator(self, tokenizer: PreTrainedTokenizerBase, seed: int) -> Any:
        """Build the masking collator in its refreshable form."""
        return RefreshedCollator(super().collator(tokenizer, seed))

    def callbacks(
        self, head: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, collator: Any, train: Dataset
    ) -> list[TrainerCallback]:
        """Refresh the likelihoods while training goes on."""
        return [LikelihoodRefresh(self, head, tokenizer, collator, train)]


class LikelihoodRefresh(TrainerCallback):
    """Score the training documents with the model in training and hand the result to the collator.

    A refresh is kept beside the checkpoints, so that a run that is resumed within an epoch masks as it did.

    Args:
        task: says how often and by which metric.
        head: the masked language model with the shared encoder.
        tokenizer: its tokenizer.
        collator: gets the likelihoods.
        train: the encoded training documents.
    """

    def __init__(
        self,
        task: SelfPacedMaskingTask,
        head: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        collator: RefreshedCollator,
        train: Dataset,
    ) -> None:
        self.task, self.head, self.tokenizer, self.train = task, head, tokenizer, train
        self._values = torch.from_numpy(_laid_end_to_end(train)).share_memory_()
        self._refreshed_for = 0
        collator.likelihoods = self._values.split(document_lengths(train).tolist())

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Refresh where it is due; after a resume, take up the last refresh."""
        epoch = current_epoch(state)
        last_due = epoch - epoch % self.task.refresh_every
        if last_due == self._refreshed_for:
            return
        path = Path(str(args.output_dir)) / f"likelihoods-{self.task.metric}-{last_due}.npy"
        if path.exists():
            values = np.load(path)
        else:
            scorer = PLLScorer(self.head, self.tokenizer, self.task.metric, progress=False)
            values = _laid_end_to_end(scorer.annotate(self.train))
            if state.is_world_process_zero:
                with atomic_path(path) as temporary:
                    np.save(temporary, values)
        self._values.copy_(torch.from_numpy(values))
        self._refreshed_for = last_due


def _laid_end_to_end(split: Dataset) -> NDArray[np.float32]:
    return np.concatenate([np.asarray(row, dtype=np.float32) for row in split["likelihoods"]])
