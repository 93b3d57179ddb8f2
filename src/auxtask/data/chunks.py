"""Some rows of a file at a time, so that a file may be larger than memory."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auxtask.data.delimited import DelimitedLayout
from auxtask.errors import AuxtaskError

if TYPE_CHECKING:
    import pyarrow as pa

# The endings of files, by format; `lines` is plain text, a document a line.
ENDINGS = {
    "csv": ".csv",
    "tsv": ".tsv",
    "jsonl": ".jsonl",
    "lines": ".txt",
    "parquet": ".parquet",
    "xlsx": ".xlsx",
}
BINARY = {"parquet", "xlsx"}

# Values by the name of their column.
Columns = Mapping[str, Sequence[Any]]

# Stands for the value of a name that a JSON object does not have.
ABSENT: Any = object()


def format_of(path: str | Path) -> str | None:
    """Tell the format of a file by its name; None where the name does not say.

    >>> format_of("films.csv.gz"), format_of("films.parquet.gz"), format_of("films")
    ('csv', None, None)
    """
    name = Path(path).name.lower()
    formats = {ending: kind for kind, ending in ENDINGS.items()}
    kind = formats.get(Path(name.removesuffix(".gz")).suffix)
    return None if kind in BINARY and name.endswith(".gz") else kind


class Chunk(ABC):
    """Rows of a file that follow one another.

    Attributes:
        names: of the columns; `ListChunk` may have several of one name.
        share: how much of the file is read by its end, in [0, 1]; None where that is not known.
    """

    names: list[str]
    share: float | None

    @abstractmethod
    def __len__(self) -> int:
        """The number of rows."""

    @property
    @abstractmethod
    def rows(self) -> Sequence[Sequence[Any]]:
        """The values of each row, in the order of the names."""

    @abstractmethod
    def column(self, name: str) -> list[Any]:
        """The values of a column; None where there is none."""

    @abstractmethod
    def with_columns(self, texts: Columns, numbers: Columns) -> "Chunk":
        """Put columns of texts, and then of numbers, behind the others; None is no value."""

    @abstractmethod
    def table(self, schema: "pa.Schema | None" = None) -> "pa.Table":
        """Give the rows to Arrow.

        Args:
            schema: of an earlier chunk, whose columns and types this one is to have.

        Raises:
            AuxtaskError: it has others.
        """


@dataclass(frozen=True)
class ListChunk(Chunk):
    """Rows as lists of values.

    Args:
        names, share: as for `Chunk`.
        values: of each row, `ABSENT` where it lacks a name.
        layout: of the delimited file they were read from.

    >>> chunk = ListChunk(["text"], [["fine"], ["dull"]]).with_columns({"prediction": ["good", "bad"]}, {})
    >>> chunk.names, chunk.rows
    (['text', 'prediction'], [['fine', 'good'], ['dull', 'bad']])
    """

    names: list[str]
    values: list[list[Any]]
    share: float | None = None
    layout: DelimitedLayout | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def rows(self) -> list[list[Any]]:
        return self.values

    def column(self, name: str) -> list[Any]:
        if name not in self.names:
            return [None] * len(self)
        at = self.names.index(name)
        return [None if row[at] is ABSENT else row[at] for row in self.values]

    def with_columns(self, texts: Columns, numbers: Columns) -> "ListChunk":
        added = zip(*texts.values(), *numbers.values(), strict=True)
        values = [[*row, *more] for row, more in zip(self.values, added, strict=True)]
        return replace(self, names=[*self.names, *texts, *numbers], values=values)

    def table(self, schema: "pa.Schema | None" = None) -> "pa.Table":
        import pyarrow as pa

        names = self.names if schema is None else schema.names
        if unknown := [name for name in self.names if name not in names]:
            raise AuxtaskError(
                f"{unknown[0]!r} is in no row before; a Parquet file has the columns of its first rows, "
                "use output=....jsonl"
            )
        columns = [list(values) for values in zip(*self.values, strict=True)] or [[] for _ in self.names]
        places = names == self.names
        arrays = []
        for at, name in enumerate(names):
            values = columns[at] if places else self.column(name)
            kind = None if schema is None else schema.field(at).type
            try:
                array = pa.array([None if value is ABSENT else value for value in values], type=kind)
            except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, UnicodeError) as error:
                raise AuxtaskError(
                    f"the values of {name!r} are not of one type ({str(error).splitlines()[0]:.80}), as those of "
                    "Parquet are; use output=....jsonl"
                ) from error
            arrays.append(array.cast(pa.string()) if pa.types.is_null(array.type) else array)
        return pa.Table.from_arrays(arrays, names=names)


@dataclass(frozen=True)
class ArrowChunk(Chunk):
    """Rows as Arrow has them, of whatever types.

    Args:
        batch: the rows.
        share: as for `Chunk`.
    """

    batch: "pa.Table"
    share: float | None = None

    @property
    def names(self) -> list[str]:  # type: ignore[override]
        return self.batch.schema.names

    def __len__(self) -> int:
        return self.batch.num_rows

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        return list(zip(*(column.to_pylist() for column in self.batch.columns), strict=True))

    def column(self, name: str) -> list[Any]:
        return self.batch.column(name).to_pylist()

    def with_columns(self, texts: Columns, numbers: Columns) -> "ArrowChunk":
        import pyarrow as pa

        table = self.batch
        for columns, kind in ((texts, pa.string()), (numbers, pa.float64())):
            for name, values in columns.items():
                table = table.append_column(name, pa.array(values, type=kind))
        return replace(self, batch=table)

    def table(self, schema: "pa.Schema | None" = None) -> "pa.Table":
        return self.batch if schema is None else self.batch.cast(schema)
