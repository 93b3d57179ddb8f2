"""The words of documents, counted: a word is the tuple of its token ids, so that all its pieces count as one."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from auxtask.data.documents import Documents
from auxtask.data.padding import add_token_column
from auxtask.data.words import marking, spelled_word
from auxtask.errors import AuxtaskError


@dataclass(frozen=True)
class WordCounts:
    """How often each word stands in each document: an entry for each distinct word of each document.

    Args:
        pieces: the token ids of each word type, in ascending order.
        documents: of each entry, ascending, shape (entries,), int64.
        types: the word type of each entry, an index of `pieces`, ascending within a document, shape (entries,),
            int64.
        counts: how often the word stands in the document, at least 1, shape (entries,), int64.
        entries: the entry of each token that is attended to, all documents end to end; -1 where the token belongs
            to no word, shape (tokens,), int64.
        num_documents: those without a word included.
    """

    pieces: list[tuple[int, ...]]
    documents: NDArray[np.int64]
    types: NDArray[np.int64]
    counts: NDArray[np.int64]
    entries: NDArray[np.int64]
    num_documents: int

    @classmethod
    def of(cls, dataset: Dataset) -> "WordCounts":
        """Count the words of a split; what `attention_mask` leaves out is left out.

        Args:
            dataset: with the columns of `auxtask.data.encoding.encode`.

        Raises:
            AuxtaskError: there is no column `word_ids`, or it is not aligned with `input_ids`.

        >>> columns = {"input_ids": [[2, 7, 8, 7, 7, 8, 3]], "word_ids": [[-1, 0, 0, 1, 2, 2, -1]]}
        >>> words = WordCounts.of(Dataset.from_dict(columns))
        >>> words.pieces, words.counts.tolist(), words.entries.tolist()
        ([(7,), (7, 8)], [1, 2], [-1, 1, 1, 0, 1, 1, -1])
        """
        if "word_ids" not in dataset.column_names:
            raise AuxtaskError("words need a column 'word_ids'; add it with auxtask.data.encoding.encode(dataset)")
        documents = Documents.from_dataset(dataset)
        start, stop = documents.words()
        pieces, types = _types(documents.token_ids, start, stop)
        # Empty documents share their offset with the one behind them, which has the word.
        of_words = np.searchsorted(documents.offsets, start, side="right") - 1
        number = max(len(pieces), 1)
        distinct, entry, counts = np.unique(of_words * number + types, return_inverse=True, return_counts=True)
        entries = np.full(len(documents.token_ids), -1)
        entries[documents.word_ids >= 0] = np.repeat(entry, stop - start)
        return cls(pieces, distinct // number, distinct % number, counts, entries, len(documents))

    @cached_property
    def totals(self) -> NDArray[np.int64]:
        """Occurrences of each word type, shape (word types,)."""
        return np.bincount(self.types, self.counts, len(self.pieces)).astype(np.int64)

    @cached_property
    def document_frequencies(self) -> NDArray[np.int64]:
        """Documents that each word type stands in, shape (word types,)."""
        return np.bincount(self.types, minlength=len(self.pieces))

    @cached_property
    def tfidf(self) -> NDArray[np.float64]:
        """The TF-IDF weight of each entry, as scikit-learn has it by default but for the length of a document.

        tf (ln((1 + N) / (1 + df)) + 1) with N documents, df of which have the word: above 0, shape (entries,).
        """
        idf = np.log((1 + self.num_documents) / (1 + self.document_frequencies)) + 1
        return self.counts * idf[self.types]

    def spelled(self, tokenizer: PreTrainedTokenizerBase) -> list[str]:
        """Spell the word types, without white space or marks of the tokenizer.

        Args:
            tokenizer: the tokenizer that encoded them.
        """
        mark = marking(tokenizer.get_vocab())
        return [spelled_word(tokenizer.convert_ids_to_tokens(list(word)), mark) for word in self.pieces]

    def add_scores(self, dataset: Dataset, name: str, scores: NDArray[np.float64]) -> Dataset:
        """Give all pieces of a word the score of the word.

        Args:
            dataset: the split that was counted.
            name: of the column.
            scores: of the entries, shape (entries,).

        Returns:
            The data set with the column: float32, aligned with `input_ids`, not a number outside words.

        >>> split = Dataset.from_dict({"input_ids": [[2, 7, 8, 3]], "word_ids": [[-1, 0, 0, -1]]})
        >>> WordCounts.of(split).add_scores(split, "scores", np.array([0.5]))["scores"][0]
        [nan, 0.5, 0.5, nan]
        """
        return add_token_column(dataset, name, np.append(scores, np.nan)[self.entries])


def _types(
    token_ids: NDArray[np.int64], start: NDArray[np.int64], stop: NDArray[np.int64]
) -> tuple[list[tuple[int, ...]], NDArray[np.int64]]:
    """Find the distinct words in order, and which of them each word is, piece by piece of all words at once."""
    lengths, beyond = stop - start, int(token_ids.max(initial=0)) + 1
    read = np.zeros(len(start), dtype=np.int64)
    for place in range(int(lengths.max(initial=0))):
        longer = np.flatnonzero(lengths > place)
        # Words that began alike go on alike or part here; those that have ended keep their number below.
        _, found = np.unique(read[longer] * beyond + token_ids[start[longer] + place], return_inverse=True)
        read[longer] = read.max() + 1 + found
    _, first, types = np.unique(read, return_index=True, return_inverse=True)
    pieces = [tuple(token_ids[start[word] : stop[word]].tolist()) for word in first]
    order = sorted(range(len(pieces)), key=pieces.__getitem__)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return [pieces[index] for index in order], rank[types]
