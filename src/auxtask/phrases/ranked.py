"""N-grams by a score: of all token N-grams those of highest score, as many as byte-pair merges find."""

from abc import abstractmethod
from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from auxtask.errors import AuxtaskError
from auxtask.ground.values import check_whole
from auxtask.phrases.documents import ClassDocuments
from auxtask.phrases.extraction import MeasuredExtractor
from auxtask.phrases.inventory import NgramInventory
from auxtask.phrases.positions import NgramPositions, number_ngrams
from auxtask.phrases.segmentation import Ngram

Equal = Literal["size", "coverage"]


@dataclass(frozen=True)
class RankedExtractor(MeasuredExtractor):
    """Takes the N-grams of highest score in each class, and segments documents by longest match.

    N-grams are taken until, in the segmented training documents of the class, as many surface as the reference
    has, or as many tokens lie in one. A subclass gives the scores.

    Args:
        reference: see `MeasuredExtractor`.
        max_length: longest N-gram, at least 2; in tokens (in words with the reference's `cross_word`).
        min_frequency: leave out N-grams that occur less often in the training documents, at least 1.
        equal: `size` takes as many N-grams in each class as the reference has; `coverage` as many as cover the
            tokens that it covers.

    Raises:
        AuxtaskError: an argument is out of its range.
    """

    max_length: int = 5
    min_frequency: int = 2
    equal: Equal = "size"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("max_length", self.max_length, least=2, example=5)
        check_whole("min_frequency", self.min_frequency, least=1, example=2)
        if self.equal not in get_args(Equal):
            raise AuxtaskError(f"equal={self.equal!r} is unknown; use {' or '.join(get_args(Equal))}")

    @abstractmethod
    def scores(self, ngrams: NgramPositions, document_class: int) -> NDArray[np.float64]:
        """Score the N-grams of a class.

        Args:
            ngrams: all N-grams of the training documents.
            document_class: index of the class.

        Returns:
            Shape (N-grams,), the higher the sooner taken; minus infinity for what is never taken. What is said of
            single units is not read.
        """

    def inventory(self, documents: ClassDocuments) -> NgramInventory:
        """Take the best N-grams of each class, and count what surfaces in its documents."""
        goals = self._goals(self.reference.inventory(documents))
        ngrams = number_ngrams(documents, self.max_length, self.min_frequency)
        frequencies: dict[Ngram, dict[int, int]] = {}
        progress = tqdm(goals, desc="Ranking N-grams", unit="class", delay=1, disable=None)
        for document_class, goal in enumerate(progress):
            items, counts = np.unique(self._surfacing(ngrams, document_class, goal), return_counts=True)
            for item, count in zip(items.tolist(), counts.tolist(), strict=True):
                of_ngram = frequencies.setdefault(ngrams.ngram(item), {})
                # The same tokens may be cut into words in several ways.
                of_ngram[document_class] = of_ngram.get(document_class, 0) + count
        if not frequencies:
            raise AuxtaskError(
                f"no N-gram found: of those that occur min_frequency={self.min_frequency} times none has a score "
                "above the rest in any class; lower min_frequency or give more text, of two classes or more"
            )
        return NgramInventory(
            class_names=documents.class_names,
            class_tokens=documents.class_tokens,
            merges=(),
            frequencies=dict(sorted(frequencies.items())),
            word_scope=self.word_scope,
            vocabulary=documents.vocabulary,
        )

    def _goals(self, reference: NgramInventory) -> list[int]:
        """Count for each class the N-grams of the reference, or the tokens in them."""
        goals = [0] * len(reference.class_names)
        for ngram, counts in reference.frequencies.items():
            for document_class, count in counts.items():
                goals[document_class] += 1 if self.equal == "size" else count * len(ngram)
        return goals

    def _surfacing(self, ngrams: NgramPositions, document_class: int, goal: int) -> NDArray[np.int32]:
        """Take as many N-grams as reach the goal; give the number of each that surfaces, place by place."""
        scores = np.where(ngrams.lengths > 1, self.scores(ngrams, document_class), -np.inf)
        ranked = np.argsort(-scores, kind="stable")[: np.count_nonzero(scores > -np.inf)]

        def found(taken: NDArray[np.int64]) -> NDArray[np.int32]:
            return ngrams.longest_match(taken, ngrams.slices[document_class])

        def reached(number: int) -> int:
            surfacing = found(ranked[:number])
            return len(np.unique(surfacing)) if self.equal == "size" else int(ngrams.tokens[surfacing].sum())

        taken = ranked[: bisect_left(range(len(ranked)), goal, key=reached)]
        if self.equal == "coverage":
            return found(taken)
        taken = taken[np.isin(taken, found(taken))]
        # The last one that is taken can bring several others to the surface: then leave out one that hides none.
        for item in taken[::-1]:
            if len(taken) <= goal:
                break
            others = taken[taken != item]
            if len(np.unique(found(others))) == len(others):
                taken = others
        return found(taken)
