"""Whole-word masking."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from auxtask.masking.units import Positions, UnitMaskingCollator


@dataclass
class WholeWordMaskingCollator(UnitMaskingCollator):
    """Whole-word masking (Devlin et al. 2019, release of May; Cui et al. 2021): all pieces of a word or none.

    Args:
        tokenizer, mask_rate, seed: see `UnitMaskingCollator`.

    >>> from auxtask.data.encoding import encode_texts
    >>> from auxtask.model.loading import load_tokenizer
    >>> tokenizer = load_tokenizer("tiny")
    >>> encoded = encode_texts(["tokenization"], tokenizer, None)
    >>> feature = {name: column[0] for name, column in encoded.items()}
    >>> labels = WholeWordMaskingCollator(tokenizer, 0.5, seed=0)([feature])["labels"][0, 1:-1]
    >>> len(labels) > 1, len(set((labels == -100).tolist()))
    (True, 1)
    """

    def units(self, words: Sequence[Positions], generator: np.random.Generator) -> Iterator[Positions]:
        """Yield the words in random order."""
        return (words[index] for index in generator.permutation(len(words)))
