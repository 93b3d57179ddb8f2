"""A finished run's classifier, ready to predict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor
from tqdm.auto import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from auxtask.ground.machine import usable_device
from auxtask.ground.values import check_path, check_texts
from auxtask.model.loading import load_trained_classifier


@dataclass
class Classifier:
    """A text classifier with its tokenizer.

    Args:
        model: a stock sequence classifier whose configuration knows its label names.
        tokenizer: its tokenizer; texts are cut to its `model_max_length`.
        batch_size: texts of a forward pass.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    batch_size: int = 64

    @property
    def label_names(self) -> list[str]:
        """The classes, in the order of their indices."""
        names = cast(Mapping[int, str], self.model.config.id2label)
        return [names[index] for index in range(len(names))]

    @torch.inference_mode()
    def predict_probabilities(self, texts: Sequence[str]) -> Tensor:
        """Predict class probabilities.

        Args:
            texts: any number of texts.

        Returns:
            float32 of shape (texts, classes), rows sum to 1.
        """
        check_texts("texts", texts)
        texts = list(texts)  # a series counts by its index
        # Texts of like length share a batch, so that little is padding.
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        probabilities = torch.zeros(len(texts), len(self.label_names))
        for start in tqdm(range(0, len(order), self.batch_size), desc="Classifying", delay=1):
            chosen = order[start : start + self.batch_size]
            # Heads read the first position, and many encoders count from it: padding stands on the right.
            batch = self.tokenizer(
                [texts[index] for index in chosen],
                truncation=True,
                padding=True,
                padding_side="right",
                return_tensors="pt",
            )
            logits = self.model(**batch.to(self.model.device)).logits
            probabilities[chosen] = logits.float().softmax(dim=-1).cpu()
        return probabilities

    def predict(self, texts: Sequence[str]) -> list[str]:
        """Predict the class of each text.

        Args:
            texts: any number of texts.

        Returns:
            A label name for each.
        """
        names = self.label_names
        return [names[index] for index in self.predict_probabilities(texts).argmax(dim=-1).tolist()]


def load(folder: str | Path, device: str | torch.device = "cpu") -> Classifier:
    """Load the classifier of a run.

    Args:
        folder: a run, its folder `model`, or any folder or hub id of a sequence classifier.
        device: where to compute.

    Returns:
        The classifier, in eval mode and float32.

    Raises:
        AuxtaskError: there is no classifier in the folder, or weights of it are missing.
    """
    check_path("folder", folder, example="runs/.../model")
    usable_device(device)
    of_run = Path(folder, "model")
    model, tokenizer = load_trained_classifier(of_run if (of_run / "config.json").is_file() else folder)
    return Classifier(model.to(device), tokenizer)  # type: ignore[arg-type]
