"""Token N-gram recognition beside classification: the shared encoder learns to tag the N-grams of its text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from datasets import Dataset, DatasetDict
from torch import Tensor
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from auxtask.data.encoding import encode_whole
from auxtask.ground.padding import IGNORE_INDEX, pad
from auxtask.ground.tools import Tools
from auxtask.model.heads import mean_loss, run_head
from auxtask.model.loading import load_tagger
from auxtask.phrases.bio import labels_to_spans
from auxtask.phrases.extraction import Extractor
from auxtask.phrases.inventory import NgramInventory
from auxtask.phrases.labelers import PhraseLabeler
from auxtask.tasks.base import Feature, PreparedTask

# The column of label ids, aligned with `input_ids`.
PHRASE_LABELS = "phrase_labels"

# From the labels of the training documents, their token ids and the seed of the run to other labels.
Relabel = Callable[[Sequence[list[str]], Sequence[Sequence[int]], int], list[list[str]]]


@dataclass(frozen=True)
class RecognitionTask:
    """Token N-gram recognition (Kimura et al. 2023): N-grams, labels and label set come from the training text.

    The task reads the hidden states of the documents as they are: one forward pass serves it and the main task.

    Args:
        extractor: finds the N-grams of the training documents.
        labeler: builds the labeler from the inventory that was found.
        relabel: puts other labels in the place of those of the training documents, as controls do; the validation
            documents keep theirs. None leaves all as they are.
    """

    extractor: Extractor
    labeler: Callable[[NgramInventory], PhraseLabeler]
    relabel: Relabel | None = None

    def prepare(self, dataset: DatasetDict, tools: Tools) -> PreparedTask:
        """Extract N-grams from the whole training documents and label train and valid; truncate afterwards."""
        tokenizer = tools.tokenizer
        documents = {
            split: encode_whole(dataset[split]["text"], tokenizer, tools.segmenter) for split in ("train", "valid")
        }
        token_ids, word_ids = documents["train"]
        inventory = self.extractor.extract(
            token_ids,
            dataset["train"]["label"],
            word_ids=word_ids,
            class_names=list(tools.label_names),
            tokenizer=tokenizer,
        )
        labeler = self.labeler(inventory)
        labels = {
            split: [
                labeler.label(tokens, label, words)
                for tokens, words, label in zip(*rows, dataset[split]["label"], strict=True)
            ]
            for split, rows in documents.items()
        }
        if self.relabel is not None:
            labels["train"] = self.relabel(labels["train"], token_ids, tools.seed)
        labelled = {
            split: dataset[split].add_column(
                PHRASE_LABELS,
                [
                    labeler.label_ids(row, kept, tokenizer.truncation_side)
                    for row, kept in zip(rows, dataset[split]["word_ids"], strict=True)
                ],
            )
            for split, rows in labels.items()
        }
        names = labeler.label_names
        return PreparedTask(
            DatasetDict({**dataset, **labelled}),
            lambda: load_tagger(tools.encoder, names),
            collate_labels,
            tagging_loss,
            evaluate=lambda head, batch_size: evaluate_tagger(
                head, labelled["valid"], names, batch_size, tokenizer.pad_token_id
            ),
        )


def collate_labels(features: Sequence[Feature]) -> dict[str, Tensor]:
    """Pad the labels of the tokens; the rows are those of the main task.

    >>> collate_labels([{"phrase_labels": [0, 2]}, {"phrase_labels": [1]}])["labels"].tolist()
    [[0, 2], [1, -100]]
    """
    return {"labels": torch.from_numpy(pad([feature[PHRASE_LABELS] for feature in features], IGNORE_INDEX))}


def tagging_loss(head: PreTrainedModel, output: BaseModelOutput, part: Mapping[str, Tensor]) -> Tensor:
    """Mean cross-entropy over all ordinary tokens of the batch; 0 where there are none."""
    logits = run_head(head, output).logits.float()
    total = F.cross_entropy(logits.flatten(0, 1), part["labels"].flatten(), reduction="sum")
    return mean_loss(total, part["targets"])


@torch.inference_mode()
def evaluate_tagger(
    head: PreTrainedModel, split: Dataset, label_names: Sequence[str], batch_size: int, pad_token_id: int
) -> dict[str, float]:
    """Tag documents.

    Args:
        head: the token classifier with the shared encoder.
        split: encoded documents with the column `phrase_labels`.
        label_names: BIO labels, in the order of their ids.
        batch_size: documents of a forward pass.
        pad_token_id: fills shorter documents.

    Returns:
        `loss` (nats a token) and `span_f1`, the micro-F1 of exact spans with their types, in [0, 1].
    """
    head.eval()
    total, tokens = 0.0, 0
    predicted_spans: list[Sequence[Any]] = []
    gold_spans: list[Sequence[Any]] = []
    for start in range(0, len(split), batch_size):
        rows = split[start : start + batch_size]
        input_ids = torch.from_numpy(pad(rows["input_ids"], pad_token_id)).to(head.device)
        attention_mask = torch.from_numpy(pad(rows["attention_mask"], 0)).to(head.device)
        labels = torch.from_numpy(pad(rows[PHRASE_LABELS], IGNORE_INDEX)).to(head.device)
        logits = head(input_ids=input_ids, attention_mask=attention_mask).logits.float()
        total += float(F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum"))
        tokens += int((labels != IGNORE_INDEX).sum())
        for best, gold in zip(logits.argmax(dim=-1).tolist(), labels.tolist(), strict=True):
            kept = [position for position, label in enumerate(gold) if label != IGNORE_INDEX]
            predicted_spans.append(labels_to_spans([label_names[best[position]] for position in kept]))
            gold_spans.append(labels_to_spans([label_names[gold[position]] for position in kept]))
    head.train()
    return {"loss": total / max(tokens, 1), "span_f1": span_f1(gold_spans, predicted_spans)}


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
