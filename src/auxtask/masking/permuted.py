"""Permuted L3Masking, a control: as uneven as L3Masking, but blind to which token is which."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auxtask.errors import AuxtaskError
from auxtask.masking.collator import Feature, Priorities, aligned_column, document_seed
from auxtask.masking.likelihood import L3MaskingCollator

REDRAWS, GROUPS = ("never", "epoch"), ("document", "pieces")


@dataclass
class PermutedL3MaskingCollator(L3MaskingCollator):
    """Deal the mask probabilities of L3Masking out at random over the tokens of each document.

    The probabilities of a document, their mean and how the number of masks spreads are those of L3Masking; which
    token has which is a function of (seed, document). What L3Masking gains over this control it owes to its choice
    of tokens, and not to masking unevenly.

    Args:
        tokenizer, mask_rate, seed, adjust, priority: see `L3MaskingCollator`.
        score: the name that `priority` had.
        redraw: `never` favours the same tokens in every epoch, as L3Masking does; `epoch` deals anew.
        within: `document`, or `pieces`: the first pieces of words exchange probabilities, and so do the others; it
            reads the column `word_ids` of `auxtask.data.encoding.encode`.

    Raises:
        AuxtaskError: an option is unknown, `redraw='epoch'` has no seed, or a document lacks a column.

    >>> from auxtask.model.loading import load_tokenizer
    >>> collator = PermutedL3MaskingCollator(load_tokenizer("tiny"), seed=0)
    >>> feature = {"input_ids": [2, 900, 901, 902, 3], "likelihoods": [float("nan"), 0.0, 0.25, 1.0, float("nan")]}
    >>> sorted(collator.priorities(feature)[1:-1].tolist())
    [0.0, 0.75, 1.0]
    """

    redraw: str = field(default="never", kw_only=True)
    within: str = field(default="document", kw_only=True)

    def __post_init__(self, score: Callable[[Priorities], Priorities] | None) -> None:
        super().__post_init__(score)
        for name, value, known in (("redraw", self.redraw, REDRAWS), ("within", self.within, GROUPS)):
            if value not in known:
                raise AuxtaskError(f"{name}={value!r} is unknown; use {' or '.join(known)}")
        if self.redraw == "epoch" and self.seed is None:
            raise AuxtaskError("redraw='epoch' deals by seed and epoch, and there is no seed; give one, as seed=0")

    def priorities(self, feature: Feature) -> Priorities:
        """Rank every token by the likelihood of another one; a position that is never masked stays so."""
        priorities = super().priorities(feature)
        input_ids = np.asarray(feature["input_ids"], dtype=np.int64)
        drawn_for = f"{self.seed}/permute/" + (f"{self.epoch}/" if self.redraw == "epoch" else "")
        generator = np.random.default_rng(document_seed(drawn_for, input_ids))
        maskable = ~np.isnan(priorities) & self.maskable(input_ids)
        for group in self._groups(feature, maskable):
            priorities = permuted(priorities, np.flatnonzero(group), generator)
        return priorities

    def _groups(self, feature: Feature, maskable: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
        if self.within == "document":
            return [maskable]
        word_ids = aligned_column(feature, "word_ids", "auxtask.data.encoding.encode(dataset)")
        begins = np.diff(word_ids, prepend=np.nan) != 0
        return [maskable & begins, maskable & ~begins]


def permuted(values: Priorities, places: NDArray[np.int64], generator: np.random.Generator) -> Priorities:
    """Deal out the values of some places among themselves.

    Args:
        values: shape (tokens,).
        places: where values are dealt out, shape (places,).
        generator: the only randomness.

    Returns:
        The values in their new places, shape (tokens,); all others stay.

    >>> permuted(np.array([1.0, 2.0, 3.0]), np.array([0]), np.random.default_rng(0)).tolist()
    [1.0, 2.0, 3.0]
    """
    dealt = values.copy()
    dealt[places] = values[places][generator.permutation(len(places))]
    return dealt
