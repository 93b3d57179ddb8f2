"""Which documents are the same text: test scores count for less where the answer stood in training."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import xxhash
from numpy.typing import NDArray


def text_key(text: str) -> str:
    """Fold what makes no other text: compatible characters (NFKC), case, white space.

    >>> text_key("  A\\u00a0ﬁne\\n FILM ")
    'a fine film'
    """
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(folded.lower().split())


def copies_in_test(texts: Mapping[str, Sequence[str]]) -> dict[str, NDArray[np.bool_]]:
    """Find the test documents that also stand in train or valid, by `text_key`.

    Args:
        texts: those of `train`, `valid` and `test`.

    Returns:
        For each test document whether its text is in `train`, and whether it is in `train_or_valid`,
        (documents,), bool.

    >>> texts = {"train": ["A film"], "valid": ["b"], "test": ["a  film", "B", "c"]}
    >>> {where: copied.tolist() for where, copied in copies_in_test(texts).items()}
    {'train': [True, False, False], 'train_or_valid': [True, True, False]}
    """
    train, valid = set(text_digests(texts["train"])), set(text_digests(texts["valid"]))
    test = list(text_digests(texts["test"]))
    return {
        "train": np.array([key in train for key in test], dtype=bool),
        "train_or_valid": np.array([key in train or key in valid for key in test], dtype=bool),
    }


def repeated_texts(texts: Sequence[str]) -> list[list[int]]:
    """Find the documents that are copies of each other, by `text_key`.

    Args:
        texts: of one split.

    Returns:
        For each text that stands there more than once the numbers of its documents, in the order of the first.

    >>> repeated_texts(["A film", "another", "a  film", "a third", "a FILM"])
    [[0, 2, 4]]
    """
    places: dict[int, list[int]] = {}
    for at, key in enumerate(text_digests(texts)):
        places.setdefault(key, []).append(at)
    return [group for group in places.values() if len(group) > 1]


def text_digests(texts: Iterable[str]) -> Iterable[int]:
    """Give 128 bits in place of the key of each text: the memory does not grow with the length of the documents.

    >>> len(set(text_digests(["A film", "a  film", "another"])))
    2
    """
    return (xxhash.xxh3_128_intdigest(text_key(text).encode("utf-8", "surrogatepass")) for text in texts)
