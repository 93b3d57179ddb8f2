"""Plain text to a subword vocabulary and to blocks of full length: the data of masked language modelling."""

import gzip
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import WordPieceTrainer
from tqdm import tqdm
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from auxtask.errors import AuxtaskError
from auxtask.ground.files import atomic_path

SPECIAL_TOKENS = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


# Which paragraphs of a text are read, of every HELD_OUT_EVERY.
HELD_OUT_EVERY = 20
ALL, HELD_OUT = range(HELD_OUT_EVERY), range(HELD_OUT_EVERY - 1, HELD_OUT_EVERY)
TRAINED_ON = range(HELD_OUT_EVERY - 1)


def read_documents(paths: Iterable[str | Path], chosen: Container[int] = ALL) -> Iterator[str]:
    """Yield the documents of plain text files, gzipped or not.

    Args:
        paths: UTF-8 files; paragraphs are lines, an empty line ends a document.
        chosen: which of every twenty paragraphs of a file are read, counted from 0.

    Yields:
        A document, its paragraphs joined by single spaces.

    Raises:
        AuxtaskError: a file is missing or not UTF-8.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "text.txt"
    >>> _ = path.write_text("One paragraph.\\nAnother.\\n\\nThe next document.\\n")
    >>> list(read_documents([path]))
    ['One paragraph. Another.', 'The next document.']
    """
    for path in map(Path, paths):
        if not path.is_file():
            raise AuxtaskError(f"text file '{path}' does not exist; give the files in data.train and data.valid")
        opened = gzip.open if path.suffix == ".gz" else open
        paragraphs: list[str] = []
        number = 0
        try:
            with opened(path, "rt", encoding="utf-8") as lines:
                for line in lines:
                    if line.strip():
                        if number % HELD_OUT_EVERY in chosen:
                            paragraphs.append(line.strip())
                        number += 1
                    elif paragraphs:
                        yield " ".join(paragraphs)
                        paragraphs = []
        except UnicodeDecodeError as error:
            raise AuxtaskError(
                f"text file '{path}' is not UTF-8 ({error.reason} at byte {error.start})"
            ) from error
        if paragraphs:
            yield " ".join(paragraphs)


def train_wordpiece(
    documents: Iterable[str], vocabulary_size: int, alphabet_size: int = 200
) -> PreTrainedTokenizerFast:
    """Learn an uncased WordPiece vocabulary as BERT's.

    Args:
        documents: the text.
        vocabulary_size: number of tokens, the five special ones included.
        alphabet_size: number of single characters kept, the most frequent ones; others become `[UNK]`.

    Returns:
        A fast tokenizer that frames a text as `[CLS] ... [SEP]`.

    >>> tokenizer = train_wordpiece(["the sea", "the sea and the land"], vocabulary_size=40)
    >>> tokenizer.tokenize("The land")
    ['the', 'land']
    """
    tokenizer = Tokenizer(WordPiece(unk_token=SPECIAL_TOKENS["unk_token"]))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    trainer = WordPieceTrainer(
        vocab_size=vocabulary_size,
        limit_alphabet=alphabet_size,
        special_tokens=list(SPECIAL_TOKENS.values()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents, trainer)
    frame = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=frame
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
        **SPECIAL_TOKENS,
    )


def write_token_stream(
    documents: Iterable[str], tokenizer: PreTrainedTokenizerBase, path: str | Path, progress: bool = True
) -> None:
    """Tokenise text once into one flat file, the documents set apart by the separator token.

    The file grows as the text is read; memory does not.

    Args:
        documents: the text.
        tokenizer: its separator token ends every document.
        path: the file to write: token ids in the type that `token_dtype` names, nothing else.
        progress: whether to show a progress bar.

    Raises:
        AuxtaskError: the tokenizer frames no text, or there is no text.
    """
    separator = tokenizer.sep_token_id
    if separator is None or tokenizer.cls_token_id is None:
        raise AuxtaskError(
            f"the tokenizer of '{tokenizer.name_or_path}' has no separator or no token that begins a text; "
            "blocks need both, as those of BERT's and RoBERTa's families"
        )
    dtype = token_dtype(tokenizer)
    source = iter(documents)
    with (
        atomic_path(path) as temporary,
        temporary.open("wb") as stream,
        tqdm(desc="tokenise", unit=" tokens", unit_scale=True, disable=not progress) as bar,
    ):
        while batch := list(islice(source, 256)):
            rows = tokenizer(batch, add_special_tokens=False, verbose=False)["input_ids"]
            tokens = np.array([token for row in rows for token in (*row, separator)], dtype=dtype)
            tokens.tofile(stream)
            bar.update(len(tokens))
        if stream.tell() == 0:
            raise AuxtaskError("no text to tokenise: the files of data.train or data.valid are empty")


def token_dtype(tokenizer: PreTrainedTokenizerBase) -> type[np.unsignedinteger[Any]]:
    """Name the smallest type that holds the ids of a vocabulary: uint16 up to 65,536 tokens, else uint32."""
    return np.uint16 if len(tokenizer) <= 2**16 else np.uint32


class PackedBlocks(Sequence[dict[str, list[int]]]):
    """Blocks of full length cut from a token stream that stays on disk.

    A document that fills a block or more has its blocks to itself: nothing attends across documents, and nothing
    is padded, since the last block begins early enough to be full. Shorter documents share blocks with what
    follows them, a separator between. A text that is shorter than a block is one shorter block.

    Args:
        path: what `write_token_stream` wrote; it is memory-mapped.
        length: tokens of a block, the leading `[CLS]` and closing `[SEP]` included; at least 3.
        tokenizer: gives the ids of those two.
    """

    def __init__(self, path: str | Path, length: int, tokenizer: PreTrainedTokenizerBase) -> None:
        self.stream = np.memmap(path, dtype=token_dtype(tokenizer), mode="r")
        self.frame = (tokenizer.cls_token_id, tokenizer.sep_token_id)
        # The stream ends with a separator, which a block brings along.
        self.inner = min(length - 2, len(self.stream) - 1)
        self.length = self.inner + 2
        self.starts = self._starts(np.flatnonzero(self.stream == tokenizer.sep_token_id))

    def _starts(self, ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """Say where the blocks begin; `ends` are the places of the separators."""
        starts: list[NDArray[np.int64]] = []
        begin = 0
        for end in ends:
            if end - begin >= self.inner:
                starts += [np.arange(begin, end - self.inner, self.inner), np.array([end - self.inner])]
                begin = end + 1
        return np.concatenate(starts) if starts else np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> dict[str, list[int]]:  # type: ignore[override]
        if not 0 <= index < len(self):
            raise IndexError(index)
        start = self.starts[index]
        tokens = self.stream[start : start + self.inner]
        return {"input_ids": [self.frame[0], *tokens.tolist(), self.frame[1]]}
