"""Tables of runs on drawn documents: pooled folds, resplits against a reference, and learning curves."""

from typing import Any

import numpy as np
from scipy import stats

from auxtask.evaluation.confusion import class_scores, confusion_matrix
from auxtask.evaluation.contrasts import REFERENCE
from auxtask.evaluation.groups import Block, Group, percent
from auxtask.evaluation.redrawn import FOLDS, FRACTIONS, SPLIT, Redrawn, fraction_of, part_of
from auxtask.evaluation.resampling import ResampledT, corrected_t, probability_of_superiority
from auxtask.ground.escaping import file_name
from auxtask.runs.metrics import HEADINGS, REPORTED
from auxtask.runs.reading import Run
from auxtask.tables.values import Cell, Interval, MeanStd, Note, Number, Table, signed

WHOLE = (
    "The interval is that of the mean over seeds, by Student's t, within 0 to 100. "
    "Validation documents stay whole."
)
CORRECTED = (
    "Differences are from {} in points, paired by split and seed, with p of the corrected resampled t "
    "(Nadeau and Bengio): t = mean / √((1/K + test/train) s²), K - 1 degrees of freedom."
)
POOLED = "Pooled: one score of the predictions of all folds, a mean over seeds."


def redrawn_tables(redrawn: Redrawn, ddof: int) -> list[Table]:
    """Lay out runs on drawn documents.

    Args:
        redrawn: as from `redrawn_runs`.
        ddof: of standard deviations, 1 or 0.

    Returns:
        For each block its table, of folds and resplits one a metric.
    """
    if redrawn.kind == FRACTIONS:
        return [_fraction_table(block, ddof) for block in redrawn.blocks]
    table = _fold_table if redrawn.kind == FOLDS else _resplit_table
    return [table(block, metric, ddof) for block in redrawn.blocks for metric in REPORTED]


def learning_curves(block: Block) -> dict[str, list[tuple[float, MeanStd, Interval | None]]]:
    """Follow the test macro-F1 of each method over the share of the training documents.

    Args:
        block: whose groups hold runs of several shares.

    Returns:
        By method for each share the score in percent, and its 95 % interval over seeds by Student's t.
    """
    return {
        group.label: [
            (fraction, score, _interval(score))
            for fraction, runs in _by_fraction(group).items()
            for score in [percent([run.scores["macro_f1"] for run in runs], 1)]
        ]
        for group in block.groups
    }


def _fraction_table(block: Block, ddof: int) -> Table:
    rows = []
    for group in block.groups:
        for fraction, runs in _by_fraction(group).items():
            scores = {metric: percent([run.scores[metric] for run in runs], ddof) for metric in REPORTED}
            ends = _interval(percent([run.scores["macro_f1"] for run in runs], 1))
            train = [drawn["train"] for run in runs if (drawn := _drawn(run))]
            documents = Cell(round(sum(train) / len(train))) if train else Cell("all" if fraction == 1 else None)
            shown = None if ends is None else f"{ends.low:.2f} to {ends.high:.2f}"
            cells = [Cell(f"{fraction:g}"), documents, *(Cell(scores[metric]) for metric in REPORTED), Cell(shown)]
            rows.append([Cell(group.label), *cells])
    headings = ("method", "share", "train", *(HEADINGS[metric] for metric in REPORTED))
    return Table(
        file_name("learning", block.dataset, block.label),
        f"{block.dataset}, {block.label}: test scores in percent, mean ± standard deviation over seeds",
        (*headings, "macro-F1, 95 % interval"),
        rows,
        labels=2,
        notes=[Note("", WHOLE)],
    )


def _fold_table(block: Block, metric: str, ddof: int) -> Table:
    rows = []
    for group in block.groups:
        by_fold = _by_part(group, metric)
        folds = int(str(group.settings[SPLIT]).partition(":")[2])
        pooled = _pooled(group, metric, folds)
        score = percent(list(by_fold.values()), ddof)
        count = Number(len(by_fold), f"{len(by_fold)} of {folds}")
        cells = [Cell(group.label), Cell(count), Cell(len(group.runs)), Cell(score), Cell(pooled)]
        rows.append([*cells, *_difference_cells(block, group, metric)])
    heading = HEADINGS[metric]
    return Table(
        file_name("folds", metric, block.dataset, block.label),
        f"{block.dataset}, {block.label}: {heading} in percent, mean ± standard deviation over folds",
        ("method", "folds", "runs", heading, f"{heading}, pooled", "difference", "t", "p"),
        rows,
        notes=[Note("", f"{POOLED} {CORRECTED.format(_reference(block).label)}")],
    )


def _resplit_table(block: Block, metric: str, ddof: int) -> Table:
    rows, reference = [], _reference(block).label
    for group in block.groups:
        by_split = _by_part(group, metric)
        shown: list[Cell] = [Cell(None), Cell(None)]
        pairs = _pairs(block, group, metric)
        if pairs:
            result = probability_of_superiority(*zip(*pairs.values(), strict=True))
            low, high = result.interval.low, result.interval.high
            text = f"{result.probability:.2f} ({low:.2f} to {high:.2f})"
            shown = [Cell(Number(result.probability, text)), Cell(result.verdict)]
        score = Cell(percent(list(by_split.values()), ddof))
        cells = [Cell(group.label), Cell(len(by_split)), Cell(len(group.runs)), score]
        rows.append([*cells, *shown, *_difference_cells(block, group, metric)])
    heading = HEADINGS[metric]
    return Table(
        file_name("resplits", metric, block.dataset, block.label),
        f"{block.dataset}, {block.label}: {heading} in percent, mean ± standard deviation over splits",
        ("method", "splits", "runs", heading, f"P(> {reference})", "verdict", "difference", "t", "p"),
        rows,
        notes=[
            Note(
                "",
                f"P(> {reference}): share of splits on which a method is better, ties one half, with the 95 % "
                "percentiles of the bootstrap over splits. Better: they lie above .5; worth it: they pass .75. "
                f"{CORRECTED.format(reference)}",
            )
        ],
    )


def _difference_cells(block: Block, group: Group, metric: str) -> list[Cell]:
    pairs = _pairs(block, group, metric)
    if not pairs:
        return [Cell(None)] * 3
    differences = [100 * (own - other) for own, other in pairs.values()]
    sizes = [drawn for run in group.runs if (drawn := _drawn(run))]
    result = ResampledT(float(np.mean(differences)), None, None)
    if sizes:
        n_train, n_test = (float(np.mean([each[split] for each in sizes])) for split in ("train", "test"))
        result = corrected_t(differences, n_train, n_test)
    return [
        Cell(Number(result.value, signed(result.value))),
        Cell(None if result.t is None else Number(result.t, signed(result.t))),
        Cell(None if result.p is None else Number(result.p, f"{result.p:.3f}")),
    ]


def _reference(block: Block) -> Group:
    """Find what the others are compared with; where nothing of that name was run, the first."""
    return next((each for each in block.groups if each.strategy == REFERENCE), block.groups[0])


def _pairs(block: Block, group: Group, metric: str) -> dict[int, tuple[float, float]]:
    """Give the scores of a method and of the reference on each split that both have, means over common seeds."""
    reference = _reference(block)
    if reference is group:
        return {}
    own, other = ({(part_of(run), run.seed): run for run in each.runs} for each in (group, reference))
    both: dict[int, list[tuple[float, float]]] = {}
    for part, seed in sorted(own.keys() & other.keys()):
        both.setdefault(part, []).append((own[part, seed].scores[metric], other[part, seed].scores[metric]))
    return {
        part: (float(np.mean([one for one, _ in found])), float(np.mean([one for _, one in found])))
        for part, found in both.items()
    }


def _by_part(group: Group, metric: str) -> dict[int, float]:
    """The mean over seeds of each fold or resplit."""
    found: dict[int, list[float]] = {}
    for run in group.runs:
        found.setdefault(part_of(run), []).append(run.scores[metric])
    return {part: float(np.mean(scores)) for part, scores in sorted(found.items())}


def _pooled(group: Group, metric: str, folds: int) -> MeanStd | None:
    """Score the predictions of all folds as one test, for each seed that has all of them."""
    by_seed: dict[int, dict[int, Run]] = {}
    for run in group.runs:
        by_seed.setdefault(run.seed, {})[part_of(run)] = run
    scores = []
    for of_seed in by_seed.values():
        found = [run.predictions for run in of_seed.values() if run.predictions is not None]
        if len(found) == folds:
            matrix = sum(confusion_matrix(each.labels, each.predicted, len(each.class_names)) for each in found)
            assert isinstance(matrix, np.ndarray)
            micro = float(np.trace(matrix) / matrix.sum())
            scores.append(micro if metric == "micro_f1" else float(class_scores(matrix)["f1"].mean()))
    return percent(scores, 1) if scores else None


def _by_fraction(group: Group) -> dict[float, list[Run]]:
    found: dict[float, list[Run]] = {}
    for run in sorted(group.runs, key=fraction_of):
        found.setdefault(fraction_of(run), []).append(run)
    return found


def _interval(score: MeanStd) -> Interval | None:
    if score.std is None or score.runs is None:
        return None
    half = float(stats.t.ppf(0.975, score.runs - 1)) * score.std / score.runs**0.5
    # No score is outside, and the interval of a few seeds is wide.
    return Interval(max(0.0, score.mean - half), min(100.0, score.mean + half))


def _drawn(run: Run) -> dict[str, Any] | None:
    return (run.environment.get("data") or {}).get("drawn")
