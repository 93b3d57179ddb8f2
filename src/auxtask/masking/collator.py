"""What every masking strategy shares: the draw, the corruption and the labels."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from auxtask.data.encoding import check_mask_token, frame_ids
from auxtask.errors import AuxtaskError
from auxtask.ground.padding import pad, without_padding
from auxtask.ground.values import check_callable, check_number, check_whole
from auxtask.masking.corruption import corrupt, ordinary_token_ids
from auxtask.masking.mean_adjust import mean_adjust
from auxtask.masking.pace import MaskRate, PerEpoch, check_mask_rate, rate_at

Feature = Mapping[str, Any]

Priorities = NDArray[np.float64]


@dataclass
class MaskingCollator(PerEpoch, ABC):
    """What every masking strategy shares: dynamic padding, the draw, the corruption (`corrupt`) and the labels.

    A strategy is a subclass that selects the tokens to be predicted: each for itself, by its priority
    (`TokenMaskingCollator`), or several together (`UnitMaskingCollator`).

    Args:
        tokenizer: the encoder's tokenizer; it must have a mask token.
        mask_rate: mean probability with which an ordinary token of a document is selected, in (0, 1); or a
            schedule (`auxtask.masking.pace`): `linear`, `cosine`, `cyclic`, or a function of `progress` and
            `epoch`, which the caller then sets, as auxtask's own trainers do.
        seed: None draws new masks at every call from torch's global generator, as the collators of
            `transformers` do. A number makes the masks a function of (seed, `epoch`, document) alone: the
            same on any number of processes and after a resume. Then the caller counts up `epoch`, as auxtask's
            own trainer does.
        mask_replace_prob: share of the selected tokens that become the mask token, in [0, 1]; see `corrupt`.

    Raises:
        AuxtaskError: the mask rate or the share is out of range, or the tokenizer has no mask token.
    """

    tokenizer: PreTrainedTokenizerBase
    mask_rate: MaskRate = 0.15
    seed: int | None = None
    mask_replace_prob: float = field(default=0.8, kw_only=True)

    def __post_init__(self) -> None:
        check_mask_rate("mask_rate", self.mask_rate)
        check_number("mask_replace_prob", self.mask_replace_prob, "[0, 1]", example=0.8)
        if self.seed is not None:
            check_whole("seed", self.seed, least=0, example=0)
        check_mask_token(self.tokenizer)
        self._frame_ids = np.array(sorted(frame_ids(self.tokenizer)), dtype=np.int64)
        self._replacement_ids = ordinary_token_ids(self.tokenizer)

    @property
    def rate(self) -> float:
        """The mask rate of this moment, a number whatever `mask_rate` is."""
        return rate_at(self.mask_rate, self.progress, self.epoch)

    def maskable(self, input_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which tokens may be masked: all but those that frame or pad a text; same shape, any."""
        return ~np.isin(input_ids, self._frame_ids)

    @abstractmethod
    def select(
        self,
        features: Sequence[Feature],
        maskable: NDArray[np.bool_],
        generators: Sequence[np.random.Generator],
    ) -> NDArray[np.bool_]:
        """Select the tokens of a batch that are to be predicted.

        Args:
            features: the documents, each with `input_ids` and the columns that the strategy needs.
            maskable: (documents, length), bool; False at special tokens and padding.
            generators: one a document, the only randomness: a document's masks are its own affair.

        Returns:
            Shape (documents, length), bool; False where not maskable.
        """

    def kind_draws(self, features: Sequence[Feature], uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Say which draw decides what becomes of a selected token: its own.

        Args:
            features: the documents of a batch.
            uniforms: a draw for each token, (documents, length).

        Returns:
            The draw that counts for each token, same shape.
        """
        return uniforms

    def __call__(self, features: Sequence[Feature]) -> dict[str, Tensor]:
        """Build a batch for masked language modelling.

        Args:
            features: the documents, each a mapping with `input_ids` and what the strategy needs; what an
                `attention_mask` leaves out is no part of the document.

        Returns:
            `input_ids` (corrupted), `attention_mask` and `labels` (-100 where nothing is to be predicted),
            each of shape (documents, longest document), int64.
        """
        if not features or any(not isinstance(each, Mapping) or "input_ids" not in each for each in features):
            raise AuxtaskError(f"{features!r:.60} are no documents; give a list of mappings with 'input_ids'")
        features = [without_padding(feature) for feature in features]
        input_ids = pad([feature["input_ids"] for feature in features], self.tokenizer.pad_token_id)
        lengths = np.array([len(feature["input_ids"]) for feature in features])
        attention_mask = np.arange(input_ids.shape[1]) < lengths[:, None]
        maskable = attention_mask & self.maskable(input_ids)
        generators = [np.random.default_rng(seed) for seed in self._seeds(input_ids, lengths)]
        selected = self.select(features, maskable, generators)
        uniforms = uniform_rows(generators, (2, *input_ids.shape), lengths)
        uniforms[0] = self.kind_draws(features, uniforms[0])
        corrupted, labels = corrupt(
            input_ids,
            selected,
            uniforms,
            self.tokenizer.mask_token_id,
            self._replacement_ids,
            self.mask_replace_prob,
        )
        return {
            "input_ids": torch.from_numpy(corrupted),
            "attention_mask": torch.from_numpy(attention_mask.astype(np.int64)),
            "labels": torch.from_numpy(labels),
        }

    def _seeds(self, input_ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> list[int]:
        if self.seed is None:
            return torch.randint(2**62, (len(lengths),)).tolist()
        drawn_for = f"{self.seed}/{self.epoch}/"
        return [document_seed(drawn_for, row[:length]) for row, length in zip(input_ids, lengths, strict=True)]


@dataclass
class TokenMaskingCollator(MaskingCollator):
    """Strategies that select each token for itself, with probability f(priority).

    They differ in the priorities alone; f sets the mean over a document to the mask rate.

    Args:
        tokenizer, mask_rate, seed: see `MaskingCollator`.
        adjust: the function f, from the priorities of several documents and the mask rate to probabilities.
    """

    adjust: Callable[[list[Priorities], float], list[NDArray[Any]]] = field(default=mean_adjust, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_callable("adjust", self.adjust, example="auxtask.mean_adjust")

    @abstractmethod
    def priorities(self, feature: Feature) -> Priorities:
        """Say how much each token of a document asks to be masked.

        Args:
            feature: the document, with `input_ids` and the column that the strategy needs.

        Returns:
            Shape (tokens,), at least 0; not a number at a token that is never masked.
        """

    def probabilities(self, features: Sequence[Feature], maskable: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Say with which probability each token is selected.

        Args:
            features: the documents of a batch.
            maskable: (documents, length), bool; False at special tokens and padding.

        Returns:
            Shape (documents, length), in [0, 1]; their mean over what is maskable in a document is the mask rate.
        """
        maskable = maskable.copy()
        priorities = []
        for row, feature in zip(maskable, features, strict=True):
            document = self.priorities(feature)
            row = row[: len(document)]
            row &= ~np.isnan(document)
            priorities.append(document[row])
        probabilities = np.zeros(maskable.shape)
        probabilities[maskable] = np.concatenate(self.adjust(priorities, self.rate))
        return probabilities

    def select(
        self,
        features: Sequence[Feature],
        maskable: NDArray[np.bool_],
        generators: Sequence[np.random.Generator],
    ) -> NDArray[np.bool_]:
        """Draw each token with its probability."""
        lengths = np.array([len(feature["input_ids"]) for feature in features])
        uniforms = uniform_rows(generators, maskable.shape, lengths)
        return self.token_draws(features, uniforms) < self.probabilities(features, maskable)

    def token_draws(self, features: Sequence[Feature], uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Say which draw, in [0, 1), decides on each token: its own; shapes (documents, length)."""
        return uniforms


def aligned_column(feature: Feature, name: str, maker: str) -> NDArray[np.float64]:
    """Read a column that has a number for each token of a document.

    Args:
        feature: the document.
        name: the column.
        maker: what adds it, for the message.

    Returns:
        Shape (tokens,), float64.

    Raises:
        AuxtaskError: it is missing or has another length than `input_ids`.

    >>> aligned_column({"input_ids": [2, 7], "likelihoods": [0.5, 1.0]}, "likelihoods", "annotate").tolist()
    [0.5, 1.0]
    """
    values = feature.get(name)
    if values is None or len(values) != len(feature["input_ids"]):
        raise AuxtaskError(
            f"this masking needs a column {name!r} aligned with 'input_ids'; add it with "
            f"{maker} and keep it (remove_unused_columns=False)"
        )
    return np.asarray(values, dtype=np.float64)


def document_seed(drawn_for: str, input_ids: NDArray[np.int64]) -> int:
    """Seed what is drawn for a document, so that it depends on nothing else.

    Args:
        drawn_for: what is drawn, with the seed of the run.
        input_ids: the document, shape (tokens,), int64.

    Returns:
        A number of 64 bits.

    >>> document_seed("0/1/", np.array([2, 7, 3])) == document_seed("0/2/", np.array([2, 7, 3]))
    False
    """
    digest = blake2b(drawn_for.encode() + input_ids.tobytes(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def uniform_rows(
    generators: Sequence[np.random.Generator], shape: tuple[int, ...], lengths: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Draw uniform numbers for a padded batch, each document's from its own generator.

    Args:
        generators: one a document.
        shape: (..., documents, length) of the result.
        lengths: tokens of each document, shape (documents,).

    Returns:
        Draws from [0, 1), 0 at padding: they do not depend on what shares the batch.

    >>> uniform_rows([np.random.default_rng(0)], (1, 3), np.array([2]))[0, 2]
    np.float64(0.0)
    """
    uniforms = np.zeros(shape)
    for row, (generator, length) in enumerate(zip(generators, lengths, strict=True)):
        uniforms[..., row, :length] = generator.random((*shape[:-2], length))
    return uniforms
