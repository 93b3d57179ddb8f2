"""Masked language modelling of the training text beside classification."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, ClassVar

from datasets import Dataset, DatasetDict
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from transformers.modeling_outputs import BaseModelOutput

from auxtask.errors import AuxtaskError
from auxtask.masking.collator import MaskingCollator
from auxtask.masking.frequency import annotate_frequencies
from auxtask.model.heads import masked_lm_loss, output_embeddings_constant, separate_output_embeddings
from auxtask.model.loading import load_masked_lm
from auxtask.tasks.base import Preparation

DECODERS = ("tied", "detached", "separate")


@dataclass
class MaskingTask:
    """Masked language modelling of the training text beside classification.

    The vocabulary head starts from the pre-trained one and runs on masked positions alone.

    Args:
        masking: builds the collator from a tokenizer and a seed; the collator is the masking strategy.
        decoder: the output embeddings that the loss trains: `tied` trains those shared with the input embeddings,
            as published, and with them the rows of tokens that never occur in the data; `detached` takes the
            shared ones as a constant; `separate` trains a copy that starts equal.

    Raises:
        AuxtaskError: the decoder is none of the three.
    """

    masking: Callable[..., MaskingCollator]
    pretrained_head: ClassVar[bool] = True
    decoder: str = field(default="tied", kw_only=True)

    def __post_init__(self) -> None:
        if self.decoder not in DECODERS:
            raise AuxtaskError(f"decoder={self.decoder!r} is unknown; use {', '.join(DECODERS)}")

    def prepare(self, dataset: DatasetDict, preparation: Preparation) -> DatasetDict:
        """Return the data as they are: this strategy needs nothing but the tokens."""
        return dataset

    def collator(self, tokenizer: PreTrainedTokenizerBase, seed: int) -> MaskingCollator:
        """Build the masking collator."""
        return self.masking(tokenizer=tokenizer, seed=seed)

    def head(self, model_name: str) -> PreTrainedModel:
        """Load the vanilla masked language model."""
        head = load_masked_lm(model_name)
        if self.decoder == "separate":
            separate_output_embeddings(head)
        return head

    def loss(self, head: PreTrainedModel, output: BaseModelOutput, part: Mapping[str, Tensor]) -> Tensor:
        """Mean cross-entropy over the masked positions of the batch; 0 where no mask was drawn."""
        with output_embeddings_constant(head) if self.decoder == "detached" else nullcontext():
            return masked_lm_loss(head, output[0], part["labels"], part["targets"])[0]

    def evaluate(
        self, head: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, valid: Dataset, batch_size: int
    ) -> dict[str, float]:
        """Say nothing: validation documents are not masked."""
        return {}

    def callbacks(
        self, head: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, collator: Any, train: Dataset
    ) -> list[TrainerCallback]:
        """Do nothing while training goes on."""
        return []


@dataclass
class FrequencyMaskingTask(MaskingTask):
    """Masking that follows the frequency of tokens in the training split.

    Args:
        masking: as for `MaskingTask`; the collator reads the column `frequencies`.
    """

    def prepare(self, dataset: DatasetDict, preparation: Preparation) -> DatasetDict:
        """Add the column `frequencies` to the training split."""
        return DatasetDict({**dataset, "train": annotate_frequencies(dataset["train"])})


@dataclass
class LikelihoodMaskingTask(MaskingTask):
    """Masking that follows the vanilla model's own token likelihoods, scored once before training.

    Args:
        masking: as for `MaskingTask`; the collator reads the column `likelihoods`.
        metric: the score metric, `word_l2r`, `original` or `whole_word`.
    """

    metric: str = "word_l2r"

    def prepare(self, dataset: DatasetDict, preparation: Preparation) -> DatasetDict:
        """Add the column `likelihoods` to the training split, the only one that is masked."""
        return DatasetDict({**dataset, "train": preparation.annotate(dataset["train"], self.metric)})
