"""A finished run's classifier, ready to predict."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm.auto import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.tokenization_utils_base import LARGE_INTEGER

from auxtask.data.encoding import cut_tokens
from auxtask.ground.machine import usable_device
from auxtask.ground.values import check_path, check_texts
from auxtask.model.loading import load_tokenizer, load_trained_classifier, maximum_length


class Classified(NamedTuple):
    """What a classifier says of texts.

    Args:
        probabilities: float32 of shape (texts, classes), rows sum to 1.
        is_cut: whether a text was longer than what the classifier reads, bool of shape (texts,).
    """

    probabilities: Tensor
    is_cut: NDArray[np.bool_]


@dataclass
class Classifier:
    """A text classifier with its tokenizer.

    Args:
        model: a stock sequence classifier whose configuration knows its label names, or the same as ONNX.
        tokenizer: its tokenizer; texts are cut to its `model_max_length`.
        batch_size: most texts of a forward pass.
        tokens_per_batch: most tokens of a forward pass, padding included, unless one text alone is longer; None
            for any number.
        progress: whether a bar is shown over more than a second.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    batch_size: int = 64
    tokens_per_batch: int | None = None
    progress: bool = True

    @property
    def label_names(self) -> list[str]:
        """The classes, in the order of their indices."""
        names = cast(Mapping[int, str], self.model.config.id2label)
        return [names[index] for index in range(len(names))]

    @torch.inference_mode()
    def classify(self, texts: Sequence[str]) -> Classified:
        """Predict class probabilities, and tell which texts were cut.

        Args:
            texts: any number of texts.

        Returns:
            Both, in the order of the texts.
        """
        check_texts("texts", texts)
        texts = list(texts)  # a series counts by its index
        # Texts of like length share a batch, so that little is padding.
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        probabilities = torch.zeros(len(texts), len(self.label_names))
        is_cut = np.zeros(len(texts), dtype=bool)
        starts = range(0, len(order), self.batch_size)
        for start in tqdm(starts, desc="Classifying", delay=1, disable=not self.progress):
            chosen = order[start : start + self.batch_size]
            several = [texts[index] for index in chosen]
            encoded = self.tokenizer(several, truncation=True)
            is_cut[chosen] = np.array(cut_tokens(encoded, several, self.tokenizer)) > 0
            for rows in self._batches([len(row) for row in encoded["input_ids"]]):
                # Heads read the first position, and many encoders count from it: padding stands on the right.
                batch = self.tokenizer.pad(
                    {name: [values[row] for row in rows] for name, values in encoded.items()},
                    padding_side="right",
                    return_tensors="pt",
                )
                logits = self.model(**batch.to(self.model.device)).logits
                probabilities[[chosen[row] for row in rows]] = logits.float().softmax(dim=-1).cpu()
        return Classified(probabilities, is_cut)

    def _batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        if self.tokens_per_batch is None:
            yield list(range(len(lengths)))
            return
        batch: list[int] = []
        for row in sorted(range(len(lengths)), key=lengths.__getitem__):
            if batch and lengths[row] * (len(batch) + 1) > self.tokens_per_batch:
                yield batch
                batch = []
            batch.append(row)
        yield batch

    def predict_probabilities(self, texts: Sequence[str]) -> Tensor:
        """Predict class probabilities.

        Args:
            texts: any number of texts.

        Returns:
            float32 of shape (texts, classes), rows sum to 1.
        """
        return self.classify(texts).probabilities

    def predict(self, texts: Sequence[str]) -> list[str]:
        """Predict the class of each text.

        Args:
            texts: any number of texts.

        Returns:
            A label name for each.
        """
        names = self.label_names
        return [names[index] for index in self.predict_probabilities(texts).argmax(dim=-1).tolist()]


def load(folder: str | Path, device: str | torch.device = "cpu", runtime: str = "torch") -> Classifier:
    """Load the classifier of a run.

    Args:
        folder: a run, its folder `model`, or any folder or hub id of a sequence classifier.
        device: where to compute.
        runtime: what computes: `torch`, or, on the CPU, the files `onnx` or `onnx_int8` of `auxtask.export`.

    Returns:
        The classifier, in eval mode and float32. Where its tokenizer names no length, texts are cut to what the
        model can read.

    Raises:
        AuxtaskError: there is no classifier in the folder, weights of it are missing, or the runtime is unknown or
            has no file there.
    """
    check_path("folder", folder, example="runs/.../model")
    usable_device(device)
    place = classifier_folder(folder)
    if runtime == "torch":
        model, tokenizer = load_trained_classifier(place)
        model = model.to(device)  # type: ignore[arg-type]
    else:
        from auxtask.model.onnx import read_onnx

        # It takes and gives what a classifier of transformers does.
        model, tokenizer = cast(PreTrainedModel, read_onnx(Path(place), runtime)), load_tokenizer(place)
    if tokenizer.model_max_length >= LARGE_INTEGER:
        tokenizer.model_max_length = maximum_length(model.config)
    return Classifier(model, tokenizer)


def classifier_folder(folder: str | Path) -> str | Path:
    """Find the classifier in the folder of a run; any other folder and a hub id stay what they are."""
    of_run = Path(folder).expanduser() / "model"
    return of_run if (of_run / "config.json").is_file() else folder
