"""The words that score most in a data set: what the vanilla model has yet to learn about its domain."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from auxtask.data.documents import Documents
from auxtask.data.padding import attended_tokens
from auxtask.data.words import marking, spelled_word
from auxtask.tables.values import Cell, Number, Table


@dataclass(frozen=True)
class SurprisingWord:
    """A word and how the model met it.

    Args:
        word: its pieces joined, without marks.
        count: occurrences.
        surprisal: mean of -ln P over its occurrences, P the product over its pieces, in nats; or of another score,
            the sum over its pieces.
    """

    word: str
    count: int
    surprisal: float

    @property
    def weight(self) -> float:
        """Mean surprisal times ln(1 + count), the order of the list: a rare slip does not lead it."""
        return self.surprisal * math.log1p(self.count)


def surprising_words(
    dataset: Dataset, tokenizer: PreTrainedTokenizerBase, limit: int = 20, min_count: int = 2
) -> list[SurprisingWord]:
    """Find frequent words that the model did not expect.

    Args:
        dataset: with the columns `input_ids`, `word_ids` and `likelihoods`, from `PLLScorer.annotate`.
        tokenizer: the tokenizer that encoded it.
        limit: words to return at most.
        min_count: rarer words are left out.

    Returns:
        Words with at least one letter, the largest `weight` first.
    """
    likelihoods = np.concatenate([np.zeros(0), *dataset.with_format("numpy")["likelihoods"][:]])
    # A likelihood too small for float32 counts as the smallest it can hold.
    floor = np.finfo(np.float32).tiny
    surprisals = -np.log(np.maximum(likelihoods[attended_tokens(dataset)], floor), dtype=np.float64)
    return words_by_score(dataset, surprisals, tokenizer, limit, min_count)


def words_by_score(
    dataset: Dataset,
    scores: NDArray[np.floating],
    tokenizer: PreTrainedTokenizerBase,
    limit: int = 20,
    min_count: int = 2,
) -> list[SurprisingWord]:
    """Find frequent words of high scores.

    Args:
        dataset: with the columns `input_ids` and `word_ids`.
        scores: of the tokens that are attended to, end to end, as `PLLScorer.token_values` gives them.
        tokenizer, limit, min_count: as for `surprising_words`.

    Returns:
        Words with at least one letter, the largest `weight` first.
    """
    documents = Documents.from_dataset(dataset)
    totals = np.concatenate([[0.0], np.cumsum(np.nan_to_num(scores), dtype=np.float64)])
    met: dict[tuple[int, ...], list[float]] = defaultdict(list)
    for start, stop in zip(*documents.words(), strict=True):
        met[tuple(documents.token_ids[start:stop].tolist())].append(totals[stop] - totals[start])
    mark = marking(tokenizer.get_vocab())
    words = []
    for pieces, values in met.items():
        if len(values) >= min_count:
            word = spelled_word(tokenizer.convert_ids_to_tokens(list(pieces)), mark)
            if any(map(str.isalpha, word)):
                words.append(SurprisingWord(word, len(values), math.fsum(values) / len(values)))
    return sorted(words, key=lambda word: (-word.weight, word.word))[:limit]


def words_table(
    words: Sequence[SurprisingWord], name: str, kind: str = "surprising", score: str = "surprisal, nats"
) -> Table:
    """Lay words out, a row a word.

    Args:
        words: in their order.
        name: of the data set that they are from.
        kind: what they are.
        score: what was measured of them, with its unit.

    Returns:
        The table.

    >>> [str(cell) for cell in words_table([SurprisingWord("parser", 1200, 9.5)], "acl_arc").rows[0]]
    ['parser', '1,200', '9.50']
    """
    return Table(
        name=f"{kind}_words",
        title=f"most {kind} words of {name}",
        columns=("word", "count", f"mean {score}"),
        rows=[
            [Cell(word.word), Cell(word.count), Cell(Number(word.surprisal, f"{word.surprisal:.2f}"))]
            for word in words
        ],
    )
