"""Tables of the most frequent N-grams: one to read, a row a class, and one to compute with, a row an N-gram."""

from collections.abc import Mapping, Sequence
from typing import Any

from auxtask.tables.values import Cell, Table

Rows = Sequence[Mapping[str, Any]]


def ngrams_by_class(rows: Rows) -> Table:
    """Lay N-grams out as the published table does: a row a class and a column a rank.

    Args:
        rows: of `auxtask.phrases.tables.top_ngrams`.

    Returns:
        The table, each N-gram with its frequency.

    >>> rows = [{"class": "crude", "rank": 1, "ngram": "op ##ec", "frequency": 30}]
    >>> [[str(cell) for cell in row] for row in ngrams_by_class(rows).rows]
    [['crude', 'op ##ec (30)']]
    """
    of_classes: dict[str, list[Cell]] = {}
    for row in rows:
        of_classes.setdefault(row["class"], []).append(Cell(f"{row['ngram']} ({row['frequency']:,})"))
    ranks = max(map(len, of_classes.values()), default=0)
    return Table(
        name="top_ngrams",
        title="The most frequent N-grams of each class, with their frequencies",
        columns=("class", *map(str, range(1, ranks + 1))),
        rows=[[Cell(name), *cells, *[Cell(None)] * (ranks - len(cells))] for name, cells in of_classes.items()],
        labels=ranks + 1,
    )


def listed_ngrams(rows: Rows) -> Table:
    """List N-grams one by one.

    Args:
        rows: of `auxtask.phrases.tables.top_ngrams`.

    Returns:
        The table, token ids joined by spaces and classes by commas.

    >>> rows = [{"class": "crude", "rank": 1, "ngram": "op ##ec", "token_ids": [7, 8], "frequency": 30,
    ...          "classes": ["crude"]}]
    >>> [[cell.value for cell in row] for row in listed_ngrams(rows).rows]
    [['crude', 1, 'op ##ec', '7 8', 30, 'crude']]
    """
    columns = ("class", "rank", "ngram", "token_ids", "frequency", "classes")
    joined = [
        {**row, "token_ids": " ".join(map(str, row["token_ids"])), "classes": ",".join(row["classes"])}
        for row in rows
    ]
    cells = [[Cell(row[column]) for column in columns] for row in joined]
    return Table("top_ngrams", "The most frequent N-grams", columns, cells)
