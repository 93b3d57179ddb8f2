"""The value that every table is before it is rendered: rows of plain cells, and the notes under them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum


class Rank(Enum):
    """The place of a score among those it is compared with."""

    BEST = 1
    SECOND = 2


@dataclass(frozen=True)
class MeanStd:
    """A metric over the runs of one setting.

    Args:
        mean: in percent.
        std: standard deviation over the runs in percentage points; None for one run, or where unknown.
        runs: how many there are; None for a published figure that does not say.
        decimals: digits after the point that it is printed with.

    >>> str(MeanStd(71.7, 1.513, runs=3)), str(MeanStd(88.0, None, runs=None, decimals=1))
    ('71.70 ± 1.51', '88.0')
    """

    mean: float
    std: float | None
    runs: int | None
    decimals: int = 2

    def __str__(self) -> str:
        mean = f"{self.mean:.{self.decimals}f}"
        return mean if self.std is None else f"{mean} ± {self.std:.{self.decimals}f}"

    @property
    def parts(self) -> dict[str, float | None]:
        """The plain numbers it is made of."""
        std = None if self.std is None else round(self.std, 6)
        return {"mean": round(self.mean, 6), "std": std, "runs": self.runs}


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

    @property
    def parts(self) -> dict[str, float | None]:
        """The parts of the score that it stands for."""
        return {"mean": None, "std": None, "runs": 0}


@dataclass(frozen=True)
class Interval:
    """The ends of an interval, in percentage points where a table shows it.

    >>> str(Interval(-0.5, 1.25))
    '−0.50 to +1.25'
    """

    low: float
    high: float

    def __str__(self) -> str:
        return f"{signed(self.low)} to {signed(self.high)}"

    @property
    def parts(self) -> dict[str, float | None]:
        """The plain numbers it is made of."""
        return {"low": round(self.low, 6), "high": round(self.high, 6)}


@dataclass(frozen=True)
class Detectable:
    """The smallest difference that an experiment would find, in percentage points where a table shows it.

    Args:
        normal: by the normal distribution.
        t: by Student's t with one degree less than there are seeds; None for one seed.

    >>> str(Detectable(1.5, 2.868)), str(Detectable(1.5, None))
    ('1.50 (2.87)', '1.50')
    """

    normal: float
    t: float | None

    def __str__(self) -> str:
        return f"{self.normal:.2f}" + (f" ({self.t:.2f})" if self.t is not None else "")

    @property
    def parts(self) -> dict[str, float | None]:
        """The plain numbers it is made of."""
        return {"normal": round(self.normal, 6), "t": None if self.t is None else round(self.t, 6)}


@dataclass(frozen=True)
class Number:
    """A number with its own way of being printed.

    Args:
        value: the number.
        text: how it is printed.
    """

    value: float
    text: str

    def __str__(self) -> str:
        return self.text


def signed(value: float, decimals: int = 2) -> str:
    """Print a difference with its sign, a true minus.

    >>> signed(1.5), signed(-0.123), signed(-0.001)
    ('+1.50', '−0.12', '0.00')
    """
    rounded = round(value, decimals) + 0.0
    sign = "+" if rounded > 0 else "−" if rounded < 0 else ""
    return f"{sign}{abs(rounded):.{decimals}f}"


@dataclass(frozen=True)
class Cell:
    """One cell.

    Args:
        value: text, a number, a score, a missing score, an interval, a detectable difference, or None for an
            empty cell.
        rank: best or second best of those it is compared with.
        marks: marks of the notes that it refers to.
    """

    value: str | int | Number | MeanStd | Missing | Interval | Detectable | None
    rank: Rank | None = None
    marks: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.value is None:
            return ""
        return f"{self.value:,}" if isinstance(self.value, int) else str(self.value)

    @property
    def emphasis(self) -> str:
        """What a rendering makes visible: `best`, `second` or `missing`; empty for a plain cell."""
        if self.rank is not None:
            return self.rank.name.lower()
        return "missing" if isinstance(self.value, Missing) else ""

    @property
    def parts(self) -> Mapping[str, float | None]:
        """What a composite value is made of; nothing for a plain one."""
        return self.value.parts if isinstance(self.value, MeanStd | Missing | Interval | Detectable) else {}


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


class Notes:
    """Notes of one table as they come up, numbered in that order; the same remark is made once.

    >>> notes = Notes()
    >>> notes.mark("one run is missing", "python -m auxtask.train seed=2"), notes.mark("doubtful")
    ('1', '2')
    """

    def __init__(self) -> None:
        self._marks: dict[tuple[str, str | None], str] = {}

    def mark(self, text: str, command: str | None = None) -> str:
        """Give the mark of a remark."""
        return self._marks.setdefault((text, command), str(len(self._marks) + 1))

    def listed(self) -> list[Note]:
        """The notes in the order of their marks."""
        return [Note(mark, text, command) for (text, command), mark in self._marks.items()]


@dataclass(frozen=True)
class Table:
    """Rows of cells.

    Args:
        name: of its files, without an ending, as `auxtask.ground.escaping.file_name` makes it.
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


def ranked_within(blocks: Sequence[str], cells: Sequence[Cell]) -> list[Cell]:
    """Mark the best and second best of each block.

    Args:
        blocks: the block that each cell belongs to.
        cells: of one column.

    Returns:
        The cells in their order.
    """
    placed = list(cells)
    for block in set(blocks):
        places = [at for at, name in enumerate(blocks) if name == block]
        for at, cell in zip(places, ranked([cells[place] for place in places]), strict=True):
            placed[at] = cell
    return placed


def ranked(cells: Sequence[Cell]) -> list[Cell]:
    """Mark the best and the second best of the scores among some cells, as they are printed: equals share a place.

    Args:
        cells: of one column and block.

    Returns:
        The cells in their order; others than scores, and a lone score, stay as they are.

    >>> [cell.rank for cell in ranked([Cell(MeanStd(mean, None, 1)) for mean in (70.0, 72.0, 71.0)])]
    [None, <Rank.BEST: 1>, <Rank.SECOND: 2>]
    """
    printed = [
        round(cell.value.mean, cell.value.decimals) if isinstance(cell.value, MeanStd) else None for cell in cells
    ]
    scores = [score for score in printed if score is not None]
    if len(scores) < 2:
        return list(cells)
    places = dict(zip(sorted(set(scores), reverse=True), Rank, strict=False))
    return [
        cell if score is None else replace(cell, rank=places.get(score))
        for cell, score in zip(cells, printed, strict=True)
    ]
