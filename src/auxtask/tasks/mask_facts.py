"""What a masking strategy does to documents: how much it masks, and how like L3Masking it is."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor

from auxtask.data.order import spread_documents
from auxtask.data.padding import add_token_column
from auxtask.ground.encoder_rows import EncoderRows
from auxtask.ground.padding import IGNORE_INDEX, without_padding
from auxtask.ground.tools import Tools
from auxtask.masking.collator import Feature, MaskingCollator, TokenMaskingCollator
from auxtask.tasks.base import Collator

# Documents that are looked at, evenly spaced; more would tell the same.
MOST_DOCUMENTS = 1000
# Probabilities that differ by less are the same but for rounding.
SAME = 1e-9
# Of the greatest probability of a document: nearer ones are all but masked alike.
NEAR = 0.95


@dataclass
class CountingCollator:
    """A masking collator whose batches also say how many tokens of each document could be masked.

    Args:
        collator: gives `input_ids`, `attention_mask` and `labels`.
        maskable: from token ids to which of them may be masked; see `MaskingCollator.maskable`.

    >>> part = {"input_ids": torch.tensor([[2, 7, 4, 3]]), "attention_mask": torch.ones(1, 4)}
    >>> part["labels"] = torch.tensor([[-100, -100, 8, -100]])
    >>> CountingCollator(lambda features: part, lambda ids: ids > 3)([])["maskable"].tolist()
    [2]
    """

    collator: Collator
    maskable: Callable[[NDArray[np.int64]], NDArray[np.bool_]]

    def __call__(self, features: Sequence[Feature]) -> dict[str, Tensor]:
        """Collate documents; `maskable` has shape (documents,), int64."""
        part = self.collator(features)
        ordinary = part["attention_mask"].bool() & torch.from_numpy(self.maskable(part["input_ids"].numpy()))
        return {**part, "maskable": (ordinary | (part["labels"] != IGNORE_INDEX)).sum(dim=1)}


def rate_sums(labels: Tensor, maskable: Tensor) -> Tensor:
    """Sum up what a batch tells of the realised mask rate.

    Args:
        labels: -100 where nothing is masked, shape (documents, length).
        maskable: tokens of each document that could be masked, shape (documents,).

    Returns:
        The number of documents that could be masked, the sum of their mask rates and that of the squares, shape
        (3,), float32.

    >>> rate_sums(torch.tensor([[-100, 5], [-100, -100], [7, 8]]), torch.tensor([2, 0, 2])).tolist()
    [2.0, 1.5, 1.25]
    """
    rates = (labels != IGNORE_INDEX).sum(dim=1) / maskable.clamp(min=1)
    return torch.stack([(maskable > 0).sum().float(), rates.sum(), rates.square().sum()])


def mean_and_std(sums: Tensor) -> dict[str, float]:
    """Give the mean of rates over documents and their standard deviation.

    Args:
        sums: of `rate_sums`, of several batches and processes together, or any multiple of it.

    Returns:
        `mean` and `std`; nothing where no document could be masked.

    >>> mean_and_std(torch.tensor([2.0, 1.5, 1.25]))
    {'mean': 0.75, 'std': 0.25}
    """
    count, total, squares = sums.tolist()
    if count == 0:
        return {}
    mean = total / count
    return {"mean": mean, "std": math.sqrt(max(0.0, squares / count - mean**2))}


def cost_facts(read: EncoderRows, documents: int) -> dict[str, float]:
    """Tell what the scores of a strategy cost before training.

    Args:
        read: the rows that an encoder reads for them; those that a cache answers are among them, and a classifier
            that is fine-tuned first is not.
        documents: that are masked, at least one.

    Returns:
        `rows_per_document`, 0 for a strategy that counts or needs nothing; and, where there are rows,
        `tokens_per_row`, special tokens included.

    >>> cost_facts(EncoderRows(rows=30, tokens=360), documents=4), cost_facts(EncoderRows(), documents=4)
    ({'rows_per_document': 7.5, 'tokens_per_row': 12.0}, {'rows_per_document': 0.0})
    """
    mean_length = {"tokens_per_row": read.tokens / read.rows} if read.rows else {}
    return {"rows_per_document": read.rows / documents, **mean_length}


def mask_facts(masking: MaskingCollator, documents: Dataset, tools: Tools) -> dict[str, float]:
    """Tell what a strategy that masks token by token does beside others, as it begins.

    Args:
        masking: the strategy.
        documents: training documents with the column that it reads; of many, 1,000 are looked at.
        tools: have the scorer, whose cache may know the likelihoods of L3Masking; nothing is scored for this.

    Returns:
        `spilled`, the share of documents in which the tokens of positive priority are fewer than the mask rate
        asks for, so that f masks all of them and shares the rest among the others. Unless all tokens are masked
        alike, `at_ceiling`, the share of tokens whose probability is at least .95 of the greatest in their
        document, and `probability_std`, their standard deviation within documents. Where the cache knows the
        likelihoods, `l3masking_correlation` of the mask probabilities with those of L3Masking over the tokens of
        all documents, in [-1, 1]; a document's mean is the mask rate under both, so that it is a correlation
        within documents. It is left out where either masks all tokens alike. Nothing for strategies whose
        priorities are not those of tokens, and without a document that could be masked.
    """
    if not isinstance(masking, TokenMaskingCollator):
        return {}
    sample = spread_documents(documents, MOST_DOCUMENTS)
    features = [without_padding(feature) for feature in sample]
    masks = [_masks(masking, feature) for feature in features]
    if not any(len(places) for places, _, _ in masks):
        return {}
    facts = {"spilled": float(np.mean([spilled for places, _, spilled in masks if len(places)]))}
    own = np.concatenate([probabilities for _, probabilities, _ in masks])
    if np.ptp(own) < SAME:
        return facts
    facts |= _spread([probabilities for places, probabilities, _ in masks if len(places)])
    log_probs = tools.scorer("word_l2r").known_values(sample, "likelihood")
    if log_probs is None:
        return facts
    from auxtask.masking.likelihood import L3MaskingCollator  # a strategy of its own, which few runs load

    l3masking = L3MaskingCollator(masking.tokenizer, masking.rate)
    scored = add_token_column(sample, "likelihoods", np.exp(log_probs))
    reference = np.concatenate(
        [
            l3masking.probabilities([feature], masking.maskable(np.array([feature["input_ids"]])))[0, places]
            for feature, (places, _, _) in zip(map(without_padding, scored), masks, strict=True)
        ]
    )
    if np.ptp(reference) >= SAME:
        facts["l3masking_correlation"] = float(np.corrcoef(own, reference)[0, 1])
    return facts


def _spread(documents: Sequence[NDArray[np.float64]]) -> dict[str, float]:
    """Tell how far the mask probabilities of the tokens of documents lie apart."""
    ceiling = np.concatenate([probabilities >= NEAR * probabilities.max() for probabilities in documents])
    squares = np.concatenate([(probabilities - probabilities.mean()) ** 2 for probabilities in documents])
    return {"at_ceiling": float(ceiling.mean()), "probability_std": float(squares.mean() ** 0.5)}


def _masks(
    masking: TokenMaskingCollator, feature: Feature
) -> tuple[NDArray[np.int64], NDArray[np.float64], np.bool_]:
    """Tell where a document can be masked, with which probabilities, and whether f has to spill."""
    maskable = masking.maskable(np.array([feature["input_ids"]]))
    [probabilities] = masking.probabilities([feature], maskable)
    priorities = masking.priorities(feature)
    places = np.flatnonzero(maskable[0] & ~np.isnan(priorities))
    support = np.count_nonzero(priorities[places] > 0)
    return places, probabilities[places], np.bool_(support < masking.rate * len(places))
