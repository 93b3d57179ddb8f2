"""Windows over long documents: every token is scored once, where most of the document stands around it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import BertForMaskedLM, PreTrainedTokenizerFast

from auxtask.data.documents import Documents
from auxtask.data.encoding import encode_texts
from auxtask.likelihood.rows import PLL_METRICS
from auxtask.likelihood.scorer import PLLScorer
from auxtask.likelihood.windows import split_into_windows
from oracles import naive_log_probs

CLS, SEP = 2, 3


def document_of(pieces: list[int]) -> tuple[list[int], list[int]]:
    """A document of words with so many pieces each, framed; its token ids are its positions."""
    words = [-1, *(word for word, count in enumerate(pieces) for _ in range(count)), -1]
    return list(range(len(words))), words


def body_of(windows: Documents, window: int) -> list[int]:
    """Positions of a window within its document, whose special tokens stand at both ends of every window."""
    first, *body, last = windows.part(windows.token_ids, window).tolist()
    assert (first, body) == (0, list(range(body[0], body[-1] + 1)))
    assert body[-1] < last
    return body


@given(pieces=st.lists(st.integers(1, 6), min_size=1, max_size=40), max_length=st.integers(3, 20))
def test_each_token_is_scored_once_where_the_nearer_edge_is_farthest(pieces: list[int], max_length: int) -> None:
    token_ids, word_ids = document_of(pieces)
    windows, place = split_into_windows(Documents.from_lists([token_ids], [word_ids]), max_length)
    assert windows.lengths.max() <= max(max_length, 3)
    assert np.array_equal(place, windows.token_ids)
    bodies = [body_of(windows, window) for window in range(len(windows))]
    for position in range(1, len(token_ids) - 1):
        distances = [min(position - body[0], body[-1] - position) if position in body else -1 for body in bodies]
        scored_in = [
            window
            for window in range(len(windows))
            if position in windows.part(place, window)[windows.part(windows.scored, window)]
        ]
        assert scored_in == [distances.index(max(distances))]


@given(pieces=st.lists(st.integers(1, 6), min_size=1, max_size=40), size=st.integers(6, 20))
def test_edges_lie_between_words_half_a_window_apart(pieces: list[int], size: int) -> None:
    token_ids, word_ids = document_of(pieces)
    windows, _ = split_into_windows(Documents.from_lists([token_ids], [word_ids]), size + 2)
    bodies = [body_of(windows, window) for window in range(len(windows))]
    # No word is longer than a stretch, so none is ever cut.
    for body in bodies:
        assert word_ids[body[0]] != word_ids[body[0] - 1]
        assert word_ids[body[-1]] != word_ids[body[-1] + 1]
    for body, following in pairwise(bodies):
        assert 1 <= following[0] - body[0] <= max(size // 2, pieces[word_ids[body[0]]])
        assert size - max(pieces) < len(body) <= size


def test_one_word_longer_than_every_window() -> None:
    token_ids, word_ids = document_of([11])
    windows, place = split_into_windows(Documents.from_lists([token_ids], [word_ids]), 6)
    assert [body_of(windows, window) for window in range(len(windows))] == [
        [1, 2, 3, 4], [3, 4, 5, 6], [5, 6, 7, 8], [7, 8, 9, 10], [9, 10, 11],
    ]  # fmt: skip
    assert sorted(place[windows.scored]) == list(range(1, 12))


def test_short_documents_stay_as_they_are() -> None:
    short, long, bare = document_of([1, 1]), document_of([3] * 9), document_of([])
    token_ids, word_ids = zip(short, long, bare, strict=True)
    documents = Documents.from_lists([*token_ids, []], [*word_ids, []])
    windows, place = split_into_windows(documents, 12)
    parts = [windows.part(windows.token_ids, window).tolist() for window in range(len(windows))]
    assert (parts[0], *parts[-2:]) == (short[0], bare[0], [])
    assert len(parts) > 4
    assert np.array_equal(documents.token_ids[place], windows.token_ids)
    unchanged, place = split_into_windows(documents, 29)
    assert unchanged is documents
    assert place.tolist() == list(range(len(documents.token_ids)))


@pytest.mark.parametrize("metric", PLL_METRICS)
def test_scores_of_a_long_text_are_those_of_its_windows(
    metric: str, masked_lm: BertForMaskedLM, tokenizer: PreTrainedTokenizerFast, sentences: list[str]
) -> None:
    text = " ".join(sentences)
    encoded = encode_texts([text], tokenizer, None)
    [token_ids], [word_ids] = encoded["input_ids"], encoded["word_ids"]
    scorer = PLLScorer(masked_lm, tokenizer, metric, max_length=20, tokens_per_batch=200)
    scores, short = scorer.score([text, sentences[0]])
    assert len(scores) == len(token_ids) - 2 > 4 * 20
    assert np.isfinite(scores.log_probs).all()
    np.testing.assert_allclose(short.log_probs, scorer.score([sentences[0]])[0].log_probs, atol=1e-5)

    windows, place = split_into_windows(Documents.from_lists([token_ids], [word_ids]), 20)
    for window in range(0, len(windows), 3):
        expected = naive_log_probs(
            masked_lm,
            windows.part(windows.token_ids, window).tolist(),
            windows.part(windows.word_ids, window).tolist(),
            metric,
            tokenizer.mask_token_id,
        )
        scored = windows.part(windows.scored, window)
        np.testing.assert_allclose(
            scores.log_probs[windows.part(place, window)[scored] - 1], expected[scored], rtol=0, atol=1e-5
        )
