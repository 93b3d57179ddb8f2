"""The masked rows of the pseudo-log-likelihood metrics, as index arrays until their batch is due."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from auxtask.errors import AuxtaskError
from auxtask.likelihood.documents import Documents, ranges

Indices = NDArray[np.int64]

METRICS = ("original", "whole_word", "word_l2r")


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
    """One row each: tokens `start..stop-1` are masked and those up to `scored_stop-1` of them are predicted.

    Args:
        document: shape (rows,), int64.
        start, stop, scored_stop: places in the documents' flat arrays, shape (rows,), int64.
    """

    document: Indices
    start: Indices
    stop: Indices
    scored_stop: Indices


def masked_spans(documents: Documents, metric: str) -> Spans:
    """Say what each row of a metric masks and predicts.

    For a token t of the word W(t), `original` (Salazar et al. 2020) predicts t with t masked; `word_l2r`
    (Kauf and Ivanova 2023) with t and what follows it in W(t) masked; `whole_word` (the same) with all of
    W(t) masked, so that one row serves a whole word. Special tokens are never masked and never predicted.

    Args:
        documents: the documents; consecutive tokens of one word index are a word.
        metric: `original`, `whole_word` or `word_l2r`.

    Returns:
        The rows, document by document.

    Raises:
        AuxtaskError: the metric is unknown.

    >>> documents = Documents.from_lists([[2, 7, 8, 9, 3]], [[-1, 0, 1, 1, -1]])
    >>> spans = masked_spans(documents, "word_l2r")
    >>> list(zip(spans.start.tolist(), spans.stop.tolist()))
    [(1, 2), (2, 4), (3, 4)]
    """
    document = np.repeat(np.arange(len(documents)), documents.lengths)
    word, word_stop = documents.words()
    token = ranges(word, word_stop)
    match metric:
        case "original":
            return Spans(document[token], token, token + 1, token + 1)
        case "word_l2r":
            return Spans(document[token], token, np.repeat(word_stop, word_stop - word), token + 1)
        case "whole_word":
            return Spans(document[word], word, word_stop, word_stop)
        case _:
            raise AuxtaskError(f"metric={metric!r} is unknown; use one of {', '.join(METRICS)}")


def masked_batches(
    documents: Documents, metric: str, mask_token_id: int, tokens_per_batch: int
) -> Iterator[RowBatch]:
    """Build the masked rows of all documents batch by batch, the longest first.

    Rows of all documents of one length are pooled and cut into batches of nearly equal size.

    Args:
        documents: the documents.
        metric: as for `masked_spans`.
        mask_token_id: what masked positions hold.
        tokens_per_batch: upper bound of rows x length, unless one row alone is longer.

    Yields:
        Batches that together predict every token with a word exactly once.
    """
    spans = masked_spans(documents, metric)
    lengths = documents.lengths[spans.document]
    order = np.lexsort((spans.start, spans.document, -lengths))
    is_last = np.append(spans.document[order][1:] != spans.document[order][:-1], True)
    bounds = np.flatnonzero(np.diff(lengths[order], prepend=-1, append=-1))
    for start, stop in pairwise(bounds):
        length = int(lengths[order[start]])
        batches = -(-(stop - start) // max(tokens_per_batch // length, 1))
        for rows in np.array_split(np.arange(start, stop), batches):
            chosen = order[rows]
            begin = documents.offsets[spans.document[chosen]]
            input_ids = documents.token_ids[begin[:, None] + np.arange(length)]
            masked = ranges(spans.start[chosen], spans.stop[chosen])
            row = np.repeat(np.arange(len(chosen)), spans.stop[chosen] - spans.start[chosen])
            input_ids[row, masked - begin[row]] = mask_token_id
            scored = ranges(spans.start[chosen], spans.scored_stop[chosen])
            row = np.repeat(np.arange(len(chosen)), spans.scored_stop[chosen] - spans.start[chosen])
            yield RowBatch(
                input_ids=input_ids,
                row=row,
                position=scored - begin[row],
                target=documents.token_ids[scored],
                destination=scored,
                finished=spans.document[chosen[is_last[rows]]],
            )
