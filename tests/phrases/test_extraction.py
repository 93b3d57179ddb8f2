"""Extraction: the worked example of the method, scopes, options and what it refuses."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from auxtask.errors import AuxtaskError
from auxtask.phrases.extraction import NgramExtractor
from auxtask.phrases.segmentation import learn_merges
from auxtask.phrases.vocabulary import punctuation_ids, vocabulary_fingerprint

CLASS_A = ["m1 money supply rose money supply fell", "money supply rose again"]
CLASS_B = ["o ##pec output rose", "o ##pec output fell and o ##pec prices rose"]
# In lexicographic order, so that ties between token ids are ties between tokens.
VOCABULARY = sorted({token for text in CLASS_A + CLASS_B for token in text.split()})


def ids(text):
    return [VOCABULARY.index(token) for token in text.split()]


def words(ngram):
    return " ".join(VOCABULARY[token] for token in ngram)


def merged(merges):
    return [f"{words(left)} + {words(right)}" for left, right in merges]


def bracketed(symbols):
    return " ".join(f"[{words(symbol)}]" if len(symbol) > 1 else words(symbol) for symbol in symbols)


@pytest.fixture
def worked_example():
    return {"token_ids": [ids(text) for text in CLASS_A + CLASS_B], "classes": [0, 0, 1, 1]}


def test_worked_example_per_class(worked_example):
    inventory = NgramExtractor(num_merges=300, min_frequency=2, scope="per_class").extract(**worked_example)
    assert merged(inventory.merges[0]) == ["money + supply", "money supply + rose"]
    assert merged(inventory.merges[1]) == ["o + ##pec", "o ##pec + output"]
    assert [bracketed(inventory.segment(ids(text), 0)) for text in CLASS_A] == [
        "m1 [money supply rose] [money supply] fell",
        "[money supply rose] again",
    ]
    assert [bracketed(inventory.segment(ids(text), 1)) for text in CLASS_B] == [
        "[o ##pec output] rose",
        "[o ##pec output] fell and [o ##pec] prices rose",
    ]
    assert {words(ngram): counts for ngram, counts in inventory.frequencies.items()} == {
        "money supply": {0: 1},
        "money supply rose": {0: 2},
        "o ##pec": {1: 1},
        "o ##pec output": {1: 2},
    }
    assert inventory.class_names == ("Class1", "Class2")
    assert inventory.class_tokens == (11, 13)
    # (3 + 3 + 2) of class A and (3 + 3 + 2) of class B.
    assert inventory.coverage == 16 / 24


def test_worked_example_on_the_whole_corpus(worked_example):
    inventory = NgramExtractor(scope="corpus").extract(**worked_example)
    (merges,) = inventory.merges
    assert merged(merges) == ["money + supply", "o + ##pec", "money supply + rose", "o ##pec + output"]
    assert inventory.classes(tuple(ids("money supply"))) == (0,)
    assert inventory.classes(tuple(ids("o ##pec output"))) == (1,)


def test_a_class_of_the_corpus_has_only_what_surfaces_in_it():
    documents = [[1, 2], [1, 2], [1, 2, 3], [3, 4]]
    inventory = NgramExtractor(scope="corpus").extract(documents, [0, 0, 1, 1])
    assert inventory.frequencies == {(1, 2): {0: 2, 1: 1}}
    # Apart, class 1 has no pair twice: legal, it just has no N-gram.
    inventory = NgramExtractor(scope="per_class").extract(documents, [0, 0, 1, 1])
    assert inventory.frequencies == {(1, 2): {0: 2}}
    assert inventory.spans([1, 2, 3], 1) == []


def test_a_merge_that_a_longer_one_always_absorbs_is_no_ngram():
    inventory = NgramExtractor().extract([[1, 2, 3], [1, 2, 3]], [0, 0])
    assert len(inventory.merges[0]) == 2
    assert list(inventory) == [(1, 2, 3)]
    # Found by that merge in another document it stays unlabelled.
    assert inventory.segment([1, 2, 9], 0) == [(1, 2), (9,)]
    assert inventory.spans([1, 2, 9], 0) == []


def test_number_of_merges():
    documents = [[first, second] for first in range(40) for second in range(40)] * 2
    classes = [0] * len(documents)
    assert len(NgramExtractor().extract(documents, classes).merges[0]) == 300
    assert len(NgramExtractor(scope="corpus").extract(documents, classes).merges[0]) == 1000
    assert len(NgramExtractor(num_merges=7).extract(documents, classes).merges[0]) == 7


def test_min_frequency():
    documents = [[1, 2]] * 3 + [[3, 4]] * 2 + [[5, 6]]
    for min_frequency, found in [(1, [(1, 2), (3, 4), (5, 6)]), (2, [(1, 2), (3, 4)]), (3, [(1, 2)])]:
        inventory = NgramExtractor(min_frequency=min_frequency).extract(documents, [0] * 6)
        assert list(inventory) == found


def test_no_ngram_reaches_across_punctuation(tokenizer):
    a, b, c, d, stop = tokenizer.convert_tokens_to_ids(["a", "b", "c", "d", "."])
    documents = [[a, b, stop, c, d]] * 3
    assert list(NgramExtractor().extract(documents, [0] * 3)) == [(a, b, stop, c, d)]
    extractor = NgramExtractor(cross_punctuation=False)
    assert set(extractor.extract(documents, [0] * 3, tokenizer=tokenizer)) == {(a, b), (c, d)}
    with pytest.raises(AuxtaskError, match="needs the tokenizer"):
        extractor.extract(documents, [0] * 3)


def test_word_scopes():
    # Words (1 2) and (3), the first of which also occurs at a border of two words.
    documents, word_ids = [[1, 2, 3]] * 3 + [[1, 2]], [[0, 0, 1]] * 3 + [[0, 1]]
    classes = [0] * 4

    def extract(word_scope):
        return NgramExtractor(word_scope=word_scope).extract(documents, classes, word_ids=word_ids)

    assert extract("any").frequencies == {(1, 2): {0: 1}, (1, 2, 3): {0: 3}}
    assert extract("within_word").frequencies == {(1, 2): {0: 3}}
    assert extract("cross_word").frequencies == {(1, 2, 3): {0: 3}}
    assert extract("within_word").spans([1, 2, 1, 2], 0, [0, 0, 1, 2]) == [(0, (1, 2))]
    assert extract("cross_word").spans([3, 1, 2, 3], 0, [0, 1, 1, 2]) == [(1, (1, 2, 3))]


def test_whole_words_with_punctuation_in_them_take_no_part(tokenizer):
    a, b, c, stop = tokenizer.convert_tokens_to_ids(["a", "b", "c", "."])
    documents, word_ids = [[a, stop, b, c]] * 2, [[0, 0, 1, 2]] * 2
    extractor = NgramExtractor(word_scope="cross_word", cross_punctuation=False)
    assert list(extractor.extract(documents, [0, 0], word_ids=word_ids, tokenizer=tokenizer)) == [(b, c)]


def test_arrays_are_read_like_lists():
    documents = [np.array([1, 2, 3]), np.array([1, 2]), np.array([], dtype=np.int64)]
    inventory = NgramExtractor().extract(documents, np.array([0, 0, 1]))
    assert inventory == NgramExtractor().extract([[1, 2, 3], [1, 2], []], [0, 0, 1])
    assert inventory.spans(np.array([1, 2]), np.int64(0)) == [(0, (1, 2))]


def test_names_and_vocabulary_are_kept(tokenizer):
    inventory = NgramExtractor().extract([[11, 12], [11, 12]], [0, 0], class_names=["a", "b"], tokenizer=tokenizer)
    assert inventory.class_names == ("a", "b")
    assert inventory.vocabulary == vocabulary_fingerprint(tokenizer)


def test_punctuation_ids(tokenizer: PreTrainedTokenizerFast):
    punctuation = punctuation_ids(tokenizer)
    assert tokenizer.convert_tokens_to_ids(".") in punctuation
    assert not punctuation & set(tokenizer.convert_tokens_to_ids(["a", "[UNK]", "[MASK]"]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"token_ids": [[1, 2]], "classes": [0, 1]}, "1 documents, 2 classes"),
        ({"token_ids": [[1, 2]], "classes": [0], "word_ids": []}, "1 documents, 1 classes, 0 word_ids"),
        ({"token_ids": [], "classes": []}, "no token in 0 documents"),
        ({"token_ids": [[], []], "classes": [0, 1]}, "no token in 2 documents"),
        ({"token_ids": [[1, 2]], "classes": [-1]}, "class index -1 is out of range"),
        ({"token_ids": [[1, 2]], "classes": [2], "class_names": ["a", "b"]}, "the indices are 0 to 1"),
        ({"token_ids": [[1, 2, 3]], "classes": [0]}, "no N-gram found.*lower min_frequency"),
        ({"token_ids": [["money", "supply"]], "classes": [0]}, "not whole numbers"),
        ({"token_ids": [[1.5, 2.5]], "classes": [0]}, "not whole numbers"),
    ],
)
def test_what_cannot_be_extracted_is_said_in_one_line(arguments, message):
    with pytest.raises(AuxtaskError, match=message) as raised:
        NgramExtractor().extract(**arguments)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_merges": 0}, "num_merges=0"),
        ({"min_frequency": 0}, "min_frequency=0"),
        ({"max_length": 1}, "max_length=1"),
        ({"scope": "class"}, "scope='class' is unknown; use per_class or corpus"),
        ({"word_scope": "word"}, "word_scope='word' is unknown"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(AuxtaskError, match=message):
        NgramExtractor(**options)


@given(
    st.lists(st.lists(st.integers(10, 12), max_size=9), min_size=1, max_size=6),
    st.integers(1, 4),
)
def test_two_equal_tokens_are_joined_only_where_so_many_pairs_do_not_overlap(documents, min_frequency):
    merges = learn_merges(documents, num_merges=50, min_frequency=min_frequency, max_length=10)
    joined = {left[0] for left, right in merges if left == right and len(left) == 1}
    pairs = dict.fromkeys((10, 11, 12), 0)
    for document in documents:
        for token, run in groupby(document):
            pairs[token] += len(list(run)) // 2
    assert all(pairs[token] >= min_frequency for token in joined)


def test_three_equal_tokens_hold_one_pair():
    with pytest.raises(AuxtaskError, match="no N-gram found"):
        NgramExtractor(min_frequency=2).extract([[7, 7, 7]], [0])
    assert NgramExtractor(min_frequency=2).extract([[7, 7, 7], [7, 7]], [0, 0]).frequencies == {(7, 7): {0: 2}}
    # The pair within a longer N-gram is a pair all the same.
    found = NgramExtractor(min_frequency=2).extract([[5, 7, 7, 6], [5, 7, 7, 6]], [0, 0])
    assert found.frequencies == {(5, 7, 7, 6): {0: 2}}
