"""Does a method help the small classes? The change in F1 of each class beside the size of the class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from auxtask.evaluation.groups import Block, Group
from auxtask.ground.escaping import file_name
from auxtask.tables.values import Cell, Note, Number, Table, signed


@dataclass(frozen=True)
class ClassGain:
    """What a method changes for one class.

    Args:
        label: the class.
        size: its test documents.
        reference_f1: mean over the reference's seeds, in percent.
        gain: mean over the method's seeds minus that, in percentage points.
        error: its standard error over the seeds of both; None where one has a single run.
    """

    label: str
    size: int
    reference_f1: float
    gain: float
    error: float | None


def class_gains(group: Group, reference: Group) -> list[ClassGain]:
    """Compare two groups class by class.

    Args:
        group, reference: of one data set.

    Returns:
        From the smallest class to the largest.
    """
    sizes = {label: int(scores["support"]) for label, scores in reference.runs[0].class_scores.items()}
    gains = []
    for label, size in sizes.items():
        before, after = _f1(reference, label), _f1(group, label)
        error = None
        if len(before) > 1 and len(after) > 1:
            error = float(np.sqrt(before.var(ddof=1) / len(before) + after.var(ddof=1) / len(after)))
        gains.append(ClassGain(label, size, float(before.mean()), float(after.mean() - before.mean()), error))
    return sorted(gains, key=lambda gain: (gain.size, gain.label))


def _f1(group: Group, label: str) -> NDArray[np.float64]:
    return 100 * np.array([run.class_scores[label]["f1"] for run in group.runs])


def gains_by_method(block: Block, reference: str = "stl") -> dict[str, list[ClassGain]]:
    """Compare every fine-tuned method of a block with a reference, class by class.

    Args:
        block: runs of one data set and model.
        reference: a method.

    Returns:
        By the method's label; empty where the reference was not run. Classes without test documents are left out,
        since nothing can be found of them.
    """
    references = [group for group in block.groups if group.strategy == reference]
    if not references:
        return {}
    return {
        group.label: [gain for gain in class_gains(group, references[0]) if gain.size > 0]
        for group in block.groups
        if group.strategy != reference and not group.is_baseline
    }


def class_gain_table(block: Block) -> Table | None:
    """Lay out the changes against `stl`: a row a class from the smallest up, a column a method.

    Args:
        block: runs of one data set and model.

    Returns:
        The table; its notes say how the change goes with the size. None where there is nothing to compare.
    """
    gains = gains_by_method(block)
    if not gains:
        return None
    methods = list(gains)
    rows = []
    for same_class in zip(*gains.values(), strict=True):
        first = same_class[0]
        row = [Cell(first.label), Cell(first.size), Cell(Number(first.reference_f1, f"{first.reference_f1:.2f}"))]
        rows.append(row + [Cell(Number(gain.gain, signed(gain.gain))) for gain in same_class])
    return Table(
        name=file_name("classes", block.dataset, block.label),
        title=f"{block.dataset}, {block.label}: F1 by class in percent, and its change against stl",
        columns=("class", "test documents", "stl", *methods),
        rows=rows,
        notes=[Note("", _trend(method, gains[method])) for method in methods],
    )


def _trend(method: str, gains: Sequence[ClassGain]) -> str:
    half = len(gains) // 2
    small = float(np.mean([gain.gain for gain in gains[:half]]))
    large = float(np.mean([gain.gain for gain in gains[len(gains) - half :]]))
    text = f"{method}: {signed(small)} in the {half} smallest classes, {signed(large)} in the {half} largest"
    sizes, changes = [gain.size for gain in gains], [gain.gain for gain in gains]
    if len(gains) < 3 or len(set(sizes)) == 1 or len(set(changes)) == 1:
        return f"{text}."
    found = stats.spearmanr(sizes, changes)
    rho, p = float(found.statistic), float(found.pvalue)
    return f"{text}; Spearman's rho of size and change {signed(rho)} (p {p:.2f})."
