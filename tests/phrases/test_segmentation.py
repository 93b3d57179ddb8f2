"""The library's merges against the textbook loop that recounts all pairs at every step."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive_bpe import cut, pair_counts, parted, replay

from auxtask.errors import AuxtaskError
from auxtask.phrases import segmentation
from auxtask.phrases.segmentation import MergeSegmenter, learn_merges, longest_match, to_spans, to_units

LEARN = {"num_merges": 300, "min_frequency": 2, "max_length": 10}
# Few different tokens and a boundary now and then: many repetitions, runs and ties.
UNITS = st.sampled_from([1, 2, 3, 4, None])
CORPORA = st.lists(st.lists(UNITS, max_size=30), min_size=1, max_size=6)


def first_pairs(merges):
    return [left + right for left, right in merges]


@given(CORPORA, st.integers(1, 20), st.integers(1, 4), st.integers(2, 10))
def test_every_merge_is_a_most_frequent_pair_and_the_last_leaves_no_other(
    documents, num_merges, min_frequency, max_length
):
    merges = learn_merges(documents, num_merges=num_merges, min_frequency=min_frequency, max_length=max_length)
    documents = parted(documents, min_frequency)
    segmented = [replay(document, []) for document in documents]
    for number, merge in enumerate(merges):
        counts = pair_counts(segmented, max_length)
        assert counts[merge] == max(counts.values()) >= min_frequency
        segmented = [replay(document, merges[: number + 1]) for document in documents]
    assert len(merges) <= num_merges
    if len(merges) < num_merges:
        assert max(pair_counts(segmented, max_length).values(), default=0) < min_frequency


@given(CORPORA, st.lists(st.lists(UNITS, max_size=30), max_size=3))
def test_documents_are_segmented_as_the_replayed_merges_say(documents, unseen):
    merges = learn_merges(documents, **LEARN)
    everything = documents + unseen
    for document, lengths in zip(everything, MergeSegmenter(merges).segment(everything), strict=True):
        assert cut(document, lengths) == [symbol for symbol in replay(document, merges) if symbol != (None,)]


@given(CORPORA, st.randoms(use_true_random=False))
def test_merges_do_not_depend_on_the_order_of_documents(documents, shuffler):
    shuffled = documents[:]
    shuffler.shuffle(shuffled)
    assert learn_merges(shuffled, **LEARN) == learn_merges(documents, **LEARN)


def test_ties_go_to_the_lowest_token_ids():
    documents = [[8, 9], [8, 9], [5, 7], [5, 7], [5, 6], [5, 6]]
    assert first_pairs(learn_merges(documents, **LEARN)) == [(5, 6), (5, 7), (8, 9)]


def test_a_run_of_equal_tokens_is_merged_from_the_left():
    documents = [[1, 1, 1, 1, 1]]
    merges = learn_merges(documents, num_merges=1, min_frequency=2, max_length=10)
    assert merges == (((1,), (1,)),)
    assert list(MergeSegmenter(merges).segment(documents)) == [[2, 2, 1]]


def test_the_earliest_merge_goes_first_and_the_longest_match_does_not():
    a, b, c = 1, 2, 3
    lengths = next(MergeSegmenter([((b,), (c,)), ((a,), (b,))]).segment([[a, b, c]]))
    assert to_spans([a, b, c], lengths) == [(1, (b, c))]
    lengths = longest_match([a, b, c], frozenset({(b, c), (a, b)}))
    assert to_spans([a, b, c], lengths) == [(0, (a, b))]


@pytest.mark.parametrize("max_length", [2, 3, 5, 7])
def test_no_symbol_is_longer_than_asked_for(max_length):
    options = {"num_merges": 300, "min_frequency": 2, "max_length": max_length}
    fitting = learn_merges([list(range(max_length))] * 2, **options)
    assert max(map(len, first_pairs(fitting))) == max_length
    longer = learn_merges([list(range(40))] * 2, **options)
    assert max(map(len, first_pairs(longer))) <= max_length


def test_more_tokens_than_the_basic_plane_has_characters():
    # 70,000 tokens reach past the surrogates U+D800 to U+DFFF, which are no characters.
    documents = [list(range(70_000)), list(range(54_990, 55_010)) * 2]
    merges = learn_merges(documents, num_merges=40, min_frequency=3, max_length=2)
    assert {left[0] for left, _ in merges} <= set(range(54_990, 55_010))
    assert len(merges) == 10
    for document, lengths in zip(documents, MergeSegmenter(merges).segment(documents), strict=True):
        assert cut(document, lengths) == replay(document, merges)


def test_batches_of_any_size_are_segmented_alike(monkeypatch):
    shuffler = random.Random(0)
    documents = [shuffler.choices([1, 2, 3], k=shuffler.randrange(20)) for _ in range(50)]
    segmenter = MergeSegmenter(learn_merges(documents, **LEARN))
    whole = list(segmenter.segment(documents))
    monkeypatch.setattr(segmentation, "_BATCH", 7)
    assert list(segmenter.segment(documents)) == whole


def naive_longest_match(document, ngrams):
    """All ways of naming the tokens from every position, the longest first; single tokens always fit."""
    lengths, at = [], 0
    while at < len(document):
        if document[at] is None:
            at += 1
            continue
        fitting = [n for n in range(2, 12) if tuple(document[at : at + n]) in ngrams and at + n <= len(document)]
        lengths.append(max(fitting, default=1))
        at += lengths[-1]
    return lengths


@given(
    st.lists(UNITS, max_size=40),
    st.frozensets(st.lists(st.integers(1, 4), min_size=2, max_size=5).map(tuple), max_size=8),
)
def test_longest_match(document, ngrams):
    assert longest_match(document, ngrams) == naive_longest_match(document, ngrams)


def test_longest_match_of_whole_words():
    ngrams = frozenset({(1, 2, 3), (2, 3)})
    assert longest_match([(1, 2), (3,), (2,), (3, 4)], ngrams) == [2, 1, 1]


@pytest.mark.parametrize(
    ("word_scope", "units"),
    [
        ("any", [1, 2, 3, 4, 5]),
        ("within_word", [1, None, 2, 3, None, 4, 5]),
        ("cross_word", [(1,), (2, 3), (4, 5)]),
    ],
)
def test_units(word_scope, units):
    assert to_units([1, 2, 3, 4, 5], [0, 1, 1, 2, 2], word_scope) == units
    assert to_units([], [], word_scope) == []


@pytest.mark.parametrize("word_ids", [None, [0], [0, 1, 2]])
def test_word_scope_needs_the_word_of_every_token(word_ids):
    with pytest.raises(AuxtaskError, match=r"word_ids: .* given for 2 tokens"):
        to_units([1, 2], word_ids, "within_word")


def test_words_that_look_alike_when_joined_stay_apart():
    # The word (1, 2) and the words (1,), (2,) have the same tokens.
    documents = [[(1, 2), (5,)], [(1, 2), (5,)], [(1,), (2,)], [(1,), (2,)], [(1,), (2,)]]
    merges = learn_merges(documents, **LEARN)
    assert merges == ((((1,),), ((2,),)), (((1, 2),), ((5,),)))
    assert list(MergeSegmenter(merges).segment(documents)) == [[2]] * 5
    assert to_spans(documents[0], [2]) == [(0, (1, 2, 5))]


def test_more_words_than_characters(monkeypatch):
    monkeypatch.setattr(segmentation, "_CHARACTERS", 3)
    with pytest.raises(AuxtaskError, match="4 distinct words"):
        learn_merges([[1, 2, 3, 4]] * 2, **LEARN)
