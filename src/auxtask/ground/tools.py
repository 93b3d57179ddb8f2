"""What a method may draw on beside its data: the seed, the cache, and what is computed on demand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase


class Scorer(Protocol):
    """Scores the tokens of documents; `auxtask.PLLScorer` is one."""

    def annotate(self, dataset: "Dataset") -> "Dataset":
        """Add the column `likelihoods` to one split."""

    def token_values(self, dataset: "Dataset", functional: str) -> "NDArray[np.float32]":
        """Compute another number for each token of one split, end to end: `entropy`, `gini`."""

    def known_values(self, dataset: "Dataset", functional: str) -> "NDArray[np.float32] | None":
        """Give such numbers where all of them are in the cache; None where one is not."""


class FineTuned(Protocol):
    """Gives the single-task classifier of a run."""

    def __call__(self, left_out: Sequence[int] = ()) -> Path:
        """Fine-tune it where that is not yet done.

        Args:
            left_out: the numbers of training documents that it does not see.

        Returns:
            The folder of the classifier, for `auxtask.model.classifier.load`.
        """


@dataclass(frozen=True)
class Resources:
    """What a baseline may draw on.

    Args:
        seed: of everything random.
        cache: folder of what is computed once for each content.
        fine_tuned: gives the folder of the single-task classifier of the same seed, a run of its own that is
            computed where it is not yet finished.
    """

    seed: int
    cache: Path
    fine_tuned: FineTuned


@dataclass(frozen=True)
class Tools(Resources):
    """What an auxiliary task may draw on.

    Args:
        seed, cache, fine_tuned: as for `Resources`.
        encoder: the vanilla encoder, as for `auxtask.model.names.resolve`.
        tokenizer: its tokenizer.
        label_names: the classes of the main task.
        scorers: from an encoder and a score metric (`auxtask.likelihood.rows.PLL_METRICS`) to a scorer; its scores
            are cached.
        segmenter: names words that the tokenizer leaves together, as for `auxtask.data.encoding.encode_texts`.
        scored_by: the encoder whose likelihoods count; None for `encoder`.
        scoring: the settings by which `scorers` score, so that what is made of their scores can be told apart.
        unlabelled: further documents for masking tasks, with the column `text`, which `auxtask.tasks.base.prepare`
            encodes; None for none.
        unlabelled_ratio: how many of them are masked beside each labelled document.
    """

    encoder: str
    tokenizer: "PreTrainedTokenizerBase"
    label_names: Sequence[str]
    scorers: Callable[[str, str], Scorer]
    segmenter: Any = None
    scored_by: str | None = None
    scoring: Mapping[str, Any] = field(default_factory=dict)
    unlabelled: "Dataset | None" = None
    unlabelled_ratio: float = 1.0

    def scorer(self, metric: str) -> Scorer:
        """Give the scorer of a score metric, `word_l2r`, `original` or `whole_word`."""
        return self.scorers(self.scored_by or self.encoder, metric)
