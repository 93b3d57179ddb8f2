"""Words that a tokenizer's pre-tokenizer leaves together: they are found in the text itself."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise, product

import numpy as np
import regex
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from auxtask.errors import AuxtaskError

# From a text to its words in order, or to where each of them begins and ends (exclusive).
Segmenter = Callable[[str], Iterable[str | tuple[int, int]]]

# Line_Break=SA is what the Unicode Standard calls scripts of South East Asia that need a dictionary: Thai, Lao,
# Khmer, Myanmar and their kin.
_SPACELESS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Tibetan}\p{Line_Break=SA}]")
_SEVERAL_WORDS = regex.compile(_SPACELESS.pattern + r"|\S\s")
_WORD_EDGE = regex.compile(r"(?w)\b")
_SPACE_EDGE = regex.compile(r"(?<=\s)|(?=\s)")
_AFTER_SINGLE_SPACE = regex.compile(r"(?<=(?:\A|\S)\p{Zs})(?=\S)")

_WHITE_SPACE = (" ", "  ", "\n", "\t", "\u00a0", "\u3000")


def lacks_spaces(text: str) -> bool:
    """Tell whether a text holds a character of a script that writes words without spaces.

    >>> lacks_spaces("東京"), lacks_spaces("ภาษาไทย"), lacks_spaces("한국어 café")
    (True, True, False)
    """
    return not text.isascii() and _SPACELESS.search(text) is not None


def keeps_spaces(tokenizer: PreTrainedTokenizerBase, spaces: Sequence[str] = _WHITE_SPACE) -> bool:
    """Tell whether what a fast tokenizer calls one word can hold white space, by a text with all cases.

    For BERT, RoBERTa and XLM-R it cannot; where the model sees the text unsplit all of it is called one word.

    Args:
        tokenizer: a fast tokenizer of `transformers`.
        spaces: the white space asked about.

    Returns:
        True where the words of every text have to be looked through.
    """
    # White space stands between characters of all classes that pre-tokenizers know.
    text = " ".join(f"{one}{space}{other}" for one, space, other in product("a1.é", spaces, "a1.é"))
    encoding = tokenizer(text, add_special_tokens=False, verbose=False).encodings[0]
    starts, stops, pieces = _columns(encoding.offsets, encoding.word_ids)
    return bool(_hold_several_words(text, starts, stops, pieces).any())


def word_boundaries(text: str, segmenter: Segmenter | None = None) -> NDArray[np.int64]:
    """Find where words begin and end in a text.

    A single space belongs to the word after it, as tokenizers mark it; any other white space is no part of a word.

    Args:
        text: any text.
        segmenter: names the words; None for the default word boundaries of the Unicode Standard (Annex #29):
            runs of letters and digits and runs of Katakana are words, and of other characters, such as Han,
            Hiragana and Thai ones, each with its diacritics.

    Returns:
        Offsets in characters, ascending, shape (boundaries,), int64.

    Raises:
        AuxtaskError: a word of the segmenter is not in the text, or a span lies outside it.

    >>> text = "iPhone用のケース 3.5"
    >>> word_boundaries(text).tolist()
    [0, 6, 7, 8, 11, 15]
    >>> word_boundaries(text, lambda text: ["iPhone", "用", "のケース", "3.5"]).tolist()
    [0, 6, 7, 11, 15]
    """
    edges = {edge.start() for edge in _SPACE_EDGE.finditer(text)}
    if segmenter is None:
        edges.update(edge.start() for edge in _WORD_EDGE.finditer(text))
    else:
        edges.update(_edges_of_words(text, segmenter(text)))
    edges.difference_update(edge.start() for edge in _AFTER_SINGLE_SPACE.finditer(text))
    return np.array(sorted(edges), dtype=np.int64)


def _edges_of_words(text: str, words: Iterable[str | tuple[int, int]]) -> Iterator[int]:
    """Where each word or span begins and ends."""
    at = 0
    for word in words:
        start, stop = _find(word, text, at) if isinstance(word, str) else word
        if not 0 <= start <= stop <= len(text):
            raise AuxtaskError(
                f"the segmenter gives {word!r}, which is not in the text from character {at} on; "
                "it must give the words of the text as they are written, in order, or (start, end) spans of them"
            )
        yield from (start, stop)
        at = stop


def _find(word: str, text: str, at: int) -> tuple[int, int]:
    start = text.find(word, at)
    return start, start + len(word)


def split_words(
    text: str,
    offsets: Sequence[tuple[int, int]],
    words: Sequence[int | None],
    segmenter: Segmenter | None = None,
) -> list[int]:
    """Split words that hold several: those with white space after a character, or of a script without spaces.

    A token begins a word where a boundary of the text (`word_boundaries`) lies between its first character and
    the last one of the tokens before. Boundaries inside a token do not count: it joins what it spans.

    Args:
        text: what was tokenized.
        offsets: where each token begins and ends (exclusive) in it.
        words: the word of each token as a pre-tokenizer reports it, None at special tokens.
        segmenter: as for `word_boundaries`.

    Returns:
        The word of each token, counted from 0 where some word was split and else as given; -1 for None.

    >>> split_words("東京に  住む", [(0, 2), (2, 3), (3, 5), (5, 6), (6, 7)], [0, 0, 0, 0, 0])
    [0, 1, 2, 3, 4]
    >>> split_words("the sea", [(0, 1), (1, 3), (3, 7)], [0, 0, 1])
    [0, 0, 1]
    """
    starts, stops, pieces = _columns(offsets, words)
    several = _hold_several_words(text, starts, stops, pieces)
    if not several.any():
        return pieces.tolist()
    boundaries = word_boundaries(text, segmenter)
    first = np.searchsorted(boundaries, starts, side="right")
    # An empty token stands before the character at its place.
    last = np.searchsorted(boundaries, np.maximum(stops - 1, starts), side="right")
    begins = np.diff(pieces, prepend=-1) != 0
    begins[1:] |= several[1:] & (first[1:] > np.maximum.accumulate(last)[:-1])
    inside = pieces >= 0
    return np.where(inside, np.cumsum(begins & inside) - 1, -1).tolist()


def _columns(
    offsets: Sequence[tuple[int, int]], words: Sequence[int | None]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Starts, stops and words of the tokens, -1 for no word, each of shape (tokens,)."""
    starts, stops = np.array(offsets, dtype=np.int64).reshape(-1, 2).T
    return starts, stops, np.array([-1 if word is None else word for word in words], dtype=np.int64)


def _hold_several_words(
    text: str, starts: NDArray[np.int64], stops: NDArray[np.int64], pieces: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether the piece of each token is to be split, shape (tokens,)."""
    several = np.zeros(len(pieces), dtype=bool)
    edges = [0, *(np.flatnonzero(np.diff(pieces)) + 1).tolist(), len(pieces)]
    for begin, end in pairwise(edges):
        if begin < end and pieces[begin] >= 0:
            span = text[starts[begin] : stops[begin:end].max()]
            several[begin:end] = _SEVERAL_WORDS.search(span) is not None
    return several
