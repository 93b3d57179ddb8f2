"""Strategies that mask units, such as the N-grams of a text, as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from auxtask.errors import AuxtaskError
from auxtask.masking.collator import Feature, Priorities, TokenMaskingCollator, aligned_column

Corruption = Literal["token", "unit"]


@dataclass
class WholeUnitMaskingCollator(TokenMaskingCollator):
    """Select each unit of a document as a whole, all with the same probability.

    Consecutive tokens with one number in the column `unit_ids` are a unit. A strategy that prefers some units is a
    subclass whose `priorities` give all tokens of a unit the same score s_u. Then f gives them one probability
    p_u = min(1, c s_u), and the mean over the tokens is the mask rate: with l_u tokens in a unit, of all p of that
    mean the one of least sum of l_u (p_u ln(p_u / s_u) - p_u). The draw of its first token decides on a unit, so
    that what is selected at a mask rate is selected at every higher one. The number of selected tokens has the
    variance sum of l_u^2 p_u (1 - p_u), more than where tokens are drawn one by one.

    Args:
        tokenizer, mask_rate, seed, adjust: see `TokenMaskingCollator`.
        corrupt: `token` corrupts each selected token for itself, 80/10/10; `unit` masks, replaces or keeps all
            tokens of a unit alike (Levine et al. 2021).

    Raises:
        AuxtaskError: `corrupt` is neither, or a document has no column `unit_ids`.

    >>> from auxtask.model.loading import load_tokenizer
    >>> feature = {"input_ids": [2, 900, 901, 902, 3], "unit_ids": [-1, 0, 0, 1, -1]}
    >>> labels = WholeUnitMaskingCollator(load_tokenizer("tiny"), 0.5, seed=0)([feature])["labels"][0]
    >>> bool(labels[1] == -100) == bool(labels[2] == -100)
    True
    """

    corrupt: Corruption = field(default="token", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.corrupt not in get_args(Corruption):
            raise AuxtaskError(f"corrupt={self.corrupt!r} is unknown; use {' or '.join(get_args(Corruption))}")

    def priorities(self, feature: Feature) -> Priorities:
        """Give every unit the same score; a token of no unit is never masked."""
        return np.where(unit_ids_of(feature) < 0, np.nan, 1.0)

    def token_draws(self, features: Sequence[Feature], uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Let the draw of its first token decide on a unit."""
        return of_first_tokens(features, uniforms)

    def kind_draws(self, features: Sequence[Feature], uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Let each token decide for itself, or the first of a unit for all of it."""
        return of_first_tokens(features, uniforms) if self.corrupt == "unit" else uniforms


def unit_ids_of(feature: Feature) -> NDArray[np.float64]:
    """Read the column `unit_ids` of a document.

    Args:
        feature: the document.

    Returns:
        The unit of each token, negative where it belongs to none, shape (tokens,).

    Raises:
        AuxtaskError: it is missing or has another length than `input_ids`.
    """
    return aligned_column(feature, "unit_ids", "annotate_ngram_units(dataset, tools, extractor)")


def runs(unit_ids: NDArray[np.floating | np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the units of a document: runs of one number.

    Args:
        unit_ids: shape (tokens,).

    Returns:
        Where each begins, and how many tokens it has, shape (units,), int64; what belongs to no unit counts too.

    >>> start, length = runs(np.array([-1, 0, 0, 1, -1]))
    >>> start.tolist(), length.tolist()
    ([0, 1, 3, 4], [1, 2, 1, 1])
    """
    start = np.flatnonzero(np.diff(unit_ids, prepend=unit_ids[:1] - 1))
    return start, np.diff(start, append=len(unit_ids))


def of_first_tokens(features: Sequence[Feature], uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give every token the draw of the first token of its unit.

    Args:
        features: the documents, with the column `unit_ids`.
        uniforms: a draw for each token, (documents, length).

    Returns:
        The same shape.

    >>> document = {"input_ids": [7, 8, 9], "unit_ids": [0, 0, 1]}
    >>> of_first_tokens([document], np.array([[0.1, 0.2, 0.3]])).tolist()
    [[0.1, 0.1, 0.3]]
    """
    shared = uniforms.copy()
    for row, feature in zip(shared, features, strict=True):
        start, length = runs(unit_ids_of(feature))
        row[: len(feature["input_ids"])] = np.repeat(row[start], length)
    return shared
