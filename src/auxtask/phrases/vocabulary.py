"""What phrases ask of a tokenizer: who it is, which tokens are punctuation, how an N-gram reads."""

import hashlib
import json

from transformers import PreTrainedTokenizerBase


def vocabulary_fingerprint(tokenizer: PreTrainedTokenizerBase) -> str:
    """Hash which token has which id.

    Args:
        tokenizer: any tokenizer of `transformers`.

    Returns:
        SHA-256 in hex; equal for equal vocabularies.
    """
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    return hashlib.sha256(json.dumps(vocabulary).encode()).hexdigest()


def punctuation_ids(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Find the tokens without any letter or digit, which break N-grams with `cross_punctuation=False`.

    Args:
        tokenizer: the encoder's tokenizer.

    Returns:
        Their ids. Tokens of bytes that are no whole character (byte-level tokenizers have them) are not among
        them: they are parts of letters as often as not.
    """
    ids = sorted(tokenizer.get_vocab().values())
    texts = (str(tokenizer.decode([token])) for token in ids)
    return frozenset(
        token
        for token, text in zip(ids, texts, strict=True)
        if "\ufffd" not in text and not any(character.isalnum() for character in text)
    )


def display(ngram: tuple[int, ...], tokenizer: PreTrainedTokenizerBase) -> str:
    """Show an N-gram to a reader.

    Args:
        ngram: token ids.
        tokenizer: their tokenizer.

    Returns:
        The tokens as the tokenizer writes them, one space between (`re ##uter`); the decoded text where
        tokens spell bytes that are no letters, as byte-level tokens do outside ASCII.
    """
    tokens = tokenizer.convert_ids_to_tokens(list(ngram))
    text = str(tokenizer.decode(list(ngram)))
    readable = all(token.lstrip("#▁Ġ") in text for token in tokens)
    return " ".join(tokens) if readable else text
