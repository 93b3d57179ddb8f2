"""`NgramInventory`: the token N-grams of a training set, a value to look at, filter, save and label with."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from operator import index
from pathlib import Path
from typing import Any

import pandas
from transformers import PreTrainedTokenizerBase

from auxtask.errors import AuxtaskError
from auxtask.ground.files import write_text
from auxtask.ground.values import check_path
from auxtask.phrases.segmentation import (
    Merge,
    MergeSegmenter,
    Ngram,
    Span,
    WordScope,
    longest_match,
    to_spans,
    to_units,
)
from auxtask.phrases.vocabulary import display, vocabulary_fingerprint


@dataclass(frozen=True)
class NgramInventory:
    """N-grams with their frequency in each class, and the merges that find them in a document.

    Built by `NgramExtractor.extract`; a mapping view of it is `frequencies`.

    Attributes:
        class_names: the classes, in the order of their indices.
        class_tokens: number of training tokens of each class.
        merges: for each class its byte-pair merges in order; one entry for all classes if they were learned
            on the whole corpus; none where documents are cut into the longest N-grams of their class instead.
        frequencies: N-gram (token ids) to class index to how often it surfaces in the segmented training
            documents of that class; the classes of an N-gram are the keys, in order.
        word_scope: see `NgramExtractor`.
        vocabulary: fingerprint of the tokenizer's vocabulary, None if it was not given.

    >>> from auxtask.phrases.extraction import NgramExtractor
    >>> inventory = NgramExtractor().extract([[5, 6, 9, 5, 6], [6, 5]], classes=[0, 1])
    >>> inventory.frequencies, inventory.segment([9, 5, 6], document_class=0)
    ({(5, 6): {0: 2}}, [(9,), (5, 6)])
    """

    class_names: tuple[str, ...]
    class_tokens: tuple[int, ...]
    merges: tuple[tuple[Merge, ...], ...]
    frequencies: Mapping[Ngram, Mapping[int, int]]
    word_scope: WordScope = "any"
    vocabulary: str | None = None

    def __len__(self) -> int:
        return len(self.frequencies)

    def __iter__(self) -> Iterator[Ngram]:
        return iter(self.frequencies)

    def __contains__(self, ngram: object) -> bool:
        return ngram in self.frequencies

    def classes(self, ngram: Ngram) -> tuple[int, ...]:
        """Return the indices of the classes in which an N-gram surfaces, C(p), in order."""
        return tuple(self.frequencies[ngram])

    def frequency(self, ngram: Ngram) -> int:
        """Return how often an N-gram surfaces in the training documents of all classes."""
        return sum(self.frequencies[ngram].values())

    @property
    def coverage(self) -> float:
        """The share of the training tokens that lie in an N-gram, in [0, 1]."""
        covered = sum(len(ngram) * self.frequency(ngram) for ngram in self)
        return covered / sum(self.class_tokens)

    def filter(self, keep: Callable[[Ngram, Mapping[int, int]], bool]) -> "NgramInventory":
        """Leave out N-grams; merges segment documents as before, and what was left out is labelled `O`.

        Args:
            keep: called with each N-gram and its frequency by class index.

        Returns:
            A new inventory of the N-grams for which `keep` is true.

        Raises:
            AuxtaskError: none is left.

        >>> from auxtask.phrases.extraction import NgramExtractor
        >>> inventory = NgramExtractor().extract([[5, 6], [5, 6], [5, 6], [8, 9], [8, 9]], classes=[0] * 5)
        >>> list(inventory.filter(lambda ngram, frequency: sum(frequency.values()) >= 3))
        [(5, 6)]
        """
        kept = {ngram: counts for ngram, counts in self.frequencies.items() if keep(ngram, counts)}
        if not kept:
            raise AuxtaskError(f"the filter keeps none of the {len(self)} N-grams; loosen it")
        return replace(self, frequencies=kept)

    def segment(
        self,
        token_ids: Sequence[int],
        document_class: int | None = None,
        word_ids: Sequence[int] | None = None,
    ) -> list[Ngram]:
        """Cut a document into symbols, N-grams of the inventory or not.

        Args:
            token_ids: the document without special tokens.
            document_class: its class index, whose merges are applied, the earliest first. None: it has
                none, and the longest N-gram of any class is taken from left to right.
            word_ids: for each token the index of its word; needed with another `word_scope` than `any`.

        Returns:
            The symbols; joined they are the document.

        Raises:
            AuxtaskError: the class index is out of range, a token id is no whole number, or `word_ids` are
                missing or of another length.
        """
        ids = whole_numbers(token_ids)
        symbols: list[Ngram] = []
        at = 0
        for start, ngram in self._segment_spans(ids, document_class, word_ids):
            symbols += [(token,) for token in ids[at:start]] + [ngram]
            at = start + len(ngram)
        return symbols + [(token,) for token in ids[at:]]

    def spans(
        self,
        token_ids: Sequence[int],
        document_class: int | None = None,
        word_ids: Sequence[int] | None = None,
    ) -> list[Span]:
        """Find the N-grams of a document.

        Args:
            token_ids, document_class, word_ids: as for `segment`.

        Returns:
            The N-grams of its class (of any class if it has none) among its symbols; no two overlap.

        Raises:
            AuxtaskError: as `segment`.
        """
        found = self._segment_spans(whole_numbers(token_ids), document_class, word_ids)
        if document_class is None:
            return [span for span in found if span.ngram in self.frequencies]
        return [span for span in found if document_class in self.frequencies.get(span.ngram, ())]

    def _segment_spans(
        self, token_ids: list[int], document_class: int | None, word_ids: Sequence[int] | None
    ) -> list[Span]:
        units = to_units(token_ids, word_ids, self.word_scope)
        if document_class is not None:
            self.check_class(document_class)
        if document_class is None or not self.merges:
            return to_spans(units, longest_match(units, self._ngrams[document_class]))
        segmenter = self._segmenters[document_class if len(self.merges) > 1 else 0]
        return to_spans(units, next(segmenter.segment([units])))

    @cached_property
    def _ngrams(self) -> dict[int | None, frozenset[Ngram]]:
        """The N-grams of each class, and under None those of any."""
        classes = range(len(self.class_names))
        of_class: dict[int | None, frozenset[Ngram]] = {
            at: frozenset(n for n, counts in self.frequencies.items() if at in counts) for at in classes
        }
        return {None: frozenset(self.frequencies), **of_class}

    @cached_property
    def _segmenters(self) -> list[MergeSegmenter]:
        return [MergeSegmenter(merges) for merges in self.merges]

    def check_class(self, document_class: int) -> None:
        """Raise an AuxtaskError unless `document_class` is an index into `class_names`."""
        if document_class not in range(len(self.class_names)):
            raise AuxtaskError(
                f"document_class={document_class!r} is out of range; the inventory has the classes "
                f"0 to {len(self.class_names) - 1} ({', '.join(self.class_names[:3])}, ...)"
            )

    def check_tokenizer(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Make sure that token ids mean here what they meant when the N-grams were counted.

        Args:
            tokenizer: the tokenizer whose token ids will be segmented or shown.

        Raises:
            AuxtaskError: the inventory was made with another vocabulary.
        """
        given = vocabulary_fingerprint(tokenizer)
        if self.vocabulary not in (None, given):
            raise AuxtaskError(
                f"the inventory was made with another tokenizer than {tokenizer.name_or_path!r} "
                f"(vocabulary {str(self.vocabulary)[:12]}, not {given[:12]}); extract it again with this one"
            )

    def to_pandas(self, tokenizer: PreTrainedTokenizerBase) -> pandas.DataFrame:
        """Lay the inventory out as a table for a notebook.

        Args:
            tokenizer: the tokenizer that the documents were encoded with.

        Returns:
            One row an N-gram, most frequent first: `ngram` (as text), `token_ids`, `length`, `frequency`,
            `classes` (in how many it surfaces), then one column a class with the frequency there.

        Raises:
            AuxtaskError: the inventory was made with another tokenizer.
        """
        self.check_tokenizer(tokenizer)
        rows = [
            {
                "ngram": display(ngram, tokenizer),
                "token_ids": ngram,
                "length": len(ngram),
                "frequency": self.frequency(ngram),
                "classes": len(counts),
                **{name: counts.get(at, 0) for at, name in enumerate(self.class_names)},
            }
            for ngram, counts in sorted(
                self.frequencies.items(), key=lambda item: (-sum(item[1].values()), item[0])
            )
        ]
        return pandas.DataFrame(rows)

    def to_json(self) -> str:
        """Write the inventory as JSON; `from_json` reads it back to an equal one."""
        value = asdict(self)
        value["ngrams"] = [
            [list(ngram), {str(at): count for at, count in counts.items()}]
            for ngram, counts in value.pop("frequencies").items()
        ]
        return json.dumps(value, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "NgramInventory":
        """Read what `to_json` wrote.

        Args:
            text: JSON.

        Returns:
            The inventory.

        Raises:
            AuxtaskError: the text is not an inventory.

        >>> from auxtask.phrases.extraction import NgramExtractor
        >>> inventory = NgramExtractor().extract([[5, 6, 9, 5, 6]], classes=[0])
        >>> NgramInventory.from_json(inventory.to_json()) == inventory
        True
        """
        try:
            value = json.loads(text)
            ngrams = value.pop("ngrams")
            value["frequencies"] = {
                tuple(ngram): {int(at): count for at, count in counts.items()} for ngram, counts in ngrams
            }
            for field in ("class_names", "class_tokens", "merges"):
                value[field] = _tuples(value[field])
            return cls(**value)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise AuxtaskError(
                f"this is not an N-gram inventory ({type(error).__name__}: {error}); "
                "give a file that NgramInventory.save or auxtask.ngrams wrote"
            ) from error

    def save(self, path: str | Path) -> None:
        """Write the inventory to a JSON file, whole or not at all."""
        write_text(path, self.to_json() + "\n")

    @classmethod
    def load(cls, path: str | Path) -> "NgramInventory":
        """Read an inventory from a JSON file that `save` wrote; raises AuxtaskError if it is none."""
        check_path("path", path, example="inventory.json")
        try:
            return cls.from_json(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise AuxtaskError(f"inventory {str(path)!r} cannot be read: {error.strerror}") from error


def whole_numbers(token_ids: Iterable[Any]) -> list[int]:
    """Check a document: return its token ids as a list of int, or raise an AuxtaskError."""
    try:
        return [index(token) for token in token_ids]
    except TypeError as error:
        raise AuxtaskError(
            f"token ids {str(token_ids)[:40]!r} are not whole numbers; encode the text with a tokenizer first"
        ) from error


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
