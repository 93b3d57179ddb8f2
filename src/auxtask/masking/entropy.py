"""Entropy masking: the tokens of which the vanilla model is least certain are masked more often."""

from dataclasses import dataclass

from datasets import Dataset

from auxtask.data.padding import add_token_column
from auxtask.ground.tools import Tools
from auxtask.masking.collator import Feature, Priorities, TokenMaskingCollator, aligned_column


@dataclass
class EntropyMaskingCollator(TokenMaskingCollator):
    """Mask tokens in proportion to how uncertain a model's prediction is in their place (arXiv:2605.28526).

    L3Masking asks how surprised the model is by the token that stands there; this asks how sure it was of any.
    Uncertainties come in the column `uncertainties` that `annotate_uncertainties` adds: the entropy of the
    prediction, what -ln P is expected to be, or its Gini index, what 1 - P is expected to be.

    Args:
        tokenizer, mask_rate, seed, adjust: see `TokenMaskingCollator`.

    Raises:
        AuxtaskError: a document has no uncertainties, or not one for each of its tokens.

    >>> from auxtask.model.loading import load_tokenizer
    >>> feature = {"input_ids": [2, 900, 901, 3], "uncertainties": [float("nan"), 1.5, 0.5, float("nan")]}
    >>> EntropyMaskingCollator(load_tokenizer("tiny")).priorities(feature).tolist()
    [nan, 1.5, 0.5, nan]
    """

    def priorities(self, feature: Feature) -> Priorities:
        """Rank every token by its uncertainty; a position the scorer left out is never masked."""
        return aligned_column(feature, "uncertainties", "annotate_uncertainties(dataset, tools)")


def annotate_uncertainties(
    dataset: Dataset, tools: Tools, metric: str = "word_l2r", functional: str = "entropy"
) -> Dataset:
    """Add the column `uncertainties`: how uncertain the vanilla model is in the place of each token.

    The predictions are those by which L3Masking knows the likelihood of the token that stands there.

    Args:
        dataset: one split with the columns of `auxtask.data.encoding.encode`.
        tools: have the scorer.
        metric: what is masked when a token is predicted: `word_l2r`, `original`, `whole_word` or `unmasked`.
        functional: `entropy`, in nats, or `gini`, in [0, 1).

    Returns:
        The data set with one column more: float32, aligned with `input_ids`, not a number at special tokens.
    """
    return add_token_column(dataset, "uncertainties", tools.scorer(metric).token_values(dataset, functional))
