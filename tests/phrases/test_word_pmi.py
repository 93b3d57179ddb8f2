"""PMI of words: worked numbers, and counts, scores and spans against naive loops."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxtask.phrases.word_pmi import WordNgrams, count_word_ngrams, find_pmi_spans, listed, pmi_scores, resolve

documents = st.lists(st.lists(st.integers(0, 3), max_size=12), min_size=1, max_size=5)


def naive_counts(texts, longest=5):
    counts, positions = Counter(), Counter()
    for text in texts:
        for length in range(1, longest + 1):
            for start in range(len(text) - length + 1):
                counts[tuple(text[start : start + length])] += 1
                positions[length] += 1
    return counts, positions


def naive_pmi(ngram, counts, positions, squared):
    """Over every way to cut the N-gram, spelled out."""

    def log_p(part):
        return math.log(counts[part] / positions[len(part)])

    lowest = math.inf
    for cuts in range(1, len(ngram)):
        for places in itertools.combinations(range(1, len(ngram)), cuts):
            edges = [0, *places, len(ngram)]
            parts = [ngram[one:other] for one, other in itertools.pairwise(edges)]
            lowest = min(lowest, log_p(ngram) - sum(map(log_p, parts)))
    return lowest + (log_p(ngram) if squared else 0)


def naive_spans(texts, size, min_count, squared):
    """The N-grams of a list of so many, as tuples, looked for place by place."""
    counts, positions = naive_counts(texts)
    scores = {
        ngram: round(naive_pmi(ngram, counts, positions, squared), 9)
        for ngram, count in counts.items()
        if len(ngram) > 1 and count >= min_count
    }
    entries = set()
    for length, share in {2: 2, 3: 4, 4: 8, 5: 8}.items():
        ranked = sorted(
            (ngram for ngram in scores if len(ngram) == length), key=lambda each: (-scores[each], each)
        )
        entries |= set(ranked[: size // share])
    spans = []
    for text in texts:
        ngrams = {
            (start, start + length): tuple(text[start : start + length])
            for length in (2, 3, 4, 5)
            for start in range(len(text) - length + 1)
        }
        found = []
        places = [place for place, ngram in ngrams.items() if ngram in entries]
        for start, end in sorted(places, key=lambda each: (each[0] - each[1], -scores[ngrams[each]], each[0])):
            if all(end <= other or start >= other_end for other, other_end in found):
                found.append((start, end))
        spans.append(sorted(found))
    return spans


def laid_out(texts):
    return np.array([word for text in texts for word in text], dtype=np.int64), np.array(list(map(len, texts)))


def test_the_worked_numbers():
    # new york city: of each length 1000 places.
    at = {1: np.array([0, 1, 2]), 2: np.array([0, 1, -1]), 3: np.array([0, -1, -1])}
    counts = {1: np.array([20, 12, 25]), 2: np.array([11, 6]), 3: np.array([6])}
    ngrams = WordNgrams(at, counts, dict.fromkeys(at, 1000))
    plain, squared = pmi_scores(ngrams, "plain"), pmi_scores(ngrams, "squared")
    np.testing.assert_allclose(plain[2], [3.825, 2.9957], atol=5e-5)
    np.testing.assert_allclose(plain[3], [3.0827], atol=5e-5)
    np.testing.assert_allclose(squared[2], [-0.6848, -2.1203], atol=5e-5)
    np.testing.assert_allclose(squared[3], [-2.0333], atol=5e-5)


@given(texts=documents, min_count=st.integers(1, 3))
def test_counts_are_those_of_a_naive_loop(texts, min_count):
    words, lengths = laid_out(texts)
    ngrams = count_word_ngrams(words, lengths, min_count)
    counts, positions = naive_counts(texts)
    first = np.cumsum(lengths) - lengths
    for length in range(1, 6):
        assert ngrams.positions[length] == positions[length]
        for text, begin in zip(texts, first.tolist(), strict=True):
            for start in range(len(text)):
                ngram = tuple(text[start : start + length])
                number = ngrams.at[length][begin + start]
                frequent = len(ngram) == length and counts[ngram] >= min_count
                assert (number >= 0) == frequent
                if frequent:
                    assert ngrams.counts[length][number] == counts[ngram]


@pytest.mark.parametrize("score", ["plain", "squared"])
@given(texts=documents)
def test_scores_are_the_least_over_all_ways_to_cut(score, texts):
    words, lengths = laid_out(texts)
    ngrams = count_word_ngrams(words, lengths, 1)
    scores = pmi_scores(ngrams, score)
    counts, positions = naive_counts(texts)
    for length, values in scores.items():
        for number, value in enumerate(values):
            begin = np.flatnonzero(ngrams.at[length] == number)[0]
            ngram = tuple(words[begin : begin + length].tolist())
            assert value == pytest.approx(naive_pmi(ngram, counts, positions, score == "squared"), abs=1e-9)


def test_lists_have_the_published_shares():
    scores = {length: np.random.default_rng(length).random(1000) for length in range(2, 6)}
    chosen = listed(scores, 800)
    assert {length: int(values.sum()) for length, values in chosen.items()} == {2: 400, 3: 200, 4: 100, 5: 100}
    for length, values in chosen.items():
        assert scores[length][values].min() > scores[length][~values].max()


@pytest.mark.parametrize("score", ["plain", "squared"])
@given(texts=documents, size=st.integers(0, 60), min_count=st.integers(1, 3))
def test_spans_of_a_list_are_those_of_a_naive_loop(score, texts, size, min_count):
    words, lengths = laid_out(texts)
    ngrams = count_word_ngrams(words, lengths, min_count)
    # Scores that are equal but for rounding, as the loop takes them.
    scores = {length: values.round(9) for length, values in pmi_scores(ngrams, score).items()}
    found = resolve(ngrams, scores, listed(scores, size))
    first = (np.cumsum(lengths) - lengths).tolist()
    expected = [
        [begin + start, end - start]
        for begin, spans in zip(first, naive_spans(texts, size, min_count, score == "squared"), strict=True)
        for start, end in spans
    ]
    assert found.tolist() == expected


@pytest.mark.parametrize("coverage", [0.1, 0.3, 0.5])
def test_the_list_covers_the_share_and_one_of_an_entry_less_does_not(coverage):
    rng = np.random.default_rng(0)
    texts = [rng.geometric(0.2, size=rng.integers(20, 60)).tolist() for _ in range(20)]
    words, lengths = laid_out(texts)
    ngrams = count_word_ngrams(words, lengths, 3)
    scores = pmi_scores(ngrams)
    # Words of one token each: places in words are places in tokens.
    of_sizes = [resolve(ngrams, scores, listed(scores, size)) for size in range(400)]
    shares = [spans[:, 1].sum() / len(words) for spans in of_sizes]
    found = find_pmi_spans([[(word,) for word in text] for text in texts], coverage, min_count=3)
    first = (np.cumsum(lengths) - lengths).tolist()
    flat = [[begin + one, other - one] for begin, row in zip(first, found, strict=True) for one, other in row]
    size = next(size for size, spans in enumerate(of_sizes) if spans.tolist() == flat)
    assert shares[size - 1] < coverage <= shares[size]


def test_spans_are_told_in_tokens_and_never_cross_documents():
    texts = [[(1, 2), (3,), (9,)], [], [(8,), (1, 2), (3,)], [(1, 2)], [(3,)]]
    assert find_pmi_spans(texts, coverage=0.5, min_count=2) == [[(0, 3)], [], [(1, 4)], [], []]


def test_nothing_frequent_is_no_span():
    assert find_pmi_spans([[(1,), (2,)], [(3,)]], min_count=10) == [[], []]
    assert find_pmi_spans([[]], min_count=10) == [[]]
