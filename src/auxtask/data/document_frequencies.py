"""In how many texts words stand: what is common in general text, and so says little of a domain."""

import lzma
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from auxtask.data.texts import read_texts
from auxtask.ground.files import atomic_path

GENERAL_ENGLISH = Path(str(files("auxtask") / "assets" / "general" / "english.tsv.xz"))
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class DocumentFrequencies:
    """In how many texts of a collection each word stands.

    Args:
        texts: in the collection, at least 1.
        counts: of those that hold a word, by the word as `folded` writes it; of one that is not there, 0.
    """

    texts: int
    counts: Mapping[str, int]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "DocumentFrequencies":
        """Count words, runs of letters, in texts.

        >>> DocumentFrequencies.of(["The sea, the sea!", "the 3 seas"]).counts == {"the": 2, "sea": 1, "seas": 1}
        True
        """
        counts: Counter[str] = Counter()
        number = 0
        for text in texts:
            number += 1
            counts.update(set(_LETTERS.findall(folded(text))))
        return cls(number, counts)

    @classmethod
    def read(cls, path: str | Path) -> "DocumentFrequencies":
        """Read what `write` has written."""
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            texts = int(next(lines))
            rows = (line.split("\t") for line in lines)
            return cls(texts, {word: int(count) for word, count in rows})

    def write(self, path: str | Path) -> None:
        """Write the number of texts and, in a line each, the words with their counts; compressed by xz."""
        rows = "".join(f"{word}\t{count}\n" for word, count in sorted(self.counts.items()))
        with atomic_path(path) as temporary:
            temporary.write_bytes(lzma.compress(f"{self.texts}\n{rows}".encode(), preset=9))

    def held_by(self, word: str) -> int:
        """Tell how many texts hold a word, written in whatever case.

        >>> DocumentFrequencies(2, {"cafe": 1}).held_by("Café")
        1
        """
        return self.counts.get(folded(word), 0)


def folded(text: str) -> str:
    """Write a text in lower case and without accents, as uncased encoders read it.

    >>> folded("Café")
    'cafe'
    """
    if not text.isascii():
        text = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return text.lower()


def general_frequencies(path: str | Path | None, cache: str | Path) -> DocumentFrequencies:
    """Give the document frequencies of general text.

    Args:
        path: texts, as `auxtask.data.texts.read_texts` takes them; None for the table of general English that is
            shipped (`assets/general`).
        cache: folder in which the counts of texts are kept by their content.

    Raises:
        AuxtaskError: there are no such texts.

    >>> general = general_frequencies(None, "no cache")
    >>> general.held_by("the") > general.held_by("parser")
    True
    """
    if path is None:
        return DocumentFrequencies.read(GENERAL_ENGLISH)
    texts = read_texts(path)
    kept = Path(cache, "document_frequencies", f"{texts.fingerprint}.tsv.xz")
    if kept.is_file():
        return DocumentFrequencies.read(kept)
    found = DocumentFrequencies.of(text for batch in texts.documents.iter(1000) for text in batch["text"])
    found.write(kept)
    return found
