"""Words as tuples of token ids: counted against loops, spelled as they were written, whatever the tokenizer."""

from collections import Counter

import numpy as np
import pytest
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from auxtask.data.document_frequencies import folded
from auxtask.data.encoding import encode
from auxtask.data.word_counts import WordCounts
from auxtask.errors import AuxtaskError
from families import (
    byte_fallback_bpe,
    byte_level_bpe,
    characters,
    unigram,
    unsplit_unigram,
    wordpiece,
    xlm_roberta,
)

words = st.lists(st.integers(5, 8), min_size=1, max_size=4)
texts = st.lists(st.lists(words, max_size=8), min_size=1, max_size=6)


def encoded(documents, before=0, behind=0):
    """Documents of words of token ids, framed by 2 and 3 and padded by 0 on either side, as a data set."""
    columns = {"input_ids": [], "word_ids": [], "attention_mask": []}
    for document in documents:
        tokens = [(token, at) for at, word in enumerate(document) for token in word]
        columns["input_ids"].append([*[0] * before, 2, *(token for token, _ in tokens), 3, *[0] * behind])
        columns["word_ids"].append([*[-1] * before, -1, *(at for _, at in tokens), -1, *[-1] * behind])
        columns["attention_mask"].append([0] * before + [1] * (len(tokens) + 2) + [0] * behind)
    return Dataset.from_dict(columns)


@settings(deadline=None)
@given(texts, st.integers(0, 3), st.integers(0, 3))
def test_words_are_counted_as_a_loop_counts_them(documents, before, behind):
    split = encoded(documents, before, behind)
    found = WordCounts.of(split)
    counts = [Counter(map(tuple, document)) for document in documents]
    assert found.pieces == sorted(set().union(*counts))
    rows = zip(found.documents.tolist(), found.types.tolist(), found.counts.tolist(), strict=True)
    expected = [
        (document, found.pieces.index(word), number)
        for document, of_document in enumerate(counts)
        for word, number in sorted(of_document.items())
    ]
    assert list(rows) == expected
    assert found.num_documents == len(documents)
    assert found.totals.tolist() == [sum(each[word] for each in counts) for word in found.pieces]
    frequencies = [sum(word in each for each in counts) for word in found.pieces]
    assert found.document_frequencies.tolist() == frequencies
    scored = found.add_scores(split, "scores", np.arange(len(expected)) + 1.0)["scores"]
    for row, (document, given_document) in zip(scored, enumerate(documents), strict=True):
        of_tokens = [
            next(at for at, entry in enumerate(expected, 1) if entry[:2] == (document, found.pieces.index(word)))
            for word in map(tuple, given_document)
            for _ in word
        ]
        np.testing.assert_array_equal(row, [*[np.nan] * (before + 1), *of_tokens, *[np.nan] * (behind + 1)])


@settings(deadline=None, max_examples=50)
@given(texts.filter(lambda documents: any(documents)))
def test_tfidf_is_that_of_scikit_learn(documents):
    found = WordCounts.of(encoded(documents))
    vectorizer = TfidfVectorizer(analyzer=lambda document: list(map(tuple, document)), norm=None)
    expected = vectorizer.fit_transform(documents).toarray()
    columns = [vectorizer.vocabulary_[found.pieces[word]] for word in found.types]
    np.testing.assert_allclose(found.tfidf, expected[found.documents, columns], rtol=1e-12)


FAMILIES = [wordpiece, byte_level_bpe, unigram, xlm_roberta, unsplit_unigram, byte_fallback_bpe, characters]
TEXTS = ["Money café 東京 Straße", "the bank's Money said 1997 café"] * 3


@pytest.mark.parametrize("family", FAMILIES)
def test_words_are_spelled_as_they_are_written(family):
    tokenizer = family(TEXTS)
    split = encode(Dataset.from_dict({"text": TEXTS}), tokenizer, None)
    counted = WordCounts.of(split)
    spelled = counted.spelled(tokenizer)
    entries = iter(counted.entries.tolist())
    for text, word_ids in zip(TEXTS, split["word_ids"], strict=True):
        offsets = tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
        places = {word: [] for word in word_ids}
        types = dict.fromkeys(word_ids)
        for word, place, entry in zip(word_ids, offsets, entries, strict=False):
            places[word] += place
            types[word] = None if entry < 0 else spelled[counted.types[entry]]
        for word in set(word_ids) - {-1}:
            written = text[min(places[word]) : max(places[word])].strip()
            assert types[word] == (folded(written) if family is wordpiece else written)


def test_words_need_their_column():
    with pytest.raises(AuxtaskError, match=r"need a column 'word_ids'; add it with auxtask\.data\.encoding"):
        WordCounts.of(Dataset.from_dict({"input_ids": [[2, 5, 3]]}))
