"""Keyword masking: the words that are keywords of several documents are masked, and few others."""

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from auxtask.data.word_counts import WordCounts
from auxtask.ground.machine import is_main_process
from auxtask.ground.tools import Tools
from auxtask.ground.values import check_whole
from auxtask.masking.word_scores import WORD_SCORES

# A keyword has letters alone, and so many of them.
LEAST_LETTERS = 3


def annotate_keywords(dataset: Dataset, tools: Tools, top_k: int = 5, min_documents: int = 2) -> Dataset:
    """Add the column `word_scores`: 1 for the words on the list of keywords, 0 for all others.

    Keyword masking is that of Golchin et al. 2023, whose keywords an encoder of sentences finds. Here they are
    the words of three letters or more, and of letters alone, with the highest TF-IDF weights in a document; the
    list has those that are keywords of several documents. Says how long it is and how much of the text it covers.

    Args:
        dataset: one split with the columns of `auxtask.data.encoding.encode`.
        tools: have the tokenizer.
        top_k: keywords of a document, at least 1; of equal weights the first by token ids go before.
        min_documents: of how many documents a word must be a keyword to be on the list, at least 1.

    Returns:
        The data set with one column more: float32, aligned with `input_ids`; not a number outside words.

    Raises:
        AuxtaskError: a number is not whole or below 1.
    """
    check_whole("top_k", top_k, least=1, example=5)
    check_whole("min_documents", min_documents, least=1, example=2)
    words = WordCounts.of(dataset)
    spelled = words.spelled(tools.tokenizer)
    candidates = np.array([word.isalpha() and len(word) >= LEAST_LETTERS for word in spelled], dtype=bool)
    listed = keywords(words, candidates, top_k, min_documents)
    if is_main_process():
        covered = words.totals[listed].sum() / max(words.totals.sum(), 1)
        print(f"keywords: {listed.sum():,} words, {covered:.1%} of the text", flush=True)
    return words.add_scores(dataset, WORD_SCORES, listed[words.types].astype(np.float64))


def keywords(
    words: WordCounts, candidates: NDArray[np.bool_], top_k: int, min_documents: int
) -> NDArray[np.bool_]:
    """Find the words that are among the best of several documents.

    Args:
        words: of the documents.
        candidates: which word types may be keywords, shape (word types,).
        top_k, min_documents: as for `annotate_keywords`.

    Returns:
        Which word types are on the list, shape (word types,).

    >>> split = Dataset.from_dict({"input_ids": [[5, 6, 6], [6, 7], [7]], "word_ids": [[0, 1, 2], [0, 1], [0]]})
    >>> keywords(WordCounts.of(split), np.array([True, True, True]), top_k=1, min_documents=2).tolist()
    [False, True, False]
    """
    chosen = candidates[words.types]
    documents, types, weights = words.documents[chosen], words.types[chosen], words.tfidf[chosen]
    order = np.lexsort((types, -weights, documents))
    place = np.arange(len(order)) - np.searchsorted(documents, documents)
    best = types[order[place < top_k]]
    return np.bincount(best, minlength=len(candidates)) >= min_documents
