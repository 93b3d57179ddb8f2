"""Counts in how many blocks of general text each word stands: writes src/auxtask/assets/general/english.tsv.xz.

    python scripts/make_general_counts.py FILES...

FILES are plain text (.txt or .txt.gz), a paragraph a line and an empty line between documents.
"""

import argparse
import fileinput
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from auxtask.data.document_frequencies import GENERAL_ENGLISH, DocumentFrequencies


def blocks(paths: Sequence[Path], words: int) -> Iterator[str]:
    """Cut documents into blocks of whole paragraphs, each with so many words or the rest of its document.

    Args:
        paths: files of text.
        words: a block ends with the paragraph that brings it to so many.
    """
    block: list[str] = []
    with fileinput.input(paths, openhook=fileinput.hook_compressed, encoding="utf-8") as lines:
        for line in lines:
            if block and (len(block) >= words or not line.strip() or lines.isfirstline()):
                yield " ".join(block)
                block = []
            block += line.split()
    if block:
        yield " ".join(block)


def main() -> None:
    """Count, leave rare words out, write and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, help="plain text, .txt or .txt.gz")
    parser.add_argument("--words", type=int, default=200, help="words of a block, at least")
    parser.add_argument("--least", type=int, default=2, help="blocks that a word must stand in to be kept")
    arguments = parser.parse_args()
    found = DocumentFrequencies.of(blocks(arguments.files, arguments.words))
    kept = {word: count for word, count in found.counts.items() if count >= arguments.least}
    replace(found, counts=kept).write(GENERAL_ENGLISH)
    size = GENERAL_ENGLISH.stat().st_size
    print(f"{found.texts:,} blocks; {len(kept):,} of {len(found.counts):,} words kept; {size / 1000:,.0f} kB")


if __name__ == "__main__":
    main()
