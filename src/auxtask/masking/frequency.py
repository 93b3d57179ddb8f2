"""Frequency masking: rare tokens are masked more often, whatever their context."""

from dataclasses import dataclass, field

import numpy as np
from datasets import Dataset

from auxtask.data.arrow import flatten_lists
from auxtask.data.padding import add_token_column, attended_tokens
from auxtask.ground.tools import Tools
from auxtask.ground.values import check_number
from auxtask.masking.collator import Feature, Priorities, TokenMaskingCollator, aligned_column


@dataclass
class FrequencyMaskingCollator(TokenMaskingCollator):
    """Mask tokens in proportion to a negative power of their frequency (Lample and Conneau 2019).

    A token of relative frequency q is selected with probability f(q^-power). Frequencies come in the column
    `frequencies` that `annotate_frequencies` adds.

    Args:
        tokenizer, mask_rate, seed, adjust: see `TokenMaskingCollator`.
        power: at least 0; 0.5 is the square root of the reference, 0 is random token masking.

    Raises:
        AuxtaskError: the power is negative, or a document has no frequencies.

    >>> from auxtask.model.loading import load_tokenizer
    >>> feature = {"input_ids": [2, 900, 901, 3], "frequencies": [0.25, 0.01, 0.04, 0.25]}
    >>> FrequencyMaskingCollator(load_tokenizer("tiny")).priorities(feature).round(6).tolist()
    [2.0, 10.0, 5.0, 2.0]
    """

    power: float = field(default=0.5, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("power", self.power, "[0, inf)", example=0.5)

    def priorities(self, feature: Feature) -> Priorities:
        """Score every token by its frequency."""
        return aligned_column(feature, "frequencies", "annotate_frequencies(dataset)") ** -self.power


def annotate_frequencies(dataset: Dataset, tools: Tools | None = None) -> Dataset:
    """Add the column `frequencies`: the share that each token has in all tokens of the data set.

    Args:
        dataset: one split with the column `input_ids`, and `attention_mask` where some of it is padding.
        tools: not needed.

    Returns:
        The data set with one column more: float32 in (0, 1], aligned with `input_ids`; not a number at padding.

    >>> annotate_frequencies(Dataset.from_dict({"input_ids": [[5, 6], [5, 5]]}))["frequencies"][0]
    [0.75, 0.25]
    """
    tokens = flatten_lists(dataset, "input_ids")[0][attended_tokens(dataset)]
    _, index, counts = np.unique(tokens, return_inverse=True, return_counts=True)
    return add_token_column(dataset, "frequencies", (counts / max(len(tokens), 1))[index])
