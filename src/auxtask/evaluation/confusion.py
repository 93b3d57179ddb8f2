"""Which classes are taken for which: confusion matrices, and precision, recall and F1 of each class."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auxtask.evaluation.contrasts import REFERENCE
from auxtask.evaluation.groups import Block, Group, percent
from auxtask.ground.escaping import file_name
from auxtask.tables.values import Cell, Note, Number, Table

CHOICE = (
    f"{REFERENCE}, and the method of the best mean validation macro-F1; a class that is never predicted has "
    "precision 0."
)


def confusion_matrix(gold: ArrayLike, predicted: ArrayLike, num_classes: int) -> NDArray[np.int64]:
    """Count the documents of each class by the class that is predicted.

    Args:
        gold, predicted: class indices, (documents,), int in [0, num_classes).
        num_classes: number of classes.

    Returns:
        Gold classes down, predicted ones across, (classes, classes).

    >>> confusion_matrix([0, 0, 1], [0, 1, 1], 2).tolist()
    [[1, 1], [0, 1]]
    """
    places = np.asarray(gold) * num_classes + np.asarray(predicted)
    return np.bincount(places, minlength=num_classes**2).reshape(num_classes, num_classes)


def class_scores(confusion: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Read precision, recall and F1 of each class off a confusion matrix.

    Args:
        confusion: as from `confusion_matrix`.

    Returns:
        `precision`, `recall` and `f1`, (classes,) each, in [0, 1]; 0 where there is nothing to divide by.

    >>> class_scores(np.array([[1, 1], [0, 1]]))["f1"].round(3).tolist()
    [0.667, 0.667]
    """
    correct, predicted, gold = np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)

    def share(of: NDArray[np.int64], factor: int = 1) -> NDArray[np.float64]:
        return np.divide(factor * correct, of, out=np.zeros(len(of)), where=of > 0)

    return {"precision": share(predicted), "recall": share(gold), "f1": share(predicted + gold, 2)}


def shown_groups(block: Block) -> list[Group]:
    """Choose the methods whose classes are shown: the reference, and the best by validation, never by test.

    Args:
        block: runs of one data set and model.

    Returns:
        One or two, of those whose runs all have predictions; empty where there are none.
    """
    groups = [group for group in block.groups if all(run.predictions for run in group.runs)]
    if not groups:
        return []

    def validation(group: Group) -> float:
        return float(np.mean([run.valid_scores["macro_f1"] for run in group.runs]))

    best = max(groups, key=validation)
    reference = [group for group in groups if group.strategy == REFERENCE and group is not best]
    return [*reference[:1], best]


def confusion_of(group: Group) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Sum the confusion matrices of all runs of a method.

    Returns:
        The classes, and the documents of all runs, (classes, classes).
    """
    found = _matrices(group)
    predictions = group.runs[0].predictions
    assert predictions is not None
    return predictions.class_names, np.sum(found, axis=0)


def per_class_table(block: Block, ddof: int) -> Table | None:
    """Lay out precision, recall, F1 and support of each class.

    Args:
        block: runs of one data set and model.
        ddof: of the standard deviation over runs, 1 or 0.

    Returns:
        A row a method and class; None where no run has predictions.
    """
    rows = []
    for group in shown_groups(block):
        matrices = _matrices(group)
        scores = [class_scores(matrix) for matrix in matrices]
        support = np.mean([matrix.sum(axis=1) for matrix in matrices], axis=0)
        names, _ = confusion_of(group)
        for at, name in enumerate(names):
            cells = [percent([each[kind][at] for each in scores], ddof) for kind in scores[0]]
            documents = Number(float(support[at]), f"{support[at]:,.1f}".removesuffix(".0"))
            rows.append([Cell(group.label), Cell(name), *map(Cell, cells), Cell(documents)])
    if not rows:
        return None
    return Table(
        file_name("per_class", block.dataset, block.label),
        f"{block.dataset}, {block.label}: classes in percent, mean ± standard deviation over runs",
        ("method", "class", "precision", "recall", "F1", "support"),
        rows,
        labels=2,
        notes=[Note("", CHOICE)],
    )


def _matrices(group: Group) -> list[NDArray[np.int64]]:
    found = [run.predictions for run in group.runs]
    return [confusion_matrix(each.labels, each.predicted, len(each.class_names)) for each in found if each]
