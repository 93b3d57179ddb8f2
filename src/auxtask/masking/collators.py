"""Data collators that mask: random token masking and L3Masking, for any `transformers.Trainer`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from auxtask.data.encoding import frame_ids
from auxtask.errors import AuxtaskError
from auxtask.masking.corruption import corrupt, ordinary_token_ids
from auxtask.masking.mean_adjust import mean_adjust

Feature = Mapping[str, Any]


@dataclass
class MaskingCollator(ABC):
    """What every masking strategy shares: dynamic padding, the draw, the 80/10/10 corruption and the labels.

    A strategy is a subclass that says with which probability each token is masked.

    Args:
        tokenizer: the encoder's tokenizer; it must have a mask token.
        mask_rate: mean probability with which an ordinary token is selected, in (0, 1).
        seed: None draws new masks at every call from torch's global generator, as the collators of
            `transformers` do. A number makes the masks a function of (seed, `epoch`, document) alone: the
            same on any number of processes and after a resume. Then the caller counts up `epoch`, as auxtask's
            own trainer does.

    Raises:
        AuxtaskError: the mask rate is outside (0, 1) or the tokenizer has no mask token.
    """

    tokenizer: PreTrainedTokenizerBase
    mask_rate: float = 0.15
    seed: int | None = None
    epoch: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if not 0 < self.mask_rate < 1:
            raise AuxtaskError(f"mask_rate={self.mask_rate} is outside (0, 1); use for example mask_rate=0.15")
        if self.tokenizer.mask_token_id is None:
            raise AuxtaskError(
                f"tokenizer {self.tokenizer.name_or_path!r} has no mask token; use that of a masked language model"
            )
        self._frame_ids = np.array(sorted(frame_ids(self.tokenizer)), dtype=np.int64)
        self._replacement_ids = ordinary_token_ids(self.tokenizer)

    @abstractmethod
    def mask_probabilities(self, features: Sequence[Feature], maskable: NDArray[np.bool_]) -> NDArray[Any]:
        """Say with which probability each token of a batch is selected.

        Args:
            features: the documents, each with `input_ids` and the columns that the strategy needs.
            maskable: (documents, length), bool; False at special tokens and padding.

        Returns:
            Probabilities in [0, 1], shape (documents, length), float; 0 where not maskable.
        """

    def __call__(self, features: Sequence[Feature]) -> dict[str, Tensor]:
        """Build a batch for masked language modelling.

        Args:
            features: the documents, each a mapping with `input_ids` and what the strategy needs.

        Returns:
            `input_ids` (corrupted), `attention_mask` and `labels` (-100 where nothing is to be predicted),
            each of shape (documents, longest document), int64.
        """
        input_ids = pad([feature["input_ids"] for feature in features], self.tokenizer.pad_token_id)
        lengths = np.array([len(feature["input_ids"]) for feature in features])
        attention_mask = np.arange(input_ids.shape[1]) < lengths[:, None]
        maskable = attention_mask & ~np.isin(input_ids, self._frame_ids)
        uniforms = np.zeros((3, *input_ids.shape))
        for row, (length, seed) in enumerate(zip(lengths, self._seeds(input_ids, lengths), strict=True)):
            uniforms[:, row, :length] = np.random.default_rng(seed).random((3, length))
        corrupted, labels = corrupt(
            input_ids,
            self.mask_probabilities(features, maskable),
            uniforms,
            self.tokenizer.mask_token_id,
            self._replacement_ids,
        )
        return {
            "input_ids": torch.from_numpy(corrupted),
            "attention_mask": torch.from_numpy(attention_mask.astype(np.int64)),
            "labels": torch.from_numpy(labels),
        }

    def _seeds(self, input_ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> list[int]:
        if self.seed is None:
            return torch.randint(2**62, (len(lengths),)).tolist()
        prefix = f"{self.seed}/{self.epoch}/".encode()
        return [
            int.from_bytes(blake2b(prefix + row[:length].tobytes(), digest_size=8).digest(), "little")
            for row, length in zip(input_ids, lengths, strict=True)
        ]


@dataclass
class RTMCollator(MaskingCollator):
    """Random token masking (Devlin et al. 2019): every ordinary token with the same probability.

    Args:
        tokenizer: the encoder's tokenizer; it must have a mask token.
        mask_rate: probability with which a token is selected, in (0, 1).
        seed: see `MaskingCollator`.

    >>> from auxtask.model.loading import load_tokenizer
    >>> tokenizer = load_tokenizer("tiny")
    >>> batch = RTMCollator(tokenizer, mask_rate=0.5, seed=0)([tokenizer("the house by the sea")])
    >>> sorted(batch), batch["input_ids"].shape == batch["labels"].shape
    (['attention_mask', 'input_ids', 'labels'], True)
    """

    def mask_probabilities(self, features: Sequence[Feature], maskable: NDArray[np.bool_]) -> NDArray[Any]:
        """Give every maskable token the mask rate."""
        return np.where(maskable, self.mask_rate, 0.0)


@dataclass
class L3MaskingCollator(MaskingCollator):
    """L3Masking (Kimura et al. 2024): tokens the vanilla model finds unlikely are masked more often.

    A token of likelihood P is selected with probability f(1 - P), where f (`mean_adjust`) sets the mean over
    the document to the mask rate. Likelihoods come in the column `likelihoods` that `PLLScorer.annotate` adds.

    Args:
        tokenizer: the encoder's tokenizer; it must have a mask token.
        mask_rate: mean mask probability of a document, in (0, 1).
        seed: see `MaskingCollator`.

    Raises:
        AuxtaskError: a document has no likelihoods, or not one for each of its tokens.

    >>> from auxtask.model.loading import load_tokenizer
    >>> tokenizer = load_tokenizer("tiny")
    >>> ids = tokenizer("sea")["input_ids"]
    >>> feature = {"input_ids": ids, "likelihoods": [float("nan"), 0.1, float("nan")]}
    >>> L3MaskingCollator(tokenizer)([feature])["input_ids"].shape
    torch.Size([1, 3])
    """

    def mask_probabilities(self, features: Sequence[Feature], maskable: NDArray[np.bool_]) -> NDArray[Any]:
        """Give every maskable token f(1 - P)."""
        scores = []
        maskable = maskable.copy()
        for row, feature in zip(maskable, features, strict=True):
            likelihoods = feature.get("likelihoods")
            if likelihoods is None or len(likelihoods) != len(feature["input_ids"]):
                raise AuxtaskError(
                    "L3Masking needs a column 'likelihoods' aligned with 'input_ids'; add it with "
                    "PLLScorer.annotate(dataset) and keep it (remove_unused_columns=False)"
                )
            document = np.asarray(likelihoods, dtype=np.float64)
            # A position the scorer left out (not a number) is never masked.
            row[: len(document)] &= ~np.isnan(document)
            scores.append(1.0 - document[row[: len(document)]])
        probabilities = np.zeros(maskable.shape)
        probabilities[maskable] = np.concatenate(mean_adjust(scores, self.mask_rate))
        return probabilities


def pad(rows: Sequence[Sequence[int]], value: int) -> NDArray[np.int64]:
    """Pad rows of token ids on the right to the longest of them.

    Args:
        rows: at least one row of integers.
        value: what fills the end of shorter rows.

    Returns:
        Array of shape (rows, longest row), int64.

    >>> pad([[1, 2, 3], [4]], value=0).tolist()
    [[1, 2, 3], [4, 0, 0]]
    """
    padded = np.full((len(rows), max(len(row) for row in rows)), value, dtype=np.int64)
    for target, row in zip(padded, rows, strict=True):
        target[: len(row)] = row
    return padded
