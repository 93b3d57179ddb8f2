"""The masked rows of the pseudo-log-likelihood metrics, as index arrays until their batch is due."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from auxtask.data.documents import Documents, ranges
from auxtask.errors import AuxtaskError

Indices = NDArray[np.int64]

# Documents are turned into index arrays so many tokens at a time: bounds them in memory.
TOKENS_PER_GROUP = 2**20

PLL_METRICS = ("original", "whole_word", "word_l2r", "unmasked")


@dataclass(frozen=True)
class RowBatch:
    """Masked rows of equal length: nothing is padded, so no attention mask is needed.

    Args:
        input_ids: (rows, length), int64, with mask tokens in place.
        row: the row of each scored position, shape (scored,).
        position: its column, shape (scored,).
        target: the token to be predicted there, shape (scored,).
        destination: its place in the documents' flat arrays, shape (scored,).
        finished: the documents that have no rows after this batch.
    """

    input_ids: Indices
    row: Indices
    position: Indices
    target: Indices
    destination: Indices
    finished: Indices


@dataclass(frozen=True)
class Spans:
    """In its row, each masks tokens `start..stop-1` and predicts those up to `scored_stop-1` of them.

    Args:
        row: ascending, shape (spans,), int64.
        start, stop, scored_stop: places in the documents' flat arrays, shape (spans,), int64.
        document: of each row, ascending, shape (rows,), int64.
    """

    row: Indices
    start: Indices
    stop: Indices
    scored_stop: Indices
    document: Indices


def masked_spans(documents: Documents, metric: str, stride: int | None = None) -> Spans:
    """Say what each row of a metric masks and predicts.

    For a token t of the word W(t), `original` (Salazar et al. 2020) predicts t with t masked; `word_l2r`
    (Kauf and Ivanova 2023) with t and what follows it in W(t) masked; `whole_word` (the same) with all of
    W(t) masked, so that one row serves a whole word. `unmasked` predicts every token from one row with nothing
    masked: the cheapest approximation, since the model sees what it is to predict. Special tokens are never
    masked and never predicted.

    Args:
        documents: the documents; consecutive tokens of one word index are a word.
        metric: `original`, `whole_word`, `word_l2r` or `unmasked`.
        stride: None predicts one token (or word) a row: exact. A number k >= 1 predicts every k-th of them in
            one row, so that a document costs k rows however long it is; an approximation, since each is
            predicted with the others masked. No row masks two pieces of a word apart: where a word has more
            than k pieces, its document takes so many rows. No matter for `unmasked`.

    Returns:
        The spans, row by row and document by document.

    Raises:
        AuxtaskError: the metric is unknown.

    >>> documents = Documents.from_lists([[2, 7, 8, 9, 3]], [[-1, 0, 1, 1, -1]])
    >>> spans = masked_spans(documents, "word_l2r")
    >>> list(zip(spans.start.tolist(), spans.stop.tolist()))
    [(1, 2), (2, 4), (3, 4)]
    >>> masked_spans(documents, "word_l2r", stride=2).row.tolist()
    [0, 0, 1]
    """
    start, stop, scored_stop, document, rows = _spans(documents, metric, stride)
    spans: Indices = np.bincount(document, minlength=len(documents))
    first_span, first_row = np.cumsum(spans) - spans, np.cumsum(rows) - rows
    rank = np.arange(len(start)) - first_span[document]
    row: Indices = first_row[document] + np.remainder(rank, rows[document])
    order = np.argsort(row, kind="stable")
    row_document = np.repeat(np.arange(len(documents)), rows)
    return Spans(row[order], start[order], stop[order], scored_stop[order], row_document)


def row_counts(documents: Documents, metric: str, stride: int | None = None) -> Indices:
    """Count the rows that the documents cost.

    Args:
        documents, metric, stride: as for `masked_spans`.

    Returns:
        Those of each document, (documents,), int64.

    >>> documents = Documents.from_lists([[2, 7, 8, 9, 3]], [[-1, 0, 1, 1, -1]])
    >>> [row_counts(documents, metric).tolist() for metric in PLL_METRICS]
    [[3], [2], [3], [1]]
    """
    groups = _groups(documents, np.arange(len(documents)))
    return np.concatenate([_spans(documents.take(group), metric, stride)[-1] for group in groups])


def _spans(
    documents: Documents, metric: str, stride: int | None
) -> tuple[Indices, Indices, Indices, Indices, Indices]:
    """Give the spans in the order of the text: start, stop, scored_stop and document; and the documents' rows."""
    word, word_stop = documents.words()
    pieces = word_stop - word
    token = ranges(word, word_stop)
    match metric:
        case "original":
            start, stop, scored_stop = token, token + 1, token + 1
        case "word_l2r":
            start, stop, scored_stop = token, np.repeat(word_stop, pieces), token + 1
        case "whole_word":
            start, stop, scored_stop = word, word_stop, word_stop
        case "unmasked":
            start, stop, scored_stop, stride = token, token, token + 1, 1
        case _:
            raise AuxtaskError(f"metric={metric!r} is unknown; use one of {', '.join(PLL_METRICS)}")

    scored = np.concatenate([[0], np.cumsum(documents.scored)])
    wanted = scored[scored_stop] > scored[start]
    start, stop, scored_stop = start[wanted], stop[wanted], scored_stop[wanted]
    of_tokens = np.repeat(np.arange(len(documents)), documents.lengths)
    document = of_tokens[start]
    rows: Indices = np.bincount(document, minlength=len(documents))
    if stride is not None:
        apart = np.ones(len(documents), dtype=np.int64)
        if metric in ("original", "word_l2r"):
            np.maximum.at(apart, of_tokens[word], pieces)
        rows = np.minimum(rows, np.maximum(stride, apart))
    return start, stop, scored_stop, document, rows


def masked_batches(
    documents: Documents, metric: str, mask_token_id: int, tokens_per_batch: int, stride: int | None = None
) -> Iterator[RowBatch]:
    """Build the masked rows of all documents batch by batch, the longest first.

    Rows of all documents of one length are pooled and cut into batches of nearly equal size. Documents are
    planned a group at a time, so that memory does not grow with their number.

    Args:
        documents: the documents.
        metric, stride: as for `masked_spans`.
        mask_token_id: what masked positions hold.
        tokens_per_batch: upper bound of rows x length, unless one row alone is longer.

    Yields:
        Batches that together predict every token to be scored exactly once.
    """
    by_length = np.argsort(-documents.lengths, kind="stable")
    for group in _groups(documents, by_length):
        place = ranges(documents.offsets[group], documents.offsets[group + 1])
        for batch in _group_batches(documents.take(group), metric, mask_token_id, tokens_per_batch, stride):
            yield replace(batch, destination=place[batch.destination], finished=group[batch.finished])


def _groups(documents: Documents, order: Indices) -> Sequence[Indices]:
    """Cut documents, in an order, into groups of so many tokens as are planned at a time."""
    group_of = np.cumsum(documents.lengths[order]) // TOKENS_PER_GROUP
    return np.split(order, np.flatnonzero(np.diff(group_of)) + 1)


def _group_batches(
    documents: Documents, metric: str, mask_token_id: int, tokens_per_batch: int, stride: int | None
) -> Iterator[RowBatch]:
    spans = masked_spans(documents, metric, stride)
    first_span = np.searchsorted(spans.row, np.arange(len(spans.document) + 1))
    lengths = documents.lengths[spans.document]
    order = np.argsort(-lengths, kind="stable")
    is_last = np.append(spans.document[order][1:] != spans.document[order][:-1], True)
    bounds = np.flatnonzero(np.diff(lengths[order], prepend=-1, append=-1))
    for start, stop in pairwise(bounds):
        length = int(lengths[order[start]])
        batches = -(-(stop - start) // max(tokens_per_batch // length, 1))
        for places in np.array_split(np.arange(start, stop), batches):
            rows = order[places]
            begin = documents.offsets[spans.document[rows]]
            input_ids = documents.token_ids[begin[:, None] + np.arange(length)]
            chosen = ranges(first_span[rows], first_span[rows + 1])
            row = np.repeat(np.arange(len(rows)), first_span[rows + 1] - first_span[rows])
            masked = ranges(spans.start[chosen], spans.stop[chosen])
            masked_row = np.repeat(row, spans.stop[chosen] - spans.start[chosen])
            input_ids[masked_row, masked - begin[masked_row]] = mask_token_id
            scored = ranges(spans.start[chosen], spans.scored_stop[chosen])
            scored_row = np.repeat(row, spans.scored_stop[chosen] - spans.start[chosen])
            scored, scored_row = scored[documents.scored[scored]], scored_row[documents.scored[scored]]
            yield RowBatch(
                input_ids=input_ids,
                row=scored_row,
                position=scored - begin[scored_row],
                target=documents.token_ids[scored],
                destination=scored,
                finished=spans.document[rows[is_last[places]]],
            )
