"""From text to token ids, each with the word it belongs to."""

from collections.abc import Sequence
from functools import partial
from itertools import compress
from typing import Any, TypeVar

import numpy as np
import pyarrow.compute as pc
from datasets import Dataset, DatasetDict
from numpy.typing import NDArray
from transformers import BatchEncoding, PreTrainedTokenizerBase

from auxtask.data.boundaries import Segmenter, keeps_spaces, lacks_spaces, split_words
from auxtask.data.words import marking, spelled, words_by_marks
from auxtask.errors import AuxtaskError

# The word index of a position that belongs to no word: special tokens.
NO_WORD = -1

AnyDataset = TypeVar("AnyDataset", Dataset, DatasetDict)


def encode_texts(
    texts: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int | None,
    segmenter: Segmenter | None = None,
) -> dict[str, list[Any]]:
    """Encode texts with special tokens and number the words.

    A word is what the tokenizer's pre-tokenizer splits off (`word_ids` of a fast tokenizer); one that holds white
    space, or a character of a script without spaces, is split where the words of the text itself begin
    (`split_words`). Where the tokenizer reports no words they are read off its tokens (`words_of_ids`).

    Args:
        texts: any number of texts; an empty text gives its special tokens alone.
        tokenizer: any tokenizer of `transformers`.
        max_length: longer texts are cut to so many tokens, special ones included, on the tokenizer's
            `truncation_side`; None for no limit.
        segmenter: names the words of such text, see `auxtask.data.boundaries.word_boundaries`; None for the
            word boundaries of the Unicode Standard.

    Returns:
        `input_ids` and, aligned with it, `word_ids`: the index of the token's word in its text, ascending; -1 at
        special tokens, also at those spelled out in the text (`[SEP]`), but not at `[UNK]` and the mask token.
        And `cut_tokens`, for each text the number of tokens that were cut off.

    >>> from auxtask.model.loading import load_tokenizer
    >>> encode_texts(["The sea."], load_tokenizer("tiny"), max_length=None)["word_ids"]
    [[-1, 0, 1, 2, -1]]
    """
    if not texts:
        return {"input_ids": [], "word_ids": [], "cut_tokens": []}
    encoded = tokenizer(
        list(texts),
        truncation=max_length is not None,
        max_length=max_length,
        return_attention_mask=False,
        return_token_type_ids=False,
        verbose=False,
    )
    cut = cut_tokens(encoded, texts, tokenizer)
    if not tokenizer.is_fast:
        word_ids = words_of_ids(encoded["input_ids"], tokenizer, segmenter)
        return {"input_ids": encoded["input_ids"], "word_ids": word_ids, "cut_tokens": cut}
    frame, look_through = frame_ids(tokenizer), keeps_spaces(tokenizer)
    word_ids = []
    for text, row, encoding in zip(texts, encoded["input_ids"], encoded.encodings, strict=True):
        words = encoding.word_ids
        if look_through or lacks_spaces(text):
            words = split_words(text, encoding.offsets, words, segmenter)
        word_ids.append(
            [NO_WORD if word is None or token in frame else word for token, word in zip(row, words, strict=True)]
        )
    return {"input_ids": encoded["input_ids"], "word_ids": word_ids, "cut_tokens": cut}


def cut_tokens(encoded: BatchEncoding, texts: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Count the tokens of each text that were cut off.

    Args:
        encoded: what the tokenizer gave for the texts, without padding.
        texts: at least one.
        tokenizer: the tokenizer.

    Returns:
        A number for each text; 0 for one that is whole.
    """
    special = tokenizer.num_special_tokens_to_add()
    if encoded.encodings is not None:
        # What is cut off comes in pieces, each with special tokens of its own.
        return [sum(len(rest) - special for rest in row.overflowing) for row in encoded.encodings]
    lengths = [len(row) for row in encoded["input_ids"]]
    longest = max(lengths)
    return [
        len(tokenizer.tokenize(text)) + special - length if length == longest else 0
        for text, length in zip(texts, lengths, strict=True)
    ]


def encode_whole(
    texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, segmenter: Segmenter | None = None
) -> tuple[list[list[int]], list[list[int]]]:
    """Encode whole texts without special tokens: what N-grams are counted in.

    Args:
        texts: any number of texts.
        tokenizer: any tokenizer of `transformers`.
        segmenter: as for `encode_texts`.

    Returns:
        For each text its token ids, and aligned with them the index of each token's word.

    >>> from auxtask.model.loading import load_tokenizer
    >>> encode_whole(["The sea."], load_tokenizer("tiny"))[1]
    [[0, 1, 2]]
    """
    encoded = encode_texts(texts, tokenizer, None, segmenter)
    inside = [[word != NO_WORD for word in words] for words in encoded["word_ids"]]
    token_ids, word_ids = (
        [list(compress(row, kept)) for row, kept in zip(encoded[column], inside, strict=True)]
        for column in ("input_ids", "word_ids")
    )
    return token_ids, word_ids


def frame_ids(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Ids of the tokens that frame or pad a text: they are never scored and never masked."""
    ids = {tokenizer.pad_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id}
    ids |= {tokenizer.bos_token_id, tokenizer.eos_token_id}
    return frozenset(ids - {None, tokenizer.unk_token_id, tokenizer.mask_token_id})


def words_of_ids(
    token_ids: Sequence[Sequence[int]],
    tokenizer: PreTrainedTokenizerBase,
    segmenter: Segmenter | None = None,
) -> list[list[int]]:
    """Number the words of encoded texts by their tokens alone.

    Marks in the token strings say where words begin (`words_by_marks`); a word that holds several by what the
    tokens spell is split as in `encode_texts`. Where the pre-tokenizer does not split at spaces, marks say where
    spaces are, and no more: then the whole text is split so.

    Args:
        token_ids: texts as token ids, special tokens included.
        tokenizer: the tokenizer that encoded them.
        segmenter: as for `encode_texts`.

    Returns:
        Word indices as `encode_texts` gives them.
    """
    mark, frame = marking(tokenizer.get_vocab()), frame_ids(tokenizer)
    unsplit = tokenizer.is_fast and keeps_spaces(tokenizer, " ")
    word_ids = []
    for row in token_ids:
        inside = [token not in frame for token in row]
        tokens = tokenizer.convert_ids_to_tokens(list(compress(row, inside)))
        text, offsets = spelled(tokens, mark)
        words = [0] * len(tokens) if unsplit else words_by_marks(tokens, mark)
        following = iter(split_words(text, offsets, words, segmenter))
        word_ids.append([next(following) if is_inside else NO_WORD for is_inside in inside])
    return word_ids


def encode(
    dataset: AnyDataset,
    tokenizer: PreTrainedTokenizerBase,
    max_length: int | None,
    num_proc: int | None = None,
    segmenter: Segmenter | None = None,
) -> AnyDataset:
    """Add token ids and word indices to a data set with a column `text`.

    Args:
        dataset: one split or a `DatasetDict` of them, with a column `text`.
        tokenizer: any tokenizer of `transformers`.
        max_length, segmenter: as for `encode_texts`.
        num_proc: processes that share the work; None for this one alone.

    Returns:
        The same with the columns `input_ids`, `attention_mask` (ones), `word_ids` and `cut_tokens` (see
        `encode_texts`).

    >>> from auxtask.model.loading import load_tokenizer
    >>> encode(Dataset.from_dict({"text": ["The sea."]}), load_tokenizer("tiny"), max_length=4).column_names
    ['text', 'input_ids', 'attention_mask', 'word_ids', 'cut_tokens']
    """
    return dataset.map(
        partial(_encode_batch, tokenizer=tokenizer, max_length=max_length, segmenter=segmenter),
        batched=True,
        num_proc=num_proc,
        desc="Tokenizing",
    )


def document_lengths(split: Dataset) -> NDArray[np.int64]:
    """Count the tokens of each document, without making Python lists of them.

    Args:
        split: with the column `input_ids`.

    Returns:
        Special tokens included, shape (documents,), int64.

    >>> document_lengths(Dataset.from_dict({"input_ids": [[2, 7, 3], [2, 3]]})).tolist()
    [3, 2]
    """
    if not len(split):
        # A column without rows may have no type.
        return np.zeros(0, dtype=np.int64)
    table = split.select_columns("input_ids").with_format("arrow")[:]
    return pc.list_value_length(table.column("input_ids")).to_numpy().astype(np.int64)


def _encode_batch(
    batch: dict[str, Any],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int | None,
    segmenter: Segmenter | None,
) -> dict[str, Any]:
    columns = encode_texts(batch["text"], tokenizer, max_length, segmenter)
    attention_mask = [[1] * len(row) for row in columns["input_ids"]]
    return {
        "input_ids": columns["input_ids"],
        "attention_mask": attention_mask,
        "word_ids": columns["word_ids"],
        "cut_tokens": columns["cut_tokens"],
    }


def check_mask_token(tokenizer: Any) -> None:
    """Refuse what is no tokenizer, or one that cannot mask.

    >>> check_mask_token("tiny")
    Traceback (most recent call last):
    ...
    auxtask.errors.AuxtaskError: tokenizer='tiny' is no tokenizer; load one with AutoTokenizer.from_pretrained
    """
    if not isinstance(tokenizer, PreTrainedTokenizerBase):
        raise AuxtaskError(
            f"tokenizer={tokenizer!r:.60} is no tokenizer; load one with AutoTokenizer.from_pretrained"
        )
    if tokenizer.mask_token_id is None:
        raise AuxtaskError(
            f"tokenizer {tokenizer.name_or_path!r} has no mask token; use that of a masked language model"
        )
