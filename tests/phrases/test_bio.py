"""The BIO code and its inverse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxtask.errors import AuxtaskError
from auxtask.phrases.bio import align_labels, labels_to_spans, spans_to_labels


@st.composite
def typed_spans(draw):
    """Spans that do not overlap, and the length of their document."""
    spans, at = [], 0
    for gap, length in draw(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), max_size=8)):
        spans.append((at + gap, at + gap + length, draw(st.sampled_from(["10", "11", "a-b"]))))
        at = spans[-1][1]
    return at + draw(st.integers(0, 3)), spans


@given(typed_spans())
def test_labels_are_read_back_as_the_spans_written(document):
    length, spans = document
    labels = spans_to_labels(length, spans)
    assert len(labels) == length
    assert sum(label.startswith("B-") for label in labels) == len(spans)
    assert labels_to_spans(labels) == spans


@pytest.mark.parametrize(
    ("labels", "spans"),
    [
        ("I-a I-a O", [(0, 2, "a")]),
        ("B-a I-b I-b", [(0, 1, "a"), (1, 3, "b")]),
        ("B-a O I-a", [(0, 1, "a"), (2, 3, "a")]),
        ("", []),
    ],
)
def test_what_a_model_may_predict(labels, spans):
    assert labels_to_spans(labels.split()) == spans


def test_labels_beyond_a_truncation_are_dropped():
    assert align_labels(["O", "B-a", "I-a"], [-1, 0, 1, -1], {"O": 0, "B-a": 1, "I-a": 2}) == [-100, 0, 1, -100]


def test_labels_are_missing_or_unknown():
    with pytest.raises(AuxtaskError, match="1 labels for 2 tokens"):
        align_labels(["O"], [0, 1], {"O": 0})
    with pytest.raises(AuxtaskError, match="'B-b' was never seen in training"):
        align_labels(["B-b"], [0], {"O": 0})
