"""The four labelers of token N-gram recognition: each names the type of an N-gram, BIO does the rest."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Literal, get_args

from auxtask.errors import AuxtaskError
from auxtask.ground.values import check_truth, check_whole
from auxtask.phrases.bio import OUTSIDE, align_labels, spans_to_labels
from auxtask.phrases.inventory import NgramInventory
from auxtask.phrases.segmentation import Ngram

SpanSource = Literal["own_class", "union"]

COMMON = "∅"
OTHER_PATTERN = "*"


class PhraseLabeler(ABC):
    """Labels every token of a document by the N-grams of an inventory, in BIO.

    A labeler is a subclass that says which types there are and which one an N-gram has.

    Args:
        inventory: the N-grams of the training documents, the only source of labels.
        span_source: `own_class` finds the N-grams of a document with the merges of its own class, where it
            has one; `union` always takes the longest N-gram of any class.

    Raises:
        AuxtaskError: the span source is unknown.
    """

    def __init__(self, inventory: NgramInventory, *, span_source: SpanSource = "own_class") -> None:
        if span_source not in get_args(SpanSource):
            raise AuxtaskError(f"span_source={span_source!r} is unknown; use {' or '.join(get_args(SpanSource))}")
        if not isinstance(inventory, NgramInventory):
            raise AuxtaskError(f"inventory={inventory!r:.60} is no inventory; NgramExtractor.extract makes one")
        self.inventory = inventory
        self.span_source = span_source

    @property
    @abstractmethod
    def types(self) -> list[str]:
        """All types that `type_of` can return, from the inventory alone."""

    @abstractmethod
    def type_of(self, ngram: Ngram, document_class: int | None) -> str | None:
        """Name the type of an N-gram.

        Args:
            ngram: an N-gram of the inventory.
            document_class: class index of the document in which it occurs, None if it has none.

        Returns:
            One of `types`; None leaves the N-gram unlabelled.
        """

    @property
    def label_names(self) -> list[str]:
        """All labels in the order of their indices: `O`, then `B-` and `I-` of every type."""
        return [OUTSIDE, *(f"{position}-{kind}" for kind in self.types for position in "BI")]

    @cached_property
    def _label_ids(self) -> dict[str, int]:
        return {label: at for at, label in enumerate(self.label_names)}

    def label(
        self,
        token_ids: Sequence[int],
        document_class: int | None = None,
        word_ids: Sequence[int] | None = None,
    ) -> list[str]:
        """Label the tokens of a document.

        Args:
            token_ids: the document without special tokens, whole: truncate afterwards.
            document_class: its class index; None for a document without a class, whose N-grams are then those
                of any class.
            word_ids: for each token the index of its word, if the inventory's `word_scope` needs it.

        Returns:
            One label a token: `B-type` where an N-gram begins, `I-type` inside, `O` elsewhere.

        Raises:
            AuxtaskError: the class index is out of range, or `word_ids` are missing or of another length.
        """
        if document_class is not None:
            self.inventory.check_class(document_class)
        source = document_class if self.span_source == "own_class" else None
        typed = (
            (start, start + len(ngram), self.type_of(ngram, document_class))
            for start, ngram in self.inventory.spans(token_ids, source, word_ids)
        )
        return spans_to_labels(
            len(token_ids), ((start, end, kind) for start, end, kind in typed if kind is not None)
        )

    def label_ids(
        self, labels: Sequence[str], word_ids: Sequence[int], truncation_side: str = "right"
    ) -> list[int]:
        """Turn the labels of a document into targets aligned with its `input_ids`.

        Args:
            labels: from `label`.
            word_ids: aligned with `input_ids`, -1 at special tokens and padding.
            truncation_side: of the tokenizer: the end at which the document was cut, if it was.

        Returns:
            Indices into `label_names`, -100 where `word_ids` is -1; see `auxtask.phrases.bio.align_labels`.

        Raises:
            AuxtaskError: there are too few labels, or one was never seen in training.
        """
        return align_labels(labels, word_ids, self._label_ids, truncation_side)

    def _nearest_class(self, ngram: Ngram, document_class: int | None) -> int:
        """The document's class if the N-gram occurs there, else that where it is relatively most frequent."""
        counts, tokens = self.inventory.frequencies[ngram], self.inventory.class_tokens
        if document_class is not None and document_class in counts:
            return document_class
        return max(counts, key=lambda candidate: (counts[candidate] / tokens[candidate], -candidate))


class AllPhraseLabeler(PhraseLabeler):
    """All-Phrase: every N-gram has the one type `Phrase`; 3 labels.

    >>> from auxtask.phrases.extraction import NgramExtractor
    >>> inventory = NgramExtractor().extract([[5, 6, 9], [5, 6]], classes=[0, 0])
    >>> AllPhraseLabeler(inventory).label([9, 5, 6], document_class=0)
    ['O', 'B-Phrase', 'I-Phrase']
    """

    @property
    def types(self) -> list[str]:
        return ["Phrase"]

    def type_of(self, ngram: Ngram, document_class: int | None) -> str | None:
        return "Phrase"


class DisregardLabeler(PhraseLabeler):
    """Disregard: the type is the document's class, though other classes may share the N-gram; 2K + 1 labels.

    An N-gram that does not occur in the document's class has the class in which it makes up the largest share
    of the tokens.

    Args:
        inventory, span_source: as for `PhraseLabeler`.
        drop_common: leave N-grams of two or more classes unlabelled, the other reading of the method's name.

    >>> from auxtask.phrases.extraction import NgramExtractor
    >>> inventory = NgramExtractor().extract([[5, 6], [5, 6], [5, 6], [5, 6]], classes=[0, 0, 1, 1])
    >>> DisregardLabeler(inventory).label([5, 6], document_class=1)
    ['B-Class2', 'I-Class2']
    """

    def __init__(
        self,
        inventory: NgramInventory,
        *,
        span_source: SpanSource = "own_class",
        drop_common: bool = False,
    ) -> None:
        super().__init__(inventory, span_source=span_source)
        check_truth("drop_common", drop_common)
        self.drop_common = drop_common

    @property
    def types(self) -> list[str]:
        return list(self.inventory.class_names)

    def type_of(self, ngram: Ngram, document_class: int | None) -> str | None:
        if self.drop_common and len(self.inventory.frequencies[ngram]) > 1:
            return None
        return self.inventory.class_names[self._nearest_class(ngram, document_class)]


class CommonLabelLabeler(PhraseLabeler):
    """Common-Label: the class of an N-gram that one class has, `∅` for all that several share; 2K + 3 labels.

    Args:
        inventory, span_source: as for `PhraseLabeler`.
        common_min_classes: from how many classes on an N-gram is common, at least 2. Below, an N-gram of
            several classes has the type that `DisregardLabeler` gives it.

    Raises:
        AuxtaskError: `common_min_classes` is less than 2.

    >>> from auxtask.phrases.extraction import NgramExtractor
    >>> inventory = NgramExtractor().extract([[5, 6], [5, 6], [5, 6], [5, 6]], classes=[0, 0, 1, 1])
    >>> CommonLabelLabeler(inventory).label([9, 5, 6], document_class=1)
    ['O', 'B-∅', 'I-∅']
    """

    def __init__(
        self,
        inventory: NgramInventory,
        *,
        span_source: SpanSource = "own_class",
        common_min_classes: int = 2,
    ) -> None:
        super().__init__(inventory, span_source=span_source)
        check_whole("common_min_classes", common_min_classes, least=2, example=2)
        self.common_min_classes = common_min_classes

    @property
    def types(self) -> list[str]:
        return [*self.inventory.class_names, COMMON]

    def type_of(self, ngram: Ngram, document_class: int | None) -> str | None:
        if len(self.inventory.frequencies[ngram]) >= self.common_min_classes:
            return COMMON
        return self.inventory.class_names[self._nearest_class(ngram, document_class)]


class BitLabelLabeler(PhraseLabeler):
    """Bit-Label: the type spells which classes have the N-gram, one bit a class; 2 * patterns + 1 labels.

    Args:
        inventory, span_source: as for `PhraseLabeler`.
        max_patterns: keep the patterns that label most training tokens, at least 1; N-grams of all others
            have the type `*`.

    Raises:
        AuxtaskError: `max_patterns` is less than 1.

    >>> from auxtask.phrases.extraction import NgramExtractor
    >>> inventory = NgramExtractor().extract([[5, 6], [5, 6], [5, 6], [5, 6]], classes=[0, 0, 1, 1])
    >>> BitLabelLabeler(inventory).label([9, 5, 6], document_class=1)
    ['O', 'B-11', 'I-11']
    """

    def __init__(
        self,
        inventory: NgramInventory,
        *,
        span_source: SpanSource = "own_class",
        max_patterns: int = 512,
    ) -> None:
        super().__init__(inventory, span_source=span_source)
        check_whole("max_patterns", max_patterns, least=1, example=512)
        self.max_patterns = max_patterns

    @cached_property
    def _pattern_of(self) -> dict[Ngram, str]:
        """The pattern of every N-gram; `*` for those that are not among the `max_patterns` kept."""
        classes = range(len(self.inventory.class_names))
        patterns = {
            ngram: "".join("1" if at in counts else "0" for at in classes)
            for ngram, counts in self.inventory.frequencies.items()
        }
        tokens: Counter[str] = Counter()
        for ngram, pattern in patterns.items():
            tokens[pattern] += len(ngram) * self.inventory.frequency(ngram)
        kept = set(sorted(tokens, key=lambda pattern: (-tokens[pattern], pattern))[: self.max_patterns])
        return {ngram: pattern if pattern in kept else OTHER_PATTERN for ngram, pattern in patterns.items()}

    @property
    def types(self) -> list[str]:
        return sorted(set(self._pattern_of.values()), reverse=True)

    def type_of(self, ngram: Ngram, document_class: int | None) -> str | None:
        return self._pattern_of[ngram]
