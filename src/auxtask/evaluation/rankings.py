"""The methods of a data set and model from best to worst, each beside its references; wins and losses over all."""

from collections.abc import Sequence

import numpy as np

from auxtask.evaluation.comparisons import LEVEL, Comparison
from auxtask.evaluation.groups import Block
from auxtask.evaluation.significance import MANY_SEEDS
from auxtask.ground.escaping import file_name
from auxtask.runs.metrics import HEADINGS, REPORTED
from auxtask.tables.values import Cell, Note, Notes, Number, Table, ranked, signed

BOOTSTRAP = (
    "Paired bootstrap of test documents and seeds, crossed: a replicate draws both anew, the same for the two "
    f"methods. Below {MANY_SEEDS} seeds interval and p are Student's t with one degree less than seeds, from the "
    "variance of the replicates and s²/S² (s² that of the S differences at equal seeds); else percentiles. The "
    "one run of a linear yardstick stands beside every seed."
)
CONTRASTS = (
    "p is two-sided. Holm's correction is over all planned comparisons of the report as one family; all others "
    "are exploratory, and uncorrected."
)
DETECTABLE = (
    "MDE: the smallest difference that is found with power .8 at two-sided .05, 2.80 times the standard error "
    "of as many pairs of runs of the reference that differ in their seeds; in brackets by Student's t, which the "
    "verdict goes by. Not detectable is a difference whose interval includes 0 and that is below it, which is not "
    "the same as no effect; open is any other whose p is not small."
)
CERTAINTY = ("difference", "95 %", "p", "p, Holm", "MDE", "verdict", "seeds better/equal/worse")


def ranking_table(block: Block, comparisons: Sequence[Comparison], metric: str, ddof: int) -> Table | None:
    """Rank the methods of a block.

    Args:
        block: runs of one data set and model.
        comparisons: of them, others among them.
        metric: `micro_f1` or `macro_f1`, by whose mean they are ranked.
        ddof: of standard deviations over seeds, 1 or 0.

    Returns:
        A row a method and reference, the best method first, with its scores in its first row; None where nothing
        is compared.
    """
    found: dict[str, list[Comparison]] = {group.label: [] for group in block.groups}
    for comparison in comparisons:
        if (comparison.dataset, comparison.model, comparison.metric) == (block.dataset, block.label, metric):
            found[comparison.method].append(comparison)
    if not any(found.values()):
        return None
    groups = sorted(block.groups, key=lambda group: -group.aggregate(metric, ddof).mean)
    columns = [ranked([Cell(group.aggregate(each, ddof)) for group in groups]) for each in REPORTED]
    notes = Notes()
    rows = []
    for group, *scores in zip(groups, *columns, strict=True):
        of_group: Sequence[Comparison | None] = found[group.label] or [None]
        for at, each in enumerate(of_group):
            shown = [Cell(None) for _ in scores] if at else scores
            rows.append([Cell(group.label), *_against(each), *shown, *_certainty(each, notes)])
    return Table(
        name=file_name("ranking", block.dataset, block.label, metric),
        title=f"{block.dataset}, {block.label}: methods by {HEADINGS[metric]}, and its differences in points",
        columns=("method", "against", "contrast", *HEADINGS.values(), *CERTAINTY),
        rows=rows,
        labels=3,
        notes=[*notes.listed(), *(Note("", text) for text in (BOOTSTRAP, CONTRASTS, DETECTABLE))],
    )


def _against(comparison: Comparison | None) -> list[Cell]:
    if comparison is None:
        return [Cell(None), Cell(None)]
    return [Cell(comparison.reference), Cell("planned" if comparison.hypothesis else "exploratory")]


def _certainty(comparison: Comparison | None, notes: Notes) -> list[Cell]:
    if comparison is None:
        return [Cell(None)] * 7
    difference = comparison.difference
    if not comparison.seeds:
        return [Cell(None, marks=(notes.mark("no seed in common"),)), *[Cell(None)] * 6]
    tally = Cell(_tally(comparison.seeds))
    if difference is None:
        mean, mark = float(np.mean(comparison.seeds)), notes.mark("without the predictions of every run")
        return [Cell(Number(mean, signed(mean)), marks=(mark,)), *[Cell(None)] * 5, tally]
    marks = (notes.mark("one seed: the certainty is over test documents alone"),) if difference.seeds == 1 else ()
    return [
        Cell(Number(difference.value, signed(difference.value))),
        Cell(difference.interval, marks=marks),
        Cell(_p_value(difference.p)),
        Cell(None if comparison.p_holm is None else _p_value(comparison.p_holm)),
        Cell(comparison.detectable),
        Cell(comparison.verdict),
        tally,
    ]


def _p_value(p: float) -> Number:
    return Number(p, f"{p:.3f}")


def _tally(differences: Sequence[float]) -> str:
    signs = [round(difference, 9) for difference in differences]
    return f"{sum(s > 0 for s in signs)}/{sum(s == 0 for s in signs)}/{sum(s < 0 for s in signs)}"


def planned_table(comparisons: Sequence[Comparison]) -> Table | None:
    """Lay out what became of each hypothesis: the planned comparisons of a report.

    Args:
        comparisons: of all data sets, `corrected`.

    Returns:
        A row a hypothesis, data set, model and metric; None where no planned comparison was run.
    """
    notes = Notes()
    rows = [
        [
            *(Cell(text) for text in (each.hypothesis, each.dataset, each.model, each.method, each.reference)),
            Cell(HEADINGS[each.metric]),
            *_certainty(each, notes),
        ]
        for each in sorted(comparisons, key=lambda each: each.hypothesis)
        if each.hypothesis
    ]
    if not rows:
        return None
    return Table(
        name="planned",
        title=f"{len(rows)} planned comparisons, in points",
        columns=("hypothesis", "data set", "model", "method", "against", "metric", *CERTAINTY),
        rows=rows,
        labels=6,
        notes=[*notes.listed(), *(Note("", text) for text in (BOOTSTRAP, CONTRASTS, DETECTABLE))],
    )


def outcome_table(comparisons: Sequence[Comparison]) -> Table:
    """Count wins, ties and losses of each method over all data sets and models.

    Args:
        comparisons: of all data sets.

    Returns:
        A row a method, reference and metric.
    """
    outcomes: dict[tuple[str, str, str], list[str]] = {}
    for comparison in comparisons:
        name = comparison.method, comparison.reference, comparison.metric
        outcomes.setdefault(name, []).append(comparison.outcome)
    rows = [
        [
            *(Cell(text) for text in (method, reference, HEADINGS[metric])),
            *(Cell(found.count(outcome)) for outcome in ("win", "tie", "loss")),
        ]
        for (method, reference, metric), found in outcomes.items()
    ]
    return Table(
        name="outcomes",
        title="Wins, ties and losses over data sets and models",
        columns=("method", "against", "metric", "wins", "ties", "losses"),
        rows=rows,
        labels=3,
        notes=[Note("", f"A win or a loss has p below {LEVEL}: of planned contrasts the corrected one.")],
    )
