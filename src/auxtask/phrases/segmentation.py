"""Byte-pair merges over token ids, learned and applied by the `tokenizers` library (Sennrich et al. 2016).

The library merges characters of words. Here a document is the word and each of its units a private character:
a unit is a token id, or all token ids of a word where only whole words may be joined.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from operator import itemgetter
from typing import Literal, NamedTuple

from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

from auxtask.errors import AuxtaskError

Ngram = tuple[int, ...]
Unit = int | Ngram
Symbol = tuple[Unit, ...]
Merge = tuple[Symbol, Symbol]
WordScope = Literal["any", "within_word", "cross_word"]

# What no merge may join, and whatever occurs in no merge.
_BOUNDARY, _OTHER = chr(0), chr(1)
# Every code point but the surrogates, which are no characters.
_CHARACTERS = 0x110000 - 0x800 - 2
_BATCH = 1024
# A run of one character, and each character of it but the last.
_RUN, _REPEATED = re.compile(r"(.)\1+", re.DOTALL), re.compile(r"(.)(?=\1)", re.DOTALL)


class Span(NamedTuple):
    """An N-gram at its place in a document.

    Attributes:
        start: index of its first token, special tokens not counted.
        ngram: its token ids.
    """

    start: int
    ngram: Ngram


def to_units(token_ids: Sequence[int], word_ids: Sequence[int] | None, word_scope: WordScope) -> list[Unit | None]:
    """Split a document into what merges join.

    Args:
        token_ids: the document without special tokens.
        word_ids: for each token the index of its word; unused with `any`.
        word_scope: `any` makes every token a unit; `within_word` too, with None between words, which no merge
            crosses; `cross_word` makes every word a unit.

    Returns:
        Token ids, or tuples of the token ids of a word; None stands for a boundary.

    Raises:
        AuxtaskError: `word_ids` is missing or has another length than `token_ids`.

    >>> to_units([7, 8, 9], [0, 0, 1], "within_word"), to_units([7, 8, 9], [0, 0, 1], "cross_word")
    ([7, 8, None, 9], [(7, 8), (9,)])
    """
    if word_scope == "any":
        return list(token_ids)
    if word_ids is None or len(word_ids) != len(token_ids):
        given = "none" if word_ids is None else str(len(word_ids))
        raise AuxtaskError(
            f"word_ids: {given} given for {len(token_ids)} tokens; word_scope={word_scope!r} needs the index "
            "of the word of every token"
        )
    groups = groupby(zip(word_ids, token_ids, strict=True), key=itemgetter(0))
    words = [tuple(token for _, token in word) for _, word in groups]
    if word_scope == "cross_word":
        return list(words)
    units: list[Unit | None] = []
    for word in words:
        units += [None, *word] if units else word
    return units


def learn_merges(
    documents: Sequence[Sequence[Unit | None]], *, num_merges: int, min_frequency: int, max_length: int
) -> tuple[Merge, ...]:
    """Learn byte-pair merges: join the most frequent adjacent pair everywhere, over and over.

    A pair is counted at every adjacent position, so a run of r equal symbols counts r - 1 times; but two equal
    units are joined only where the runs of them hold `min_frequency` pairs that do not overlap, r // 2 each. Among
    equally frequent pairs that of lower token ids goes first, a token before a symbol, an earlier symbol before a
    later one.

    Args:
        documents: units of each document; None where nothing may be joined across.
        num_merges: learn at most so many merges.
        min_frequency: stop when the most frequent pair occurs less often.
        max_length: longest symbol, in units.

    Returns:
        The merges in the order in which they were learned, each a pair of symbols (tuples of units).

    Raises:
        AuxtaskError: there are more distinct units than characters in Unicode.

    >>> learn_merges([[5, 6, 7], [5, 6]], num_merges=10, min_frequency=2, max_length=10)
    (((5,), (6,)),)
    """
    counts = Counter(chain.from_iterable(documents))
    # A rarer unit is in no pair that is frequent enough: it parts the text as a boundary does, and short pieces
    # are merged faster.
    frequent = {unit for unit, count in counts.items() if unit is not None and count >= min_frequency}
    alphabet = _alphabet(frequent)
    texts = _parted_runs([_spell(document, alphabet, _BOUNDARY) for document in documents], min_frequency)
    tokenizer = Tokenizer(BPE())
    trainer = BpeTrainer(
        vocab_size=len(frequent) + num_merges,
        min_frequency=min_frequency,
        max_token_length=max_length + 1,  # the library keeps merged symbols shorter than this
        show_progress=False,
    )
    tokenizer.train_from_iterator((piece for text in texts for piece in text.split(_BOUNDARY)), trainer)
    unit_of = {alphabet[unit]: unit for unit in frequent}
    # Two ways to one symbol fill one place of its vocabulary, so the library may exceed the number of merges.
    return tuple(
        (tuple(unit_of[character] for character in left), tuple(unit_of[character] for character in right))
        for left, right in json.loads(tokenizer.to_str())["model"]["merges"][:num_merges]
    )


def _parted_runs(texts: Sequence[str], min_frequency: int) -> Sequence[str]:
    """Part equal characters that stand beside each other, where their runs hold too few pairs.

    Nothing that is frequent enough is lost: of what holds two of them, each occurrence takes a pair of a run.
    """
    pairs: Counter[str] = Counter()
    for text in texts:
        for run in _RUN.finditer(text):
            pairs[run[1]] += len(run[0]) // 2
    rare = {character for character, count in pairs.items() if count < min_frequency}
    if not rare:
        return texts
    return [_REPEATED.sub(lambda found: found[0] + _BOUNDARY * (found[0] in rare), text) for text in texts]


class MergeSegmenter:
    """Segments documents by learned merges, always applying the earliest merge that fits.

    Args:
        merges: as `learn_merges` returns them.

    >>> segmenter = MergeSegmenter([((5,), (6,))])
    >>> list(segmenter.segment([[5, 6, 9, 5]]))
    [[2, 1, 1]]
    """

    def __init__(self, merges: Sequence[Merge]) -> None:
        self._alphabet = _alphabet({unit for merge in merges for symbol in merge for unit in symbol})
        spelled = [_spell(symbol, self._alphabet, _OTHER) for merge in merges for symbol in merge]
        pairs = list(zip(spelled[::2], spelled[1::2], strict=True))
        merged = (left + right for left, right in pairs)
        symbols = list(dict.fromkeys([*self._alphabet.values(), _OTHER, *merged]))
        self._lengths = [0 if symbol == _BOUNDARY else len(symbol) for symbol in symbols]
        vocabulary = {symbol: index for index, symbol in enumerate(symbols)}
        self._tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=pairs))

    def segment(self, documents: Iterable[Sequence[Unit | None]]) -> Iterator[list[int]]:
        """Cut documents into symbols.

        Args:
            documents: units of each document; None where nothing may be joined across.

        Returns:
            For each document in order the lengths of its symbols, in units; they sum to its number of units.
        """
        documents = list(documents)
        for start in range(0, len(documents), _BATCH):
            batch = [_spell(document, self._alphabet, _OTHER) for document in documents[start : start + _BATCH]]
            for encoding in self._tokenizer.encode_batch_fast(batch):
                yield [length for length in map(self._lengths.__getitem__, encoding.ids) if length]


def longest_match(units: Sequence[Unit | None], ngrams: frozenset[Ngram]) -> list[int]:
    """Cut a document into the longest known N-grams from left to right, and single units between them.

    Args:
        units: the document; None where nothing may be joined across.
        ngrams: the known N-grams.

    Returns:
        Lengths of the symbols, in units; they sum to the number of units.

    >>> longest_match([1, 2, 3, 4], frozenset({(1, 2), (2, 3, 4), (1, 2, 3)}))
    [3, 1]
    """
    longest = max(map(len, ngrams), default=0)
    prefixes = {ngram[:length] for ngram in ngrams for length in range(1, len(ngram))}
    lengths = []
    at = 0
    while at < len(units):
        unit = units[at]
        if unit is None:
            at += 1
            continue
        length, candidate = 1, _as_ngram(unit)
        for end in range(at + 1, min(at + longest, len(units))):
            following = units[end]
            if following is None or candidate not in prefixes:
                break
            candidate += _as_ngram(following)
            if candidate in ngrams:
                length = end + 1 - at
        lengths.append(length)
        at += length
    return lengths


def to_spans(units: Sequence[Unit | None], lengths: Iterable[int]) -> list[Span]:
    """Name the symbols of two or more units: the N-grams of a segmented document.

    Args:
        units: the document.
        lengths: of its symbols, in units, from `MergeSegmenter.segment` or `longest_match`.

    Returns:
        The N-grams in order, each with the index of its first token; they do not overlap.

    >>> to_spans([5, 6, 9, 5], [2, 1, 1])
    [Span(start=0, ngram=(5, 6))]
    """
    inner = [(unit,) if isinstance(unit, int) else unit for unit in units if unit is not None]
    spans, at, token = [], 0, 0
    for length in lengths:
        ngram = inner[at] if length == 1 else tuple(chain.from_iterable(inner[at : at + length]))
        if length > 1:
            spans.append(Span(token, ngram))
        at += length
        token += len(ngram)
    return spans


def _as_ngram(unit: Unit) -> Ngram:
    return unit if isinstance(unit, tuple) else (unit,)


def _alphabet(units: Collection[Unit]) -> dict[Unit | None, str]:
    """Give every unit a character of its own, in order, because the library breaks ties by characters."""
    if len(units) > _CHARACTERS:
        raise AuxtaskError(
            f"{len(units)} distinct words: at most {_CHARACTERS} can be told apart; use word_scope='any'"
        )
    alphabet: dict[Unit | None, str] = {None: _BOUNDARY}
    for point, unit in enumerate(sorted(units, key=_as_ngram), 2):
        alphabet[unit] = chr(point if point < 0xD800 else point + 0x800)
    return alphabet


def _spell(units: Iterable[Unit | None], alphabet: Mapping[Unit | None, str], otherwise: str) -> str:
    return "".join([alphabet.get(unit, otherwise) for unit in units])
