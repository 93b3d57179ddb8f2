"""Masked language modelling of the training text beside classification."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from datasets import Dataset, DatasetDict, concatenate_datasets
from torch import Tensor
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from auxtask.errors import AuxtaskError
from auxtask.ground.encoder_rows import counting_rows
from auxtask.ground.machine import is_main_process
from auxtask.ground.tools import Tools
from auxtask.masking.collator import MaskingCollator
from auxtask.masking.pace import EpochCounter, IndependentDocuments, WithFurtherDocuments, is_scheduled
from auxtask.model.heads import masked_lm_loss, output_embeddings_constant, separate_output_embeddings
from auxtask.model.loading import load_masked_lm
from auxtask.tasks.base import Collator, PreparedTask
from auxtask.tasks.mask_facts import CountingCollator, cost_facts, mask_facts

DECODERS = ("tied", "detached", "separate")


@dataclass(frozen=True)
class MaskingTask:
    """Masked language modelling of the training text beside classification.

    The vocabulary head starts from the pre-trained one and runs on masked positions alone.

    Args:
        masking: builds the collator from a tokenizer and a seed; the collator is the masking strategy.
        annotate: adds to the training split the column that the collator reads, from the split and the tools; None
            for a strategy that needs nothing but the tokens.
        decoder: the output embeddings that the loss trains: `tied` trains those shared with the input embeddings,
            as published, and with them the rows of tokens that never occur in the data; `detached` takes the
            shared ones as a constant; `separate` trains a copy that starts equal.

    Raises:
        AuxtaskError: the decoder is none of the three.
    """

    masking: Callable[..., MaskingCollator]
    annotate: Callable[[Dataset, Tools], Dataset] | None = None
    decoder: str = field(default="tied", kw_only=True)

    def __post_init__(self) -> None:
        if self.decoder not in DECODERS:
            raise AuxtaskError(f"decoder={self.decoder!r} is unknown; use {', '.join(DECODERS)}")

    def prepare(self, dataset: DatasetDict, tools: Tools) -> PreparedTask:
        """Annotate what is masked, the training split and the unlabelled documents; see `Task`."""
        masking = self.masking(tokenizer=tools.tokenizer, seed=tools.seed)
        collator: Collator = CountingCollator(masking, masking.maskable)
        drawn: list[Any] = [masking]
        with counting_rows() as read:
            train, further = self._annotated(dataset["train"], tools)
        masked = len(train) + (0 if further is None else len(further))
        if further is not None:
            draw = IndependentDocuments(further, tools.seed, tools.unlabelled_ratio)
            collator = WithFurtherDocuments(collator, draw)
            drawn.append(draw)
        dataset = DatasetDict({**dataset, "train": train})

        def head() -> PreTrainedModel:
            masked_lm = load_masked_lm(tools.encoder)
            if self.decoder == "separate":
                separate_output_embeddings(masked_lm)
            return masked_lm

        def rate_of_the_epoch(head: PreTrainedModel, batch_size: int) -> dict[str, float]:
            return {"mask_rate": masking.rate} if is_scheduled(masking.mask_rate) else {}

        return PreparedTask(
            dataset,
            head,
            collator,
            self.loss,
            evaluate=rate_of_the_epoch,
            callbacks=lambda head: [EpochCounter(drawn)],
            pretrained_head=True,
            facts=cost_facts(read, masked) | mask_facts(masking, train, tools) if is_main_process() else {},
        )

    def _annotated(self, train: Dataset, tools: Tools) -> tuple[Dataset, Dataset | None]:
        """Annotate labelled and unlabelled documents together: a strategy may count over all that is masked."""
        further = tools.unlabelled
        if self.annotate is None:
            return train, further
        if further is None:
            return self.annotate(train, tools), None
        both = self.annotate(concatenate_datasets([train, further]), tools)
        return both.select(range(len(train))), both.select(range(len(train), len(both)))

    def loss(self, head: PreTrainedModel, output: BaseModelOutput, part: Mapping[str, Tensor]) -> Tensor:
        """Mean cross-entropy over the masked positions of the batch; 0 where no mask was drawn."""
        with output_embeddings_constant(head) if self.decoder == "detached" else nullcontext():
            return masked_lm_loss(head, output[0], part["labels"], part["targets"])[0]
