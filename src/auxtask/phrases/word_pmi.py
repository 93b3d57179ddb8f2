"""N-grams of words that occur together more often than their parts explain (PMI), counted on flat arrays."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Score = Literal["squared", "plain"]

# What share of a list has N-grams of 2, 3, 4 and 5 words (Levine et al. 2021).
SHARES = {2: 0.5, 3: 0.25, 4: 0.125, 5: 0.125}
LONGEST = max(SHARES)


@dataclass(frozen=True)
class WordNgrams:
    """The frequent N-grams of documents of words laid end to end, numbered from 0 at each length.

    Words may be any units; each N-gram occurs somewhere, and its parts are there with it.

    Args:
        at: by length, the number of the N-gram that begins at each word, -1 where it is rare or would leave the
            document, shape (words,).
        counts: by length, how often each occurs, shape (N-grams,).
        positions: by length, how many places it can begin at.
    """

    at: dict[int, Integers]
    counts: dict[int, Integers]
    positions: dict[int, int]


def count_word_ngrams(
    words: Integers, lengths: Integers, min_count: int = 10, longest: int = LONGEST
) -> WordNgrams:
    """Count the N-grams of words inside documents, from one word to the longest.

    Args:
        words: of all documents, end to end, each word a number from 0, shape (words,).
        lengths: of the documents, shape (documents,).
        min_count: rarer N-grams are left out, at least 1.
        longest: in words.

    Returns:
        The counts. An N-gram is no more frequent than its parts, so that parts of frequent ones are there.

    >>> ngrams = count_word_ngrams(np.array([4, 7, 4, 7, 9]), np.array([4, 1]), min_count=2, longest=2)
    >>> ngrams.at[2].tolist(), ngrams.counts[2].tolist(), ngrams.positions
    ([0, -1, 0, -1, -1], [2], {1: 5, 2: 3})
    """
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(words))
    at: dict[int, Integers] = {}
    counts: dict[int, Integers] = {}
    for length in range(1, longest + 1):
        start = np.flatnonzero(left >= length)
        codes = words[start]
        if length > 1:
            last = at[1][start + length - 1]
            known = (at[length - 1][start] >= 0) & (last >= 0)
            start = start[known]
            codes = at[length - 1][start] * max(len(counts[1]), 1) + last[known]
        _, number, count = np.unique(codes, return_inverse=True, return_counts=True)
        frequent = count >= min_count
        at[length] = np.full(len(words), -1)
        at[length][start] = np.where(frequent, np.cumsum(frequent) - 1, -1)[number]
        counts[length] = count[frequent]
    positions = {length: int(np.maximum(lengths - length + 1, 0).sum()) for length in at}
    return WordNgrams(at, counts, positions)


def pmi_scores(ngrams: WordNgrams, score: Score = "squared") -> dict[int, Floats]:
    """Score N-grams of two words and more by their pointwise mutual information.

    PMI(w_1..w_n) is the least of ln(p(w_1..w_n) / product of p(part)) over all ways to cut it into two parts or
    more (Levine et al. 2021), where p is a count over the number of places. One likely part, such as the two words
    of a name within three, is enough to make it small.

    Args:
        ngrams: counts of the N-grams and of their parts.
        score: `plain` for PMI; `squared` has p(w_1..w_n)^2 in the numerator, which favours frequent N-grams, as in
            the lists that were published.

    Returns:
        By length, the score of each N-gram in nats, shape (N-grams,).

    >>> ngrams = WordNgrams({1: np.array([0, 1]), 2: np.array([0, -1])},
    ...                     {1: np.array([20, 12]), 2: np.array([11])}, {1: 1000, 2: 1000})
    >>> pmi_scores(ngrams, "plain")[2].round(3).tolist()
    [3.825]
    """
    log_p = {length: np.log(count / ngrams.positions[length]) for length, count in ngrams.counts.items()}
    # The best product over the ways to cut an N-gram, left whole or not.
    best: dict[int, Floats] = {1: log_p[1]}
    scores = {}
    for length in sorted(log_p)[1:]:
        at = ngrams.at[length]
        place = np.zeros(len(log_p[length]), dtype=np.int64)
        place[at[at >= 0]] = np.flatnonzero(at >= 0)
        cut = np.max(
            [
                log_p[first][ngrams.at[first][place]]
                + best[length - first][ngrams.at[length - first][place + first]]
                for first in range(1, length)
            ],
            axis=0,
        )
        scores[length] = log_p[length] - cut + (log_p[length] if score == "squared" else 0.0)
        best[length] = np.maximum(log_p[length], cut)
    return scores


def listed(scores: dict[int, Floats], size: int) -> dict[int, NDArray[np.bool_]]:
    """Choose the N-grams of a list: the best of each length, in the published shares.

    Args:
        scores: by length.
        size: of the list, if there are N-grams enough of each length.

    Returns:
        By length, which N-grams are on the list; of equal scores the lower number goes first.

    >>> listed({2: np.array([0.1, 0.3, 0.2])}, size=4)[2].tolist()
    [False, True, True]
    """
    chosen = {}
    for length, values in scores.items():
        chosen[length] = np.zeros(len(values), dtype=bool)
        chosen[length][np.argsort(-values, kind="stable")[: int(SHARES[length] * size)]] = True
    return chosen


def resolve(ngrams: WordNgrams, scores: dict[int, Floats], chosen: dict[int, NDArray[np.bool_]]) -> Integers:
    """Find the N-grams of a list in the documents, no two of which overlap.

    Of overlapping ones the longer stays, of equally long ones that of the higher score, of equal ones the left.

    Args:
        ngrams, scores: of the documents.
        chosen: the list.

    Returns:
        Place of the first word and length in words of each, in order, shape (found, 2).
    """
    taken = bytearray(len(ngrams.at[1]))
    found = []
    for length in sorted(scores, reverse=True):
        at = ngrams.at[length]
        start = np.flatnonzero(at >= 0)
        start = start[chosen[length][at[start]]]
        for begin in start[np.lexsort((start, -scores[length][at[start]]))].tolist():
            if taken.find(1, begin, begin + length) < 0:
                taken[begin : begin + length] = b"\1" * length
                found.append((begin, length))
    return np.array(sorted(found), dtype=np.int64).reshape(-1, 2)


def find_pmi_spans(
    documents: Sequence[Sequence[tuple[int, ...]]],
    coverage: float = 0.5,
    min_count: int = 10,
    score: Score = "squared",
) -> list[list[tuple[int, int]]]:
    """Find N-grams of high PMI in the documents that they are counted in.

    The list of N-grams covers a share of the tokens, which one of an entry less does not.

    Args:
        documents: words, each the token ids of its pieces.
        coverage: share of all tokens that lie in an N-gram, in (0, 1); where the frequent N-grams cover less, all
            are on the list.
        min_count: of an N-gram, at least 1.
        score: see `pmi_scores`.

    Returns:
        For each document the N-grams (start, end) in tokens, `end` exclusive, in order; they do not overlap.

    >>> find_pmi_spans([[(5, 6), (7,)], [(5, 6), (7,), (8,)]], coverage=0.5, min_count=2)
    [[(0, 3)], [(0, 3)]]
    """
    number = {word: at for at, word in enumerate(sorted(set(chain.from_iterable(documents))))}
    words = np.fromiter((number[word] for word in chain.from_iterable(documents)), np.int64)
    token = np.cumsum([0, *map(len, chain.from_iterable(documents))])
    lengths = np.array([len(document) for document in documents], dtype=np.int64)
    ngrams = count_word_ngrams(words, lengths, min_count)
    scores = pmi_scores(ngrams, score)

    def spans_of(size: int) -> tuple[Integers, Integers]:
        start, length = resolve(ngrams, scores, listed(scores, size)).T
        return token[start], token[start + length]

    def covered(size: int) -> int:
        start, end = spans_of(size)
        return int((end - start).sum())

    most = max(int(np.ceil(len(values) / SHARES[length])) for length, values in scores.items())
    start, end = spans_of(bisect_left(range(most), coverage * token[-1], key=covered))
    first = token[np.cumsum([0, *lengths])]
    document = np.searchsorted(first, start, side="right") - 1
    spans: list[list[tuple[int, int]]] = [[] for _ in documents]
    for row, *span in np.stack([document, start - first[document], end - first[document]], axis=1).tolist():
        spans[row].append(tuple(span))
    return spans
