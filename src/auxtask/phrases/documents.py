"""The training documents as N-grams are looked for in them: checked, cut at what breaks one, class by class."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

from transformers import PreTrainedTokenizerBase

from auxtask.data.encoding import frame_ids
from auxtask.errors import AuxtaskError
from auxtask.phrases.inventory import whole_numbers
from auxtask.phrases.segmentation import Unit, WordScope, to_units
from auxtask.phrases.vocabulary import punctuation_ids, vocabulary_fingerprint


@dataclass(frozen=True)
class ClassDocuments:
    """Training documents by their class.

    Attributes:
        class_names: the classes, in the order of their indices.
        class_tokens: number of tokens of each class.
        units: for each class its documents, as units (`auxtask.phrases.segmentation.to_units`).
        vocabulary: fingerprint of the tokenizer's vocabulary, None without a tokenizer.
    """

    class_names: tuple[str, ...]
    class_tokens: tuple[int, ...]
    units: Sequence[Sequence[Sequence[Unit | None]]]
    vocabulary: str | None


def read_documents(
    token_ids: Sequence[Sequence[int]],
    classes: Sequence[int],
    *,
    word_ids: Sequence[Sequence[int]] | None,
    attention_mask: Sequence[Sequence[int]] | None,
    class_names: Sequence[str] | None,
    tokenizer: PreTrainedTokenizerBase | None,
    word_scope: WordScope,
    cross_punctuation: bool,
) -> ClassDocuments:
    """Check a training set and lay it out by classes.

    Args:
        token_ids, classes, word_ids, attention_mask, class_names, tokenizer: see
            `auxtask.phrases.extraction.Extractor.extract`.
        word_scope, cross_punctuation: see `auxtask.phrases.extraction.NgramExtractor`.

    Returns:
        The documents of each class, in their order.

    Raises:
        AuxtaskError: there is no text, lengths differ, a class index is out of range, or nobody says what is
            punctuation.
    """
    for name, given in (("token_ids", token_ids), ("classes", classes)):
        if not hasattr(given, "__len__"):
            raise AuxtaskError(f"{name}={given!r:.60} is no list; give one entry for each document")
    if isinstance(class_names, str):
        raise AuxtaskError(f"class_names={class_names!r:.60} is one string; give a list of names")
    if tokenizer is None and not cross_punctuation:
        raise AuxtaskError("cross_punctuation=False needs the tokenizer, which knows the punctuation; give it")
    frame = frozenset() if tokenizer is None else frame_ids(tokenizer)
    breaks = frame if tokenizer is None or cross_punctuation else frame | punctuation_ids(tokenizer)
    if attention_mask is not None:
        token_ids = _attended(token_ids, attention_mask, "token ids")
        word_ids = None if word_ids is None else _attended(word_ids, attention_mask, "word_ids")
    if not len(token_ids) == len(classes) == len(word_ids if word_ids is not None else token_ids):
        raise AuxtaskError(
            f"{len(token_ids)} documents, {len(classes)} classes"
            + (f", {len(word_ids)} word_ids" if word_ids is not None else "")
            + ": give one entry for each document"
        )
    documents = [whole_numbers(document) for document in token_ids]
    if not any(documents):
        raise AuxtaskError(f"no token in {len(documents)} documents; give the training documents, encoded")
    indices = whole_numbers(classes)
    names = tuple(class_names or (f"Class{number}" for number in range(1, max(indices) + 2)))
    for document_class in indices:
        if not 0 <= document_class < len(names):
            raise AuxtaskError(
                f"class index {document_class} is out of range; with {len(names)} classes "
                f"the indices are 0 to {len(names) - 1}"
            )

    words = word_ids if word_ids is not None else [None] * len(documents)
    by_class: list[list[list[Unit | None]]] = [[] for _ in names]
    class_tokens = [0] * len(names)
    for document, document_words, document_class in zip(documents, words, indices, strict=True):
        units = to_units(document, document_words, word_scope)
        broken = not breaks.isdisjoint(document)
        by_class[document_class].append([_unless_breaking(unit, breaks) for unit in units] if broken else units)
        class_tokens[document_class] += len(document)
        if broken:
            class_tokens[document_class] -= sum(token in frame for token in document)
    vocabulary = None if tokenizer is None else vocabulary_fingerprint(tokenizer)
    return ClassDocuments(names, tuple(class_tokens), by_class, vocabulary)


def _attended(
    rows: Sequence[Sequence[int]], attention_mask: Sequence[Sequence[int]], what: str
) -> list[list[int]]:
    """Leave the padding out of each document's values."""
    if list(map(len, rows)) != list(map(len, attention_mask)):
        raise AuxtaskError(f"attention_mask and {what} differ in length; give a 0 or 1 for each token")
    return [list(compress(row, mask)) for row, mask in zip(rows, attention_mask, strict=True)]


def _unless_breaking(unit: Unit | None, breaks: frozenset[int]) -> Unit | None:
    members = (unit,) if isinstance(unit, int) else unit or ()
    return None if breaks.intersection(members) else unit
