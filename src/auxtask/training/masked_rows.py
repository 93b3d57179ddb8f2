"""Rows of the main task that are masked: which ones, which stay clean, and what that makes of its accuracy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel

from auxtask.data.order import spread_documents
from auxtask.masking.collator import document_seed
from auxtask.masking.pace import PerEpoch
from auxtask.model.heads import evaluating
from auxtask.training.batches import ClassificationCollator, Feature, MaskedMainCollator
from auxtask.training.plan import TrainingPlan

MainCollator = Callable[[Sequence[Feature]], dict[str, Tensor]]

# Training documents that are classified at each evaluation, evenly spaced.
MOST_DOCUMENTS = 256


def masked_main(
    main: ClassificationCollator, plan: TrainingPlan
) -> tuple[ClassificationCollator | MaskedMainCollator, PerEpoch | None]:
    """Let training documents of the main task be masked where the plan says so.

    Args:
        main: collates them as they are.
        plan: has the rate, and the seed of the masks.

    Returns:
        The collator, and what is drawn anew in every epoch; None where nothing is masked.
    """
    if plan.main_mask == 0:
        return main, None
    from auxtask.masking.random import RTMCollator

    masking = RTMCollator(main.tokenizer, plan.main_mask, plan.seed, mask_replace_prob=plan.main_mask_replace_prob)
    return MaskedMainCollator(main, masking), masking


@dataclass
class CleanRows(PerEpoch):
    """Draw the documents whose rows stay as they are, anew in every epoch.

    Args:
        share: probability that one does, in [0, 1].
        seed: with the epoch and the document, it determines the draw.

    >>> CleanRows(1.0, seed=0)([{"input_ids": [2, 7, 3]}]).tolist()
    [True]
    """

    share: float
    seed: int

    def __call__(self, features: Sequence[Feature]) -> NDArray[np.bool_]:
        """Draw for documents without padding, or all padded alike; shape (documents,)."""
        drawn_for = f"{self.seed}/clean/{self.epoch}/"
        seeds = [document_seed(drawn_for, np.asarray(each["input_ids"], dtype=np.int64)) for each in features]
        return np.array([np.random.default_rng(seed).random() < self.share for seed in seeds])


def masked_and_clean_accuracy(
    classifier: PreTrainedModel, masked: MainCollator, clean: MainCollator, documents: Dataset, batch_size: int
) -> dict[str, float]:
    """Classify training documents as they are masked in training, and as they are.

    Args:
        classifier: the main-task model.
        masked, clean: collate documents into `input_ids`, `attention_mask` and `labels`.
        documents: that are trained on; of many, 256 are classified.
        batch_size: documents of a forward pass.

    Returns:
        `masked_accuracy` and `clean_accuracy`, in [0, 1]. Both are without dropout: their difference is what the
        masks cost.
    """
    features = list(spread_documents(documents, MOST_DOCUMENTS))
    accuracies = {}
    with evaluating(classifier), torch.inference_mode():
        for name, collate in (("masked_accuracy", masked), ("clean_accuracy", clean)):
            right = 0
            for start in range(0, len(features), batch_size):
                part = {
                    at: value.to(classifier.device) for at, value in collate(features[start:][:batch_size]).items()
                }
                labels = part.pop("labels")
                right += int((classifier(**part).logits.argmax(dim=-1) == labels).sum())
            accuracies[name] = right / len(features)
    return accuracies
