"""The value that every table is before it is rendered: rows of plain cells, and the notes under them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum


class Rank(Enum):
    """The place of a score among those it is compared with."""

    BEST = 1
    SECOND = 2


@dataclass(frozen=True)
class Score:
    """A metric over the runs of one setting.

    Args:
        mean: in percent.
        std: standard deviation over the runs in percentage points; None for one run, or where unknown.
        runs: how many there are; None for a published figure that does not say.
        decimals: digits after the point that it is printed with.

    >>> str(Score(71.7, 1.513, runs=3)), str(Score(88.0, None, runs=None, decimals=1))
    ('71.70 ± 1.51', '88.0')
    """

    mean: float
    std: float | None
    runs: int | None
    decimals: int = 2

    def __str__(self) -> str:
        mean = f"{self.mean:.{self.decimals}f}"
        return mean if self.std is None else f"{mean} ± {self.std:.{self.decimals}f}"


@dataclass(frozen=True)
class Missing:
    """A score that has not been computed.

    Args:
        runs: how many runs it lacks.

    >>> str(Missing(1)), str(Missing(3))
    ('1 run missing', '3 runs missing')
    """

    runs: int

    def __str__(self) -> str:
        return f"{self.runs} run{'' if self.runs == 1 else 's'} missing"


@dataclass(frozen=True)
class Cell:
    """One cell.

    Args:
        value: text, a number, a score, a missing score, or None for an empty cell.
        rank: best or second best of those it is compared with.
        marks: marks of the notes that it refers to.
    """

    value: str | int | Score | Missing | None
    rank: Rank | None = None
    marks: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.value is None:
            return ""
        return f"{self.value:,}" if isinstance(self.value, int) else str(self.value)


@dataclass(frozen=True)
class Note:
    """A remark under a table.

    Args:
        mark: what cells refer to it by; empty for a remark on the whole table.
        text: the remark.
        command: a command line that belongs to it.
    """

    mark: str
    text: str
    command: str | None = None


@dataclass(frozen=True)
class Table:
    """Rows of cells.

    Args:
        name: of its files, without an ending.
        title: one line.
        columns: headings.
        rows: as long as `columns` each.
        labels: how many leading columns say what a row is; a change in the first of them begins a block.
        notes: remarks under the table.
    """

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    labels: int = 1
    notes: Sequence[Note] = field(default=())

    def begins_block(self, row: int) -> bool:
        """Tell whether another block begins with a row, counted from 0; the first row begins none."""
        return row > 0 and self.labels > 1 and self.rows[row][0].value != self.rows[row - 1][0].value


def ranked(cells: Sequence[Cell]) -> list[Cell]:
    """Mark the best and the second best of the scores among some cells, as they are printed: equals share a place.

    Args:
        cells: of one column and block.

    Returns:
        The cells in their order; others than scores, and a lone score, stay as they are.

    >>> [cell.rank for cell in ranked([Cell(Score(mean, None, 1)) for mean in (70.0, 72.0, 71.0)])]
    [None, <Rank.BEST: 1>, <Rank.SECOND: 2>]
    """
    printed = [
        round(cell.value.mean, cell.value.decimals) if isinstance(cell.value, Score) else None for cell in cells
    ]
    scores = [score for score in printed if score is not None]
    if len(scores) < 2:
        return list(cells)
    places = dict(zip(sorted(set(scores), reverse=True), Rank, strict=False))
    return [
        cell if score is None else replace(cell, rank=places.get(score))
        for cell, score in zip(cells, printed, strict=True)
    ]
