"""Token N-gram recognition beside classification: the shared encoder learns to tag the N-grams of its text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from datasets import Dataset, DatasetDict
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from transformers.modeling_outputs import BaseModelOutput

from auxtask.data.encoding import encode_whole
from auxtask.ground.padding import IGNORE_INDEX, pad
from auxtask.model.heads import mean_loss, run_head
from auxtask.model.loading import load_tagger
from auxtask.phrases.bio import labels_to_spans
from auxtask.phrases.extraction import NgramExtractor
from auxtask.phrases.inventory import NgramInventory
from auxtask.phrases.labelers import PhraseLabeler
from auxtask.tasks.base import Collator, Preparation


@dataclass
class RecognitionTask:
    """Token N-gram recognition (Kimura et al. 2023): N-grams, labels and label set come from the training text.

    The task reads the hidden states of the documents as they are: one forward pass serves it and the main task.

    Args:
        extractor: finds the N-grams of the training documents.
        labeler: builds the labeler from the inventory that was found.
        column: where the data set keeps the label ids; two such tasks in one run need different ones.
    """

    extractor: NgramExtractor
    labeler: Callable[[NgramInventory], PhraseLabeler]
    column: str = "phrase_labels"
    pretrained_head: ClassVar[bool] = False

    def prepare(self, dataset: DatasetDict, preparation: Preparation) -> DatasetDict:
        """Extract N-grams from the whole training documents and label train and valid; truncate afterwards."""
        tokenizer = preparation.tokenizer
        documents = {
            split: encode_whole(dataset[split]["text"], tokenizer, preparation.segmenter)
            for split in ("train", "valid")
        }
        token_ids, word_ids = documents["train"]
        inventory = self.extractor.extract(
            token_ids,
            dataset["train"]["label"],
            word_ids=word_ids,
            class_names=list(preparation.label_names),
            tokenizer=tokenizer,
        )
        self._labels = self.labeler(inventory)
        labelled = {
            split: dataset[split].add_column(
                self.column,
                [
                    self._labels.label_ids(
                        self._labels.label(tokens, label, words), kept, tokenizer.truncation_side
                    )
                    for tokens, words, label, kept in zip(
                        *rows, dataset[split]["label"], dataset[split]["word_ids"], strict=True
                    )
                ],
            )
            for split, rows in documents.items()
        }
        return DatasetDict({**dataset, **labelled})

    def collator(self, tokenizer: PreTrainedTokenizerBase, seed: int) -> Collator:
        """Pad the labels; the rows are those of the main task."""
        return lambda features: {
            "labels": torch.from_numpy(pad([feature[self.column] for feature in features], IGNORE_INDEX))
        }

    def head(self, model_name: str) -> PreTrainedModel:
        """Load a stock token classifier for the labels of the training documents."""
        return load_tagger(model_name, self._labels.label_names)

    def loss(self, head: PreTrainedModel, output: BaseModelOutput, part: Mapping[str, Tensor]) -> Tensor:
        """Mean cross-entropy over all ordinary tokens of the batch; 0 where there are none."""
        logits = run_head(head, output).logits.float()
        total = F.cross_entropy(logits.flatten(0, 1), part["labels"].flatten(), reduction="sum")
        return mean_loss(total, part["targets"])

    @torch.inference_mode()
    def evaluate(
        self,
        head: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        valid: Dataset,
        batch_size: int,
    ) -> dict[str, float]:
        """Tag the validation documents.

        Args:
            head: the token classifier with the shared encoder.
            tokenizer: gives the padding id.
            valid: the validation split, with the task's column.
            batch_size: documents of a forward pass.

        Returns:
            `loss` (nats a token) and `span_f1`, the micro-F1 of exact spans with their types, in [0, 1].
        """
        names = self._labels.label_names
        head.eval()
        total, tokens = 0.0, 0
        predicted_spans: list[Sequence[Any]] = []
        gold_spans: list[Sequence[Any]] = []
        for start in range(0, len(valid), batch_size):
            rows = valid[start : start + batch_size]
            input_ids = torch.from_numpy(pad(rows["input_ids"], tokenizer.pad_token_id)).to(head.device)
            attention_mask = torch.from_numpy(pad(rows["attention_mask"], 0)).to(head.device)
            labels = torch.from_numpy(pad(rows[self.column], IGNORE_INDEX)).to(head.device)
            logits = head(input_ids=input_ids, attention_mask=attention_mask).logits.float()
            total += float(F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum"))
            tokens += int((labels != IGNORE_INDEX).sum())
            for best, gold in zip(logits.argmax(dim=-1).tolist(), labels.tolist(), strict=True):
                kept = [position for position, label in enumerate(gold) if label != IGNORE_INDEX]
                predicted_spans.append(labels_to_spans([names[best[position]] for position in kept]))
                gold_spans.append(labels_to_spans([names[gold[position]] for position in kept]))
        head.train()
        return {"loss": total / max(tokens, 1), "span_f1": span_f1(gold_spans, predicted_spans)}

    def callbacks(
        self, head: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, collator: Collator, train: Dataset
    ) -> list[TrainerCallback]:
        """Do nothing while training goes on."""
        return []


def span_f1(gold: Sequence[Sequence[Any]], predicted: Sequence[Sequence[Any]]) -> float:
    """Micro-F1 of exact spans: start, end and type must all agree.

    Args:
        gold: for each document its (start, end, type) spans.
        predicted: the same, as predicted.

    Returns:
        F1 in [0, 1]; 0 where neither side has a span.

    >>> span_f1([[(0, 2, "a"), (3, 5, "b")]], [[(0, 2, "a"), (3, 4, "b")]])
    0.5
    """
    hits = sum(len(set(one) & set(other)) for one, other in zip(gold, predicted, strict=True))
    count = sum(map(len, gold)) + sum(map(len, predicted))
    return 2 * hits / count if count else 0.0
