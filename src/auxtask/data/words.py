"""Which tokens form a word, and what they spell, by the marks in the token strings alone."""

import re
from codecs import getincrementaldecoder
from collections.abc import Iterable, Sequence
from typing import Literal

from tokenizers import decoders
from transformers.convert_slow_tokenizer import bytes_to_unicode

# How a family of tokenizers marks words in its token strings, with an example of two tokens of one word.
Marking = Literal["##", "Ġ", "▁", "@@", "</w>", "none"]

# Byte-level BPE writes each byte as a character of its own, byte fallback as a token.
_BYTE_OF = {character: byte for byte, character in bytes_to_unicode().items()}
_BYTE_TOKEN = re.compile("<0x([0-9A-F]{2})>")


def marking(tokens: Iterable[str]) -> Marking:
    """Find out how token strings mark words: the mark that most of them carry.

    Args:
        tokens: a tokenizer's vocabulary, or the tokens of a text.

    Returns:
        `##` (WordPiece: continues a word), `Ġ` (byte-level BPE: a space before), `▁` (SentencePiece: starts a
        word), `@@` and `</w>` (BPE: the word goes on, or ends, after this token), or `none`.

    >>> marking(["so", "##uven", "##ir"])
    '##'
    """
    counts: dict[Marking, int] = dict.fromkeys(("##", "Ġ", "▁", "@@", "</w>"), 0)
    for token in tokens:
        for mark in counts:
            if token.endswith(mark) if mark in ("@@", "</w>") else token.startswith(mark):
                counts[mark] += 1
    mark = max(counts, key=counts.__getitem__)
    return mark if counts[mark] else "none"


def words_by_marks(tokens: Sequence[str], mark: Marking) -> list[int]:
    """Number the words of a text by the marks in its token strings.

    The fallback where a tokenizer reports no words. Under byte-level BPE a word also begins where the class
    of characters (letter, digit, other) changes; without any mark every token is a word.

    Args:
        tokens: token strings of one text, special tokens left out.
        mark: as for `marking`.

    Returns:
        The index of each token's word, counted from 0.

    >>> words_by_marks(["the", "so", "##uven", "##ir", "shop"], "##")
    [0, 1, 1, 1, 2]
    >>> words_by_marks(["The", "Ġpars", "er", "-", "based", "Ġ19", "97", "a"], "Ġ")
    [0, 1, 1, 2, 3, 4, 4, 5]
    """
    word_ids: list[int] = []
    for index, token in enumerate(tokens):
        begins = index == 0 or _begins_word(tokens[index - 1], token, mark)
        word_ids.append((word_ids[-1] if word_ids else -1) + begins)
    return word_ids


def without_marks(token: str, mark: Marking) -> str:
    """Make a token string readable.

    >>> without_marks("##uven", "##"), without_marks("ĠcafÃ©", "Ġ"), without_marks("▁shop", "▁")
    ('uven', 'café', 'shop')
    """
    match mark:
        case "##":
            return token.removeprefix("##")
        case "Ġ":
            return decoders.ByteLevel().decode([token]).strip()
        case "▁":
            return token.lstrip("▁")
        case _:
            return token.removesuffix("@@").removesuffix("</w>")


def spelled(tokens: Sequence[str], mark: Marking) -> tuple[str, list[tuple[int, int]]]:
    """Write out the text that token strings stand for.

    Args:
        tokens: token strings of one text, special tokens left out.
        mark: as for `marking`.

    Returns:
        The text, with a space where a word begins, and where each token begins and ends (exclusive) in it. Tokens
        that share a character, of which each has some bytes, both count it.

    >>> spelled(["par", "##ser", "-"], "##")
    ('parser -', [(0, 3), (3, 6), (6, 8)])
    >>> spelled(["▁東", "<0xE4>", "<0xBA>", "<0xAC>", "▁▁"], "▁")
    ('東京  ', [(0, 1), (1, 2), (1, 2), (1, 2), (2, 4)])
    """
    decoder = getincrementaldecoder("utf-8")("replace")
    characters: list[str] = []
    offsets = []
    for index, token in enumerate(tokens):
        start = len(characters)
        begins = index > 0 and _begins_word(tokens[index - 1], token, mark)
        characters.extend(decoder.decode(_bytes_of(token, mark, begins)))
        shared, _ = decoder.getstate()
        offsets.append((start, len(characters) + bool(shared)))
    characters.extend(decoder.decode(b"", final=True))
    return "".join(characters), offsets


def spelled_word(tokens: Sequence[str], mark: Marking) -> str:
    """Write out one word as it stands in a text, without the space before it.

    Args:
        tokens: its token strings.
        mark: as for `marking`.

    >>> spelled_word(["pars", "##er"], "##"), spelled_word(["ĠcafÃ", "©"], "Ġ"), spelled_word(["▁東", "京"], "▁")
    ('parser', 'café', '東京')
    """
    return b"".join(_bytes_of(token, mark, begins=False) for token in tokens).decode(errors="replace").strip()


def _bytes_of(token: str, mark: Marking, begins: bool) -> bytes:
    """What a token spells, in UTF-8; the mark at the start of a text stands for no space."""
    if mark == "▁":
        if byte := _BYTE_TOKEN.fullmatch(token):
            return bytes([int(byte[1], 16)])
        return (token if begins else token.removeprefix("▁")).replace("▁", " ").encode()
    if mark == "Ġ" and _BYTE_OF.keys() >= set(token):
        return bytes(_BYTE_OF[character] for character in token)
    return (" " * begins + without_marks(token, mark)).encode()


def _begins_word(previous: str, token: str, mark: Marking) -> bool:
    match mark:
        case "##":
            return not token.startswith("##")
        case "▁":
            return token.startswith("▁")
        case "Ġ":
            return token.startswith(("Ġ", "Ċ")) or _class_changes(previous, token)
        case "@@":
            return not previous.endswith("@@")
        case "</w>":
            return previous.endswith("</w>")
        case _:
            return True


def _class_changes(previous: str, token: str) -> bool:
    """Whether byte-level token strings meet at a change of character class."""
    decoder = decoders.ByteLevel()
    before, after = decoder.decode([previous]), decoder.decode([token])
    # A character cut in two by the tokenizer decodes to U+FFFD: its halves stay together. A space alone
    # belongs to what follows it.
    if not before or not after or "�" in (before[-1], after[0]) or before[-1] == " ":
        return False
    return _character_class(before[-1]) != _character_class(after[0])


def _character_class(character: str) -> str:
    if character.isalpha():
        return "letter"
    return "digit" if character.isdigit() else "other"
