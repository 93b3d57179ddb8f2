"""Random token masking."""

from dataclasses import dataclass

import numpy as np

from auxtask.masking.collator import Feature, Priorities, TokenMaskingCollator


@dataclass
class RTMCollator(TokenMaskingCollator):
    """Random token masking (Devlin et al. 2019): every ordinary token with the same probability.

    Args:
        tokenizer: the encoder's tokenizer; it must have a mask token.
        mask_rate: probability with which a token is selected, in (0, 1).
        seed: see `MaskingCollator`.
        adjust: see `TokenMaskingCollator`; equal scores leave it no choice.

    >>> from auxtask.model.loading import load_tokenizer
    >>> tokenizer = load_tokenizer("tiny")
    >>> batch = RTMCollator(tokenizer, mask_rate=0.5, seed=0)([tokenizer("the house by the sea")])
    >>> sorted(batch), batch["input_ids"].shape == batch["labels"].shape
    (['attention_mask', 'input_ids', 'labels'], True)
    """

    def priorities(self, feature: Feature) -> Priorities:
        """Give every token the same score."""
        return np.ones(len(feature["input_ids"]))
