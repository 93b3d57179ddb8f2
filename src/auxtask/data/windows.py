"""Long texts in pieces that an encoder can read."""

from collections.abc import Sequence
from typing import Any

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from auxtask.data.boundaries import Segmenter
from auxtask.data.encoding import NO_WORD, encode_texts


def encode_in_windows(
    texts: Dataset,
    tokenizer: PreTrainedTokenizerBase,
    max_length: int,
    segmenter: Segmenter | None = None,
    keep: Sequence[str] = (),
) -> Dataset:
    """Encode texts whole: one that is too long becomes several rows, each with special tokens of its own.

    Args:
        texts: with a column `text`.
        tokenizer: any tokenizer of `transformers`.
        max_length: tokens of a row, special ones included.
        segmenter: as for `auxtask.data.encoding.encode_texts`.
        keep: columns that every row of a text has as the text has them.

    Returns:
        Rows with the columns `input_ids`, `attention_mask` (ones) and `word_ids`, and those that are kept, in the
        order of the texts.

    >>> from auxtask.model.loading import load_tokenizer
    >>> texts = Dataset.from_dict({"text": ["the sea and the house by the sea"]})
    >>> [len(row) for row in encode_in_windows(texts, load_tokenizer("tiny"), max_length=5)["input_ids"]]
    [5, 5, 4]
    """

    def rows_of(batch: dict[str, Any]) -> dict[str, Any]:
        encoded = encode_texts(batch["text"], tokenizer, None, segmenter)
        rows: dict[str, list[Any]] = {name: [] for name in ("input_ids", "attention_mask", "word_ids", *keep)}
        for at, (input_ids, word_ids) in enumerate(zip(encoded["input_ids"], encoded["word_ids"], strict=True)):
            for ids, words in _windows(input_ids, word_ids, max_length):
                rows["input_ids"].append(ids)
                rows["attention_mask"].append([1] * len(ids))
                rows["word_ids"].append(words)
                for name in keep:
                    rows[name].append(batch[name][at])
        return rows

    return texts.map(rows_of, batched=True, remove_columns=texts.column_names, desc="Tokenizing")


def _windows(input_ids: list[int], word_ids: list[int], max_length: int) -> list[tuple[list[int], list[int]]]:
    inside = [position for position, word in enumerate(word_ids) if word != NO_WORD]
    if not inside or len(input_ids) <= max_length:
        return [(input_ids, word_ids)]
    first, last = inside[0], inside[-1] + 1
    room = max_length - first - (len(input_ids) - last)
    return [
        tuple(  # type: ignore[misc]
            [*row[:first], *row[begin : min(begin + room, last)], *row[last:]] for row in (input_ids, word_ids)
        )
        for begin in range(first, last, room)
    ]
