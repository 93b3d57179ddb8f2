"""The rows of a file with what a classifier says of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auxtask.data.chunks import Chunk
from auxtask.errors import AuxtaskError

# From the number of a chunk and its texts to `probabilities` and `is_cut`, see `auxtask.model.classifier`.
Classify = Callable[[int, list[str]], Mapping[str, NDArray[Any]]]

DIGITS = 6  # of a probability


@dataclass
class Tally:
    """What was met in a file so far.

    Args:
        rows: that were read.
        without_text: rows that no class was predicted for.
        cut: documents of which the classifier read the beginning alone.
    """

    rows: int = 0
    without_text: int = 0
    cut: int = 0


def add_predictions(
    chunks: Iterable[Chunk],
    classify: Classify,
    label_names: Sequence[str],
    tally: Tally,
    *,
    source: str,
    text_column: str,
    prefix: str = "",
) -> Iterator[Chunk]:
    """Add to each row the class that is predicted and the probability of each class.

    A row whose text is missing or white space alone keeps its place; its prediction and probabilities are missing.

    Args:
        chunks: of the file.
        classify: the classifier.
        label_names: its classes.
        tally: is kept up to date.
        source: name of the file, for messages.
        text_column: the column of the text.
        prefix: of the names of the new columns, `prediction` and `probability_CLASS`.

    Yields:
        The chunks with the new columns; a probability is rounded to six digits.

    Raises:
        AuxtaskError: a column has the name of a new one, or the column of the text holds something else.

    >>> from auxtask.data.chunks import ListChunk
    >>> halves = lambda number, texts: {"probabilities": np.full((len(texts), 2), 0.5), "is_cut": np.array([0])}
    >>> chunks = [ListChunk(["text"], [["fine"], [" "]])]
    >>> [found] = add_predictions(chunks, halves, ["a", "b"], Tally(), source="x.csv", text_column="text")
    >>> found.names, found.rows
    (['text', 'prediction', 'probability_a', 'probability_b'], [['fine', 'a', 0.5, 0.5], [' ', None, None, None]])
    """
    predicted = f"{prefix}prediction"
    added = [f"{prefix}probability_{name}" for name in label_names]
    for number, chunk in enumerate(chunks):
        if taken := [name for name in (predicted, *added) if name in chunk.names]:
            raise AuxtaskError(
                f"{source} has a column {taken[0]!r} already; give the new ones other names, prefix=predicted_"
            )
        texts = chunk.column(text_column)
        filled = [at for at, text in enumerate(texts) if _is_there(text, source, text_column, tally.rows + at)]
        found = classify(number, [_characters(texts[at]) for at in filled])
        tally.rows += len(texts)
        tally.without_text += len(texts) - len(filled)
        tally.cut += int(found["is_cut"].sum())
        classes = np.full(len(texts), None, dtype=object)
        classes[filled] = np.array(label_names, dtype=object)[found["probabilities"].argmax(axis=1)]
        probabilities = np.full((len(label_names), len(texts)), None, dtype=object)
        probabilities[:, filled] = found["probabilities"].T.astype(np.float64).round(DIGITS)
        yield chunk.with_columns(
            {predicted: classes.tolist()}, dict(zip(added, probabilities.tolist(), strict=True))
        )


def _is_there(text: Any, source: str, text_column: str, row: int) -> bool:
    if text is not None and not isinstance(text, str):
        raise AuxtaskError(
            f"row {row + 1} of {source} holds {text!r:.60} in column {text_column!r}, which is no text; "
            "name the right column with text_column=..."
        )
    return bool(text and text.strip())


def _characters(text: str) -> str:
    # JSON may hold half of a surrogate pair, which tokenizers refuse.
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
