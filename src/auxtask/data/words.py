"""Which tokens form a word: the tokenizer's own pre-splits, or the marks in the token strings."""

from collections.abc import Iterable, Sequence
from typing import Literal

from tokenizers import decoders
from transformers import PreTrainedTokenizerBase

# How a family of tokenizers marks words in its token strings, with an example of two tokens of one word.
Marking = Literal["##", "Ġ", "▁", "@@", "</w>", "none"]


def reports_words(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Tell whether the tokenizer itself says which word a token belongs to.

    Slow tokenizers do not. A fast one whose SentencePiece model sees the text unsplit calls all of it one
    word, under which every metric would mask the whole rest of the text; that is no answer either.

    Args:
        tokenizer: any tokenizer of `transformers`.

    Returns:
        True where `word_ids` of its encodings can be used.
    """
    if not tokenizer.is_fast:
        return False
    word_ids = tokenizer("the house by the sea", add_special_tokens=False).word_ids()
    return len(set(word_ids)) > 1 or len(word_ids) == 1


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
