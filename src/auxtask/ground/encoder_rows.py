"""What scores cost: how many rows an encoder reads for them before training, whoever asks for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class EncoderRows:
    """Rows that an encoder reads, and the tokens in them.

    Args:
        rows: how many.
        tokens: of all rows, special tokens included.
    """

    rows: int = 0
    tokens: int = 0


_counts: ContextVar[tuple[EncoderRows, ...]] = ContextVar("_counts", default=())


@contextmanager
def counting_rows() -> Iterator[EncoderRows]:
    """Count the rows that scores need while the block runs.

    Scores that a cache answers count as those that are computed: the same scores cost the same wherever they were
    needed first.

    Yields:
        The count, which grows as scores are asked for.

    >>> with counting_rows() as found:
    ...     need_rows(rows=3, tokens=12)
    >>> found
    EncoderRows(rows=3, tokens=12)
    """
    count = EncoderRows()
    token = _counts.set((*_counts.get(), count))
    try:
        yield count
    finally:
        _counts.reset(token)


def need_rows(rows: int, tokens: int) -> None:
    """Tell every count under way what some scores need.

    Args:
        rows: that the encoder reads for them where no cache knows them.
        tokens: of all these rows.
    """
    for count in _counts.get():
        count.rows += rows
        count.tokens += tokens
