"""Extraction: the token N-grams that are frequent in each class, found by byte-pair merges across words."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from tqdm.auto import tqdm
from transformers import PreTrainedTokenizerBase

from auxtask.errors import AuxtaskError
from auxtask.ground.values import check_truth, check_whole
from auxtask.phrases.documents import ClassDocuments, read_documents
from auxtask.phrases.inventory import NgramInventory
from auxtask.phrases.segmentation import Merge, MergeSegmenter, Ngram, Unit, WordScope, learn_merges, to_spans

Scope = Literal["per_class", "corpus"]


class Extractor(ABC):
    """Finds the N-grams of classified documents; a subclass says what is one."""

    @property
    @abstractmethod
    def word_scope(self) -> WordScope:
        """What an N-gram may join; see `NgramExtractor`."""

    @property
    @abstractmethod
    def cross_punctuation(self) -> bool:
        """Whether an N-gram may hold tokens without a letter or digit."""

    @abstractmethod
    def inventory(self, documents: ClassDocuments) -> NgramInventory:
        """Find the N-grams of documents; raises AuxtaskError where there are none."""

    def extract(
        self,
        token_ids: Sequence[Sequence[int]],
        classes: Sequence[int],
        *,
        word_ids: Sequence[Sequence[int]] | None = None,
        attention_mask: Sequence[Sequence[int]] | None = None,
        class_names: Sequence[str] | None = None,
        tokenizer: PreTrainedTokenizerBase | None = None,
    ) -> NgramInventory:
        """Extract the N-grams of a training set.

        Args:
            token_ids: for each training document its token ids, not truncated, and without special tokens unless
                the tokenizer is given.
            classes: for each document its class index, from 0.
            word_ids: for each document the index of the word of each token; needed with another `word_scope`
                than `any`.
            attention_mask: for each document 1 at its tokens and 0 at padding; None where nothing is padded.
            class_names: the classes in the order of their indices; by default Class1, Class2, ...
            tokenizer: whose token ids these are, if the inventory shall refuse to work with another one; it
                tells which tokens are punctuation, and which frame or pad a text: no N-gram holds one.

        Returns:
            The inventory: merges, and for each N-gram its frequency in each class.

        Raises:
            AuxtaskError: there is no text, lengths differ, a class index is out of range, no pair of tokens is
                frequent enough in any class, or nobody says what is punctuation.
        """
        documents = read_documents(
            token_ids,
            classes,
            word_ids=word_ids,
            attention_mask=attention_mask,
            class_names=class_names,
            tokenizer=tokenizer,
            word_scope=self.word_scope,
            cross_punctuation=self.cross_punctuation,
        )
        return self.inventory(documents)


@dataclass(frozen=True)
class NgramExtractor(Extractor):
    """Extracts frequent token N-grams from classified documents by byte-pair merges.

    The tokens of a document, special ones left out, are merged as byte-pair encoding merges the characters of
    a word (Sennrich et al. 2016): across word boundaries, never across documents. The N-grams of a class are
    the merged symbols that are left in the segmentation of its training documents; a merge that a longer one
    always absorbed is none.

    Args:
        num_merges: merges to learn, at least 1; None: 300 in each class, or 1000 on the whole corpus.
        min_frequency: stop merging when no adjacent pair occurs so often, at least 1.
        max_length: longest N-gram, at least 2; in tokens (in words with `cross_word`).
        scope: `per_class` learns merges in the documents of each class apart; `corpus` once in all documents.
        word_scope: `any` joins pieces of a word and whole words; `within_word` only pieces of one word;
            `cross_word` only whole words, so that nothing inside a single word is an N-gram.
        cross_punctuation: whether an N-gram may hold tokens without a letter or digit; where not, none
            reaches across one.

    Raises:
        AuxtaskError: an argument is out of its range.

    >>> extractor = NgramExtractor(num_merges=300, min_frequency=2)
    >>> extractor.extract([[5, 6, 7], [5, 6, 8], [5, 6, 5, 6]], classes=[0, 0, 1]).frequencies
    {(5, 6): {0: 2, 1: 2}}
    """

    num_merges: int | None = None
    min_frequency: int = 2
    max_length: int = 10
    scope: Scope = "per_class"
    word_scope: WordScope = "any"
    cross_punctuation: bool = True

    def __post_init__(self) -> None:
        if self.num_merges is not None:
            check_whole("num_merges", self.num_merges, least=1, example=300)
        check_whole("min_frequency", self.min_frequency, least=1, example=2)
        check_whole("max_length", self.max_length, least=2, example=10)
        check_truth("cross_punctuation", self.cross_punctuation)
        for name, allowed in (("scope", get_args(Scope)), ("word_scope", get_args(WordScope))):
            if getattr(self, name) not in allowed:
                raise AuxtaskError(f"{name}={getattr(self, name)!r} is unknown; use {' or '.join(allowed)}")

    def inventory(self, documents: ClassDocuments) -> NgramInventory:
        """Learn the merges, and count what they leave in the documents of each class."""
        merges: list[tuple[Merge, ...]] = []
        if self.scope == "corpus":
            merges.append(self._learn([document for members in documents.units for document in members]))
        frequencies: dict[Ngram, dict[int, int]] = {}
        progress = tqdm(documents.units, desc="Extracting N-grams", unit="class", delay=1, disable=None)
        for document_class, members in enumerate(progress):
            if self.scope == "per_class":
                merges.append(self._learn(members))
            for ngram, count in Counter(_ngrams(members, merges[-1])).items():
                frequencies.setdefault(ngram, {})[document_class] = count
        if not frequencies:
            raise AuxtaskError(
                f"no N-gram found: no two adjacent tokens occur min_frequency={self.min_frequency} times "
                "in the documents of a class; lower min_frequency, use scope='corpus' or give more text"
            )
        return NgramInventory(
            class_names=documents.class_names,
            class_tokens=documents.class_tokens,
            merges=tuple(merges),
            frequencies=dict(sorted(frequencies.items())),
            word_scope=self.word_scope,
            vocabulary=documents.vocabulary,
        )

    def _learn(self, documents: Sequence[Sequence[Unit | None]]) -> tuple[Merge, ...]:
        return learn_merges(
            documents,
            num_merges=self.num_merges or (300 if self.scope == "per_class" else 1000),
            min_frequency=self.min_frequency,
            max_length=self.max_length,
        )


@dataclass(frozen=True)
class MeasuredExtractor(Extractor):
    """An extractor whose N-grams take the place of those that byte-pair merges find, and are measured by them.

    Args:
        reference: finds the N-grams that are replaced; what it joins is joined here.

    Raises:
        AuxtaskError: the reference is no `NgramExtractor`.
    """

    reference: NgramExtractor = field(default_factory=NgramExtractor)

    def __post_init__(self) -> None:
        if not isinstance(self.reference, NgramExtractor):
            raise AuxtaskError(f"reference={self.reference!r:.60} is no NgramExtractor; give one")

    @property
    def word_scope(self) -> WordScope:
        return self.reference.word_scope

    @property
    def cross_punctuation(self) -> bool:
        return self.reference.cross_punctuation


def _ngrams(documents: Sequence[Sequence[Unit | None]], merges: tuple[Merge, ...]) -> Iterator[Ngram]:
    segmented = MergeSegmenter(merges).segment(documents)
    for document, lengths in zip(documents, segmented, strict=True):
        for span in to_spans(document, lengths):
            yield span.ngram
