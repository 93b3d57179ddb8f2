"""Auxiliary tasks: what each adds to the data, to the batch, to the network and to the loss."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from datasets import Dataset, DatasetDict
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from transformers.modeling_outputs import BaseModelOutput

from auxtask.data.boundaries import Segmenter

Collator = Callable[[Sequence[Mapping[str, Any]]], dict[str, Tensor]]


@dataclass(frozen=True)
class Preparation:
    """What a task may use to prepare its data before training.

    Args:
        model_name: the vanilla encoder, as for `auxtask.model.loading.resolve`.
        tokenizer: its tokenizer.
        label_names: the classes of the main task.
        annotate: adds the column `likelihoods` under a given score metric; cached.
        segmenter: names words that the tokenizer leaves together, as for `auxtask.data.encoding.encode_texts`.
    """

    model_name: str
    tokenizer: PreTrainedTokenizerBase
    label_names: Sequence[str]
    annotate: Callable[[Dataset, str], Dataset]
    segmenter: Segmenter | None = None


class AuxiliaryTask(Protocol):
    """The interface between an auxiliary task and the trainer.

    Attributes:
        pretrained_head: whether the head comes with the checkpoint, so that it is trained as the encoder is.
    """

    pretrained_head: ClassVar[bool]

    def prepare(self, dataset: DatasetDict, preparation: Preparation) -> DatasetDict:
        """Add the columns the task's collator reads."""

    def collator(self, tokenizer: PreTrainedTokenizerBase, seed: int) -> Collator:
        """Build what turns documents into the task's part of a batch."""

    def head(self, model_name: str) -> PreTrainedModel:
        """Load the stock model whose head the task trains; its encoder will be the shared one."""

    def loss(self, head: PreTrainedModel, output: BaseModelOutput, part: Mapping[str, Tensor]) -> Tensor:
        """Compute the task's loss, a scalar, from the encoder output for its rows and its part of the batch.

        The part has `targets`, by which the sum over its `labels` is divided (`auxtask.model.heads.mean_loss`).
        """

    def evaluate(
        self, head: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, valid: Dataset, batch_size: int
    ) -> dict[str, float]:
        """Score the task on the validation documents; empty where there is nothing to say."""

    def callbacks(
        self, head: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, collator: Any, train: Dataset
    ) -> list[TrainerCallback]:
        """Give what the task has to do while training goes on; mostly nothing."""
