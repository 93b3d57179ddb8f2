"""Units that the vanilla model finds unlikely are masked more often; and likelihoods measured by units."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from datasets import Dataset, concatenate_datasets
from numpy.typing import NDArray

from auxtask.errors import AuxtaskError
from auxtask.ground.tools import Tools
from auxtask.masking.collator import Feature, Priorities, aligned_column
from auxtask.masking.likelihood import SMALLEST_LIKELIHOOD, one_minus_likelihood
from auxtask.masking.whole_units import WholeUnitMaskingCollator, runs, unit_ids_of

Pool = Literal["geometric", "arithmetic"]


@dataclass
class UnitLikelihoodMaskingCollator(WholeUnitMaskingCollator):
    """L3Masking of units: a unit of likelihood P_u is selected as a whole, with probability f(1 - P_u).

    The likelihoods of its tokens come in the column `likelihoods`. Under the metric `word_l2r` with units in place
    of words their product is that of the unit, by the chain rule; their geometric mean, which does not fall with
    the length of the unit, is P_u.

    Args:
        tokenizer, mask_rate, seed, adjust, corrupt: see `WholeUnitMaskingCollator`.
        pool: P_u is the `geometric` or the `arithmetic` mean of its tokens' likelihoods; one token that the model
            hardly expects makes the geometric mean small.

    Raises:
        AuxtaskError: `pool` is neither, or a document lacks `unit_ids` or `likelihoods`.

    >>> from auxtask.model.loading import load_tokenizer
    >>> nan = float("nan")
    >>> feature = {"input_ids": [2, 900, 901, 3], "unit_ids": [-1, 0, 0, -1], "likelihoods": [nan, 0.1, 0.4, nan]}
    >>> UnitLikelihoodMaskingCollator(load_tokenizer("tiny")).priorities(feature).round(6).tolist()
    [nan, 0.8, 0.8, nan]
    """

    pool: Pool = field(default="geometric", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pool not in get_args(Pool):
            raise AuxtaskError(f"pool={self.pool!r} is unknown; use {' or '.join(get_args(Pool))}")

    def priorities(self, feature: Feature) -> Priorities:
        """Rank every unit by its likelihood."""
        likelihoods = aligned_column(feature, "likelihoods", "annotate_unit_likelihoods(dataset, tools, units)")
        return one_minus_likelihood(pooled_likelihoods(likelihoods, unit_ids_of(feature), self.pool))


def pooled_likelihoods(
    likelihoods: NDArray[np.float64], unit_ids: NDArray[np.floating | np.integer], pool: Pool = "geometric"
) -> NDArray[np.float64]:
    """Give every token the mean likelihood of its unit.

    Args:
        likelihoods: P of each token, in [0, 1], not a number where it is not scored, shape (tokens,).
        unit_ids: consecutive tokens of one number are a unit, shape (tokens,).
        pool: `geometric`, of likelihoods of at least 1e-12, or `arithmetic`.

    Returns:
        P_u, the same for all tokens of a unit, shape (tokens,).

    >>> pooled_likelihoods(np.array([0.1, 0.4, 0.9]), np.array([0, 0, 1])).round(6).tolist()
    [0.2, 0.2, 0.9]
    """
    start, length = runs(unit_ids)
    if pool == "arithmetic":
        return np.repeat(np.add.reduceat(likelihoods, start) / length, length)
    logarithms = np.log(np.maximum(likelihoods, SMALLEST_LIKELIHOOD))
    return np.repeat(np.exp(np.add.reduceat(logarithms, start) / length), length)


def annotate_unit_likelihoods(
    dataset: Dataset, tools: Tools, units: Callable[[Dataset, Tools], Dataset], metric: str = "word_l2r"
) -> Dataset:
    """Add the columns `unit_ids` and `likelihoods`, where units stand in place of words when a token is scored.

    With `word_l2r` a document costs a row a token, as with words. Scores under other boundaries are other entries
    of the cache.

    Args:
        dataset: one split with the columns of `auxtask.data.encoding.encode`.
        tools: have the scorer.
        units: adds the column `unit_ids`.
        metric: the score metric. With `word_l2r` a token is read with itself and all later tokens of its unit
            masked, with `whole_word` with all of its unit masked, a row a unit.

    Returns:
        The data set with two columns more.
    """
    with_units = units(dataset, tools)
    as_words = with_units.remove_columns("word_ids").rename_column("unit_ids", "word_ids")
    scored = tools.scorer(metric).annotate(as_words)
    return concatenate_datasets([with_units, scored.select_columns("likelihoods")], axis=1)
