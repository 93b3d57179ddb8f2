"""Which tokens each metric masks and predicts, against the published masking table and the definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxtask.data.documents import Documents
from auxtask.errors import AuxtaskError
from auxtask.likelihood.rows import PLL_METRICS, masked_batches, masked_spans, row_counts
from oracles import masked_positions

MASK = 99
# [CLS] the so ##uven ##ir shop opened . [SEP]
SOUVENIR = ([1, 10, 11, 12, 13, 14, 15, 16, 2], [-1, 0, 1, 1, 1, 2, 3, 4, -1])
NAMES = {MASK: "M", **dict(enumerate(["the", "so", "##uven", "##ir", "shop", "opened", "."], 10))}


def rows_of(
    documents: Documents, metric: str, tokens_per_batch: int = 1000, stride: int | None = None
) -> dict[tuple[int, int], list[int]]:
    """The masked row in which each (document, position) is predicted; each must be predicted once."""
    rows: dict[tuple[int, int], list[int]] = {}
    for batch in masked_batches(documents, metric, MASK, tokens_per_batch, stride):
        assert batch.input_ids.size <= max(tokens_per_batch, batch.input_ids.shape[1])
        for row, position, target, destination in zip(
            batch.row, batch.position, batch.target, batch.destination, strict=True
        ):
            document = int(np.searchsorted(documents.offsets, destination, side="right")) - 1
            place = (document, int(position))
            assert place not in rows
            assert destination == documents.offsets[document] + position
            assert target == documents.token_ids[destination]
            rows[place] = batch.input_ids[row].tolist()
    return rows


@pytest.mark.parametrize(
    ("metric", "so", "uven", "ir"),
    [
        ("original", "the M ##uven ##ir shop", "the so M ##ir shop", "the so ##uven M shop"),
        ("word_l2r", "the M M M shop", "the so M M shop", "the so ##uven M shop"),
        ("whole_word", "the M M M shop", "the M M M shop", "the M M M shop"),
    ],
)
def test_the_published_masking_table(metric: str, so: str, uven: str, ir: str) -> None:
    rows = rows_of(Documents.from_lists([SOUVENIR[0]], [SOUVENIR[1]]), metric)
    shown = {position: " ".join(NAMES[token] for token in row[1:-1]) for (_, position), row in rows.items()}
    assert shown == {
        1: "M so ##uven ##ir shop opened .",
        2: f"{so} opened .",
        3: f"{uven} opened .",
        4: f"{ir} opened .",
        5: "the so ##uven ##ir M opened .",
        6: "the so ##uven ##ir shop M .",
        7: "the so ##uven ##ir shop opened M",
    }


@pytest.mark.parametrize(("metric", "expected"), [("original", 7), ("word_l2r", 7), ("whole_word", 5)])
def test_number_of_rows(metric: str, expected: int) -> None:
    batches = masked_batches(Documents.from_lists([SOUVENIR[0]], [SOUVENIR[1]]), metric, MASK, 20)
    assert sum(len(batch.input_ids) for batch in batches) == expected


@st.composite
def documents(draw: st.DrawFn) -> list[list[int]]:
    """Word indices of some documents, special tokens anywhere, also inside a document."""
    sizes = st.lists(st.integers(0, 3), max_size=5)
    rows = []
    for document in draw(st.lists(sizes, min_size=1, max_size=5)):
        words: list[int] = []
        for word, size in enumerate(document):
            words += [word] * size or [-1]
        rows.append(draw(st.sampled_from([[], [-1]])) + words + draw(st.sampled_from([[], [-1]])))
    return rows


@pytest.mark.parametrize("metric", PLL_METRICS)
@given(word_ids=documents(), tokens_per_batch=st.integers(1, 40))
def test_every_token_is_predicted_once_under_the_definition(
    metric: str, word_ids: list[list[int]], tokens_per_batch: int
) -> None:
    token_ids = [list(range(10, 10 + len(words))) for words in word_ids]
    expected = {
        (document, target): [
            MASK if position in masked_positions(words, target, metric) else token
            for position, token in enumerate(token_ids[document])
        ]
        for document, words in enumerate(word_ids)
        for target in range(len(words))
        if words[target] >= 0
    }
    assert rows_of(Documents.from_lists(token_ids, word_ids), metric, tokens_per_batch) == expected


@given(word_ids=documents(), tokens_per_batch=st.integers(1, 40))
def test_a_document_is_finished_with_its_last_row(word_ids: list[list[int]], tokens_per_batch: int) -> None:
    laid_out = Documents.from_lists([[7] * len(words) for words in word_ids], word_ids)
    missing = {document: sum(word >= 0 for word in words) for document, words in enumerate(word_ids)}
    finished = []
    for batch in masked_batches(laid_out, "word_l2r", MASK, tokens_per_batch):
        for document in np.searchsorted(laid_out.offsets, batch.destination, side="right") - 1:
            missing[int(document)] -= 1
        for document in batch.finished.tolist():
            assert missing[document] == 0
            finished.append(document)
    assert sorted(finished) == [document for document, words in enumerate(word_ids) if max(words, default=-1) >= 0]


@pytest.mark.parametrize("metric", PLL_METRICS)
@given(word_ids=documents(), stride=st.integers(1, 6))
def test_a_stride_bounds_the_rows_and_keeps_the_masks_of_every_word(
    metric: str, word_ids: list[list[int]], stride: int
) -> None:
    token_ids = [list(range(10, 10 + len(words))) for words in word_ids]
    laid_out = Documents.from_lists(token_ids, word_ids)
    for (document, target), row in rows_of(laid_out, metric, stride=stride).items():
        words = word_ids[document]
        word = [position for position, index in enumerate(words) if index == words[target]]
        # Within the word of the target everything is as in the exact row.
        expected = masked_positions(words, target, metric)
        assert {position for position in word if row[position] == MASK} == expected
        # Masked elsewhere are whole spans of the metric, and never special tokens.
        assert all(words[position] >= 0 for position, token in enumerate(row) if token == MASK)
    count = sum(len(batch.input_ids) for batch in masked_batches(laid_out, metric, MASK, 1000, stride))
    longest = [max((words.count(index) for index in words if index >= 0), default=0) for words in word_ids]
    assert count <= sum(max(stride, 1 if metric == "whole_word" else pieces) for pieces in longest)
    assert row_counts(laid_out, metric, stride).sum() == count
    if metric == "unmasked":
        assert count == sum(pieces > 0 for pieces in longest)


@pytest.mark.parametrize("metric", PLL_METRICS)
@given(word_ids=documents(), group=st.integers(1, 12))
def test_planning_documents_in_groups_changes_no_row(metric: str, word_ids: list[list[int]], group: int) -> None:
    laid_out = Documents.from_lists([list(range(10, 10 + len(words))) for words in word_ids], word_ids)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auxtask.likelihood.rows.TOKENS_PER_GROUP", group)
        grouped = rows_of(laid_out, metric)
        counts = row_counts(laid_out, metric)
    rows = masked_spans(laid_out, metric).document
    assert counts.tolist() == np.bincount(rows, minlength=len(laid_out)).tolist()
    assert grouped == rows_of(laid_out, metric)


def test_strided_rows_of_the_published_example() -> None:
    rows = rows_of(Documents.from_lists([SOUVENIR[0]], [SOUVENIR[1]]), "word_l2r", stride=3)
    shown = {position: " ".join(NAMES[token] for token in row[1:-1]) for (_, position), row in rows.items()}
    first, second, third = "M so ##uven M shop opened M", "the M M M M opened .", "the so M M shop M ."
    assert shown == {1: first, 4: first, 7: first, 2: second, 5: second, 3: third, 6: third}


def test_a_long_stride_is_exact() -> None:
    laid_out = Documents.from_lists([SOUVENIR[0]], [SOUVENIR[1]])
    for metric in PLL_METRICS:
        assert rows_of(laid_out, metric, stride=7) == rows_of(laid_out, metric), metric


def test_an_unknown_metric_is_named() -> None:
    with pytest.raises(AuxtaskError, match="metric='l2r' is unknown; use one of original, whole_word, word_l2r"):
        next(masked_batches(Documents.from_lists([[1]], [[0]]), "l2r", MASK, 10))
