"""What users bring is taken in: documents without text or label are left out and counted."""

from collections.abc import Mapping, Sequence
from typing import Any

from auxtask.data.dataset import Pair, is_blank
from auxtask.errors import AuxtaskError

# A larger share speaks of a wrong column or of hidden labels, not of a few faulty rows.
MOST_LEFT_OUT = 0.5


def complete_documents(pairs: Sequence[Pair], where: str, layout: str = "") -> tuple[list[Pair], dict[str, Any]]:
    """Leave out the documents without text or label, and count them.

    Args:
        pairs: (text, label) pairs; None or white space alone is no text and no label.
        where: what they were read from, for the error.
        layout: how they were read, see `auxtask.data.readers.FileDocuments`.

    Returns:
        The documents with both, in order; and `rows` (documents read), `no_text`, `no_label` (documents left out;
        one that lacks both counts once, under `no_text`) and `layout`.

    Raises:
        AuxtaskError: more than half lack their text, or their label.

    >>> complete_documents([("fine", "1"), (" ", "0"), ("dull", "0")], "films.csv")[1]
    {'rows': 3, 'no_text': 1, 'no_label': 0, 'layout': ''}
    """
    lacking: dict[str, list[int]] = {"text": [], "label": []}
    kept: list[Pair] = []
    for row, (text, label) in enumerate(pairs, start=1):
        if is_blank(text):
            lacking["text"].append(row)
        elif is_blank(label):
            lacking["label"].append(row)
        else:
            kept.append((text, label))
    for part, rows in lacking.items():
        if len(rows) > MOST_LEFT_OUT * len(pairs):
            raise AuxtaskError(
                f"document {rows[0]} of {where} has no {part}, as {len(rows):,} of {len(pairs):,} have none; name "
                f"the right column with dataset.{part}_column=..., or another file or split"
            )
    counts = {"rows": len(pairs), "no_text": len(lacking["text"]), "no_label": len(lacking["label"])}
    return kept, {**counts, "layout": layout}


def intake_line(intake: Mapping[str, Mapping[str, Any]]) -> str:
    """Say in a line how many rows were read, how, and which were left out.

    Args:
        intake: by split what `complete_documents` counted.

    >>> intake_line({"train": {"rows": 1200, "no_text": 2, "no_label": 1, "layout": "separated by tabs"}})
    'train: 1,200 rows read (separated by tabs), 3 dropped (2 without text, 1 without label)'
    """
    return "; ".join(f"{split}: {_said(counts)}" for split, counts in intake.items())


def _said(counts: Mapping[str, Any]) -> str:
    rows = f"{counts['rows']:,} row{'' if counts['rows'] == 1 else 's'} read"
    layout = f" ({counts['layout']})" if counts["layout"] else ""
    reasons = [f"{counts[f'no_{part}']:,} without {part}" for part in ("text", "label") if counts[f"no_{part}"]]
    dropped = counts["no_text"] + counts["no_label"]
    return f"{rows}{layout}, {dropped:,} dropped" + (f" ({', '.join(reasons)})" if reasons else "")
