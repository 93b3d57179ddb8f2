"""The document-word graph against its worked example, windows counted one by one, and the published totals."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from auxtask.baselines import graph
from auxtask.baselines.graph import cached_edges, document_word_edges, normalized_adjacency
from auxtask.data.cleaning import clean, clean_documents
from auxtask.data.readers import read_pairs
from auxtask.errors import AuxtaskError
from marking import rest_in_ci
from oracles import naive_edges

EXAMPLE = [["oil", "prices", "rise"], ["oil", "oil", "output", "cut"], ["bank", "cut", "rates"]]
WORDS = ["bank", "cut", "oil", "output", "prices", "rates", "rise"]


def as_dicts(edges, documents):
    """Edges by names, as the oracle gives them."""
    words = sorted({word for document in documents for word in document})
    entries = edges.tocoo()
    named = [
        (int(row), words[column], float(weight))
        for row, column, weight in zip(entries.row, entries.col, entries.data, strict=True)
    ]
    pmi = {(words[row - len(documents)], word): w for row, word, w in named if row >= len(documents)}
    return pmi, {(row, word): weight for row, word, weight in named if row < len(documents)}


def assert_same(edges, documents, window, pair_count):
    for found, expected in zip(
        as_dicts(edges, documents), naive_edges(documents, window, pair_count), strict=True
    ):
        # An edge of weight 0 but for rounding may be on one side alone.
        assert {
            key for key in found.keys() ^ expected.keys() if max(found.get(key, 0), expected.get(key, 0)) > 1e-9
        } == set()
        shared = found.keys() & expected.keys()
        assert [found[key] for key in shared] == pytest.approx(
            [expected[key] for key in shared], rel=1e-5, abs=1e-9
        )


@pytest.mark.parametrize(("pair_count", "oil_output"), [("positions", np.log(2)), ("windows", np.log(8 / 6))])
def test_the_worked_example(pair_count, oil_output):
    pmi, tfidf = as_dicts(document_word_edges(EXAMPLE, window=3, pair_count=pair_count), EXAMPLE)
    assert pmi["oil", "output"] == pytest.approx(oil_output)
    assert pmi["prices", "rise"] == pytest.approx(1.3863, abs=5e-5)
    assert pmi["oil", "prices"] == pytest.approx(0.2877, abs=5e-5)
    assert ("cut", "output") not in pmi
    assert ("cut", "oil") not in pmi
    assert tfidf[1, "oil"] == pytest.approx(0.8109, abs=5e-5)
    assert tfidf[0, "prices"] == pytest.approx(1.0986, abs=5e-5)


def test_the_worked_example_normalised():
    adjacency = normalized_adjacency(document_word_edges(EXAMPLE, window=3)).toarray()
    oil, output = (3 + WORDS.index(word) for word in ("oil", "output"))
    assert adjacency[0, [0, oil]] == pytest.approx([0.2776, 0.1144], abs=5e-5)
    assert adjacency[oil, output] == pytest.approx(0.2222, abs=5e-5)
    assert (adjacency == adjacency.T).all()


documents_of_letters = st.lists(st.lists(st.sampled_from("abcdef"), max_size=12), min_size=1, max_size=6).filter(
    any
)


@settings(max_examples=150, deadline=None)
@given(documents_of_letters, st.integers(2, 6), st.sampled_from(["positions", "windows"]))
def test_edges_equal_those_counted_window_by_window(documents, window, pair_count):
    assert_same(document_word_edges(documents, window, pair_count), documents, window, pair_count)


@settings(max_examples=50, deadline=None)
@given(documents_of_letters)
def test_eigenvalues_of_the_normalised_adjacency_lie_in_minus_one_to_one(documents):
    values = np.linalg.eigvalsh(normalized_adjacency(document_word_edges(documents, window=3)).toarray())
    assert values[0] >= -1 - 1e-5
    assert values[-1] == pytest.approx(1, abs=1e-5)


def test_settings_are_checked():
    with pytest.raises(AuxtaskError, match="window=1 "):
        document_word_edges(EXAMPLE, window=1)
    with pytest.raises(AuxtaskError, match="pair_count='both'"):
        document_word_edges(EXAMPLE, pair_count="both")
    with pytest.raises(AuxtaskError, match="no word is left"):
        document_word_edges([[], []])


def test_a_graph_is_built_once_for_each_content(tmp_path, monkeypatch):
    built = cached_edges(EXAMPLE, 3, "positions", tmp_path)
    monkeypatch.setattr(graph, "document_word_edges", None)
    kept = cached_edges(EXAMPLE, 3, "positions", tmp_path)
    assert (kept != built).nnz == 0
    for other in ((EXAMPLE, 4, "positions"), (EXAMPLE, 3, "windows"), (EXAMPLE[:2], 3, "positions")):
        with pytest.raises(TypeError):
            cached_edges(*other, tmp_path)


def test_cleaning_keeps_words_and_marks():
    assert clean("It's (almost) 5 o'clock, isn't it?") == [
        "it", "'s", "(", "almost", ")", "5", "o'clock", ",", "is", "n't", "it", "?",
    ]  # fmt: skip
    assert clean("--- * ---") == []
    assert clean_documents(["a b b", "the b c"], min_count=1) == [["b", "b"], ["b", "c"]]


def real_documents(data_folder, name, **cleaning):
    texts = [
        text for split in ("train", "test") for text, _ in read_pairs(data_folder / name / f"{split}.jsonl.gz")
    ]
    return clean_documents(texts, **cleaning)


# Words, edges between words, edges between documents and words: as published, or measured on the public graphs.
TOTALS = {"mr": ({"stop_words": [], "min_count": 1}, 18764, 752299, 196826), "r8": ({}, 7688, 1420880, 323670)}


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "cleaning", "words", "word_edges", "document_edges"), rest_in_ci((k, *v) for k, v in TOTALS.items())
)
def test_real_text(data_folder, name, cleaning, words, word_edges, document_edges):
    documents = real_documents(data_folder, name, **cleaning)
    sample = documents[::97]
    for pair_count in ("positions", "windows"):
        assert_same(document_word_edges(sample, pair_count=pair_count), sample, 20, pair_count)
    edges = document_word_edges(documents)
    assert edges.shape == (len(documents) + words, words)
    assert edges[len(documents) :].nnz == word_edges
    assert edges[: len(documents)].nnz == document_edges
    adjacency = normalized_adjacency(edges)
    assert adjacency.nnz == 2 * edges.nnz + edges.shape[0]
    [largest] = sp.linalg.eigsh(adjacency, k=1, return_eigenvectors=False)
    assert largest == pytest.approx(1, abs=1e-4)
