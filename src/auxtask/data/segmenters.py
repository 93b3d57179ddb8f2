"""Segmenters by name: they find the words of text that is written without spaces."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from auxtask.data.boundaries import Segmenter
from auxtask.errors import AuxtaskError


def japanese(text: str) -> Iterator[str]:
    """Cut Japanese text into the short-unit words of UniDic with MeCab (Kudo et al. 2004), by `fugashi`.

    Args:
        text: any text.

    Yields:
        Its words as they are written, white space left out.

    Raises:
        AuxtaskError: the packages of the extra `japanese` are not installed.
    """
    # MeCab reads up to the first null character.
    return (word.surface for word in _mecab()(text.replace("\0", " ")))


SEGMENTERS: dict[str, Segmenter] = {"japanese": japanese}


def find_segmenter(words: str | Segmenter | None) -> Segmenter | None:
    """Find what `scoring.words` names.

    Args:
        words: one of `SEGMENTERS`, a function from a text to its words or to their (start, end) spans, or None
            for the word boundaries of the Unicode Standard.

    Returns:
        The function, or None.

    Raises:
        AuxtaskError: there is no such segmenter, or what was given cannot be called.

    >>> find_segmenter(str.split)("a b")
    ['a', 'b']
    """
    if words is None or callable(words):
        return words
    if isinstance(words, str) and words in SEGMENTERS:
        return SEGMENTERS[words]
    raise AuxtaskError(
        f"scoring.words={words!r} names no segmenter; use {', '.join(SEGMENTERS)}, or a function of your own as "
        "scoring.words='{_target_: my_module.my_function, _partial_: true}'"
    )


@cache
def _mecab() -> Callable[[str], Any]:
    try:
        import unidic_lite
        from fugashi import Tagger
    except ImportError as error:
        raise AuxtaskError(
            f"scoring.words='japanese' needs a package that is not installed ({error.name}); "
            "pip install 'auxtask[japanese]'"
        ) from error
    return Tagger(f'-d "{unidic_lite.DICDIR}" -r "{unidic_lite.DICDIR}/mecabrc"')
