"""Which N-grams a class has to itself, and which ones classes share: as plain rows, and as tables of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from auxtask.errors import AuxtaskError
from auxtask.phrases.inventory import NgramInventory
from auxtask.phrases.segmentation import Ngram
from auxtask.phrases.vocabulary import display
from auxtask.tables.values import Cell, Table

COMMON_ROW = "(common)"

Rows = Sequence[Mapping[str, Any]]


def top_ngrams(
    inventory: NgramInventory,
    tokenizer: PreTrainedTokenizerBase,
    k: int = 5,
    common_min_classes: int = 2,
) -> list[dict[str, Any]]:
    """List for each class the k most frequent N-grams that it alone has, and the k most frequent shared ones.

    Args:
        inventory: the N-grams of the training documents.
        tokenizer: the tokenizer that they were encoded with.
        k: how many for each class, at least 1.
        common_min_classes: in how many classes a shared N-gram occurs at least, from 2 to the number of
            classes.

    Returns:
        One row an N-gram, class by class and the shared ones last: `class` (a class name or `(common)`),
        `rank` (from 1), `ngram` (as text), `token_ids`, `frequency` (in all classes) and `classes` (names of
        those that have it). Ties are ordered by token ids. A class with fewer than k such N-grams has fewer
        rows.

    Raises:
        AuxtaskError: the inventory was made with another tokenizer, or a number is out of its range.
    """
    if k < 1:
        raise AuxtaskError(f"k={k} is too small; it is at least 1")
    number_of_classes = len(inventory.class_names)
    if not 2 <= common_min_classes <= max(number_of_classes, 2):
        raise AuxtaskError(
            f"common_min_classes={common_min_classes} is out of range; it is from 2 to {number_of_classes}"
        )
    inventory.check_tokenizer(tokenizer)
    groups: dict[str, list[Ngram]] = {name: [] for name in (*inventory.class_names, COMMON_ROW)}
    for ngram in sorted(inventory, key=lambda ngram: (-inventory.frequency(ngram), ngram)):
        classes = inventory.classes(ngram)
        if len(classes) == 1:
            groups[inventory.class_names[classes[0]]].append(ngram)
        elif len(classes) >= common_min_classes:
            groups[COMMON_ROW].append(ngram)
    return [
        {
            "class": name,
            "rank": rank,
            "ngram": display(ngram, tokenizer),
            "token_ids": list(ngram),
            "frequency": inventory.frequency(ngram),
            "classes": [inventory.class_names[at] for at in inventory.classes(ngram)],
        }
        for name, ngrams in groups.items()
        for rank, ngram in enumerate(ngrams[:k], 1)
    ]


def ngrams_by_class(rows: Rows) -> Table:
    """Lay N-grams out as the published table does: a row a class and a column a rank.

    Args:
        rows: of `top_ngrams`.

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
        rows: of `top_ngrams`.

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


def summarize(inventory: NgramInventory) -> dict[str, Any]:
    """Count what an inventory holds.

    Args:
        inventory: the N-grams of the training documents.

    Returns:
        `ngrams` (how many), `coverage` (share of the training tokens inside one, in [0, 1]), `exclusive` (how
        many occur in exactly one class), `fewest_exclusive` (of any class) and `patterns` (distinct sets of
        classes).

    >>> from auxtask.phrases.extraction import NgramExtractor
    >>> summarize(NgramExtractor().extract([[5, 6, 9, 5, 6]], classes=[0]))
    {'ngrams': 1, 'coverage': 0.8, 'exclusive': 1, 'fewest_exclusive': 1, 'patterns': 1}
    """
    patterns = Counter(map(inventory.classes, inventory))
    exclusive = [patterns[(document_class,)] for document_class in range(len(inventory.class_names))]
    return {
        "ngrams": len(inventory),
        "coverage": inventory.coverage,
        "exclusive": sum(exclusive),
        "fewest_exclusive": min(exclusive),
        "patterns": len(patterns),
    }
