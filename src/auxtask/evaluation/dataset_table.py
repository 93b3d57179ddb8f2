"""The data-set table: documents, classes and how evenly the classes are filled, beside the published counts."""

from collections.abc import Mapping, Sequence

from auxtask.evaluation.published import published_statistics
from auxtask.tables.values import Cell, Notes, Table

HEADINGS = {
    "train": "train",
    "valid": "valid",
    "test": "test",
    "classes": "classes",
    "class_mean": "documents/class, mean",
    "class_std": "documents/class, std",
}


def dataset_table(statistics: Mapping[str, Mapping[str, int]]) -> Table:
    """Lay the statistics of data sets out as the published tables do, a column a data set.

    Args:
        statistics: by data set what `dataset_statistics` returns.

    Returns:
        The table; a count that differs from a published one is marked, and the note says what was published.

    >>> counts = {"train": 1688, "valid": 114, "test": 139, "classes": 6, "class_mean": 323, "class_std": 338}
    >>> [str(row[1]) for row in dataset_table({"acl_arc": counts}).rows]
    ['1,688', '114', '139', '6', '323', '338']
    """
    published = published_statistics()
    rows: list[list[Cell]] = []
    notes = Notes()
    for statistic, heading in HEADINGS.items():
        row = [Cell(heading)]
        for dataset, counts in statistics.items():
            printed = sorted({table[statistic] for table in published.get(dataset, []) if statistic in table})
            others = [count for count in printed if count != counts[statistic]]
            marks = (notes.mark(_difference(dataset, heading, others, printed)),) if others else ()
            row.append(Cell(counts[statistic], marks=marks))
        rows.append(row)
    return Table("datasets", "Data sets", ("", *statistics), rows, notes=notes.listed())


def first_text_table(dataset: str, examples: Sequence[tuple[str, int, str]], width: int = 60) -> Table:
    """Lay the first text of each class out, a row a class.

    Args:
        dataset: its name.
        examples: label, number of training documents and first text of each class, as `first_texts` gives them.
        width: characters of a text that are shown; white space is folded.

    Returns:
        The table.

    >>> table = first_text_table("films", [("good", 12, "a fine\\n film")], width=6)
    >>> [str(cell) for cell in table.rows[0]]
    ['good', 'a fine...', '12']
    """
    rows = []
    for label, documents, text in examples:
        start = " ".join(text[: 4 * width].split())
        shown = start if len(start) <= width else f"{start[:width]}..."
        rows.append([Cell(label), Cell(shown), Cell(documents)])
    columns = ("class", "first text", "train documents")
    return Table("first_texts", f"First text of each class of {dataset}", columns, rows, labels=2)


def _difference(dataset: str, heading: str, others: list[int], printed: list[int]) -> str:
    listed = ", ".join(f"{count:,}" for count in others)
    return f"{dataset}, {heading}: {'published' if others == printed else 'one published table has'} {listed}"
