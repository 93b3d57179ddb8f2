"""Test scores without the documents whose text was seen before: beside the scores of all, and what they change."""

from collections.abc import Sequence
from itertools import combinations

from auxtask.evaluation.groups import Group
from auxtask.runs.metrics import HEADINGS, REPORTED
from auxtask.tables.values import Cell, Note, ranked_within

COPIES = (
    "Without copies: the test documents whose text is in neither train nor valid, but for case and white space."
)


def columns_without_copies(
    blocks: Sequence[str], groups: Sequence[Group | None], ddof: int
) -> dict[str, list[Cell]]:
    """Lay out the scores of the test documents that are no copies.

    Args:
        blocks: the block that each row belongs to, within which scores are ranked.
        groups: the runs of each row; None where there are none.
        ddof: of the standard deviation over seeds, 1 or 0.

    Returns:
        By heading a cell a row, empty where a run does not tell; nothing where no test document is a copy.
    """
    runs = [run for group in groups if group for run in group.runs]
    if not any(run.scores_without_copies not in (None, run.scores) for run in runs):
        return {}
    return {
        f"{HEADINGS[metric]}, without copies": ranked_within(
            blocks, [Cell(group.aggregate_without_copies(metric, ddof) if group else None) for group in groups]
        )
        for metric in REPORTED
    }


def order_notes(
    blocks: Sequence[str], methods: Sequence[str], groups: Sequence[Group | None], ddof: int
) -> list[Note]:
    """Name what is ranked otherwise without copies.

    Args:
        blocks, groups, ddof: as for `columns_without_copies`.
        methods: the label of each row.

    Returns:
        What the columns are; and a note for each block and metric by which two methods change places.
    """
    notes = [Note("", COPIES)]
    for block in dict.fromkeys(blocks):
        for metric in REPORTED:
            means = {
                method: (group.aggregate(metric, ddof).mean, own.mean)
                for name, method, group in zip(blocks, methods, groups, strict=True)
                if name == block and group and (own := group.aggregate_without_copies(metric, ddof))
            }
            changed = [
                (first, second)
                for first, second in combinations(means, 2)
                if (means[first][0] - means[second][0]) * (means[first][1] - means[second][1]) < 0
            ]
            if changed:
                notes.append(Note("", _changes(block, metric, means, changed)))
    return notes


def _changes(
    block: str,
    metric: str,
    means: dict[str, tuple[float, float]],
    changed: Sequence[tuple[str, str]],
) -> str:
    of_all = len(means) * (len(means) - 1) // 2
    best, own_best = (max(means, key=lambda method: means[method][at]) for at in (0, 1))
    leads = f"{best} is best in both" if best == own_best else f"{own_best} is best in place of {best}"
    return (
        f"Without copies {len(changed)} of {of_all} pairs of methods of {block} stand in the other order by "
        f"{HEADINGS[metric]}; {leads}."
    )
