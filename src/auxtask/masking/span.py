"""Span masking: runs of whole words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from auxtask.ground.values import check_number, check_whole
from auxtask.masking.units import Positions, UnitMaskingCollator


@dataclass
class SpanMaskingCollator(UnitMaskingCollator):
    """Span masking (SpanBERT, Joshi et al. 2020): runs of whole words, geometric in length.

    Args:
        tokenizer, mask_rate, seed: see `UnitMaskingCollator`.
        stop_probability: of ending a span after each of its words, in (0, 1]: the parameter of the geometric
            distribution.
        longest: no span has more words, at least 1; with the defaults a span has 3.8 on average.

    Raises:
        AuxtaskError: a parameter is out of range.
    """

    stop_probability: float = field(default=0.2, kw_only=True)
    longest: int = field(default=10, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("stop_probability", self.stop_probability, "(0, 1]", example=0.2)
        check_whole("longest", self.longest, least=1, example=10)

    def units(self, words: Sequence[Positions], generator: np.random.Generator) -> Iterator[Positions]:
        """Yield spans that begin at random words, without end."""
        while True:
            # The geometric distribution has no memory: its remainder is the distribution cut off at `longest`.
            length = 1 + (int(generator.geometric(self.stop_probability)) - 1) % self.longest
            start = int(generator.integers(len(words)))
            yield np.concatenate(words[start : start + length])
