"""Classification metrics over all classes of the training label set."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import accuracy_score, f1_score


def classification_metrics(gold: ArrayLike, predicted: ArrayLike, num_classes: int) -> dict[str, float]:
    """Micro-F1, macro-F1 and accuracy of single-label predictions.

    Macro-F1 is the unweighted mean of the F1 of every class of the training set; a class that is neither
    predicted nor gold counts as 0. For single-label classification micro-F1 equals accuracy.

    Args:
        gold: class indices, (documents,), int.
        predicted: class indices, (documents,), int.
        num_classes: number of classes of the training set.

    Returns:
        `micro_f1`, `macro_f1` and `accuracy`, each in [0, 1].

    >>> gold, predicted = [0, 0, 0, 0, 1, 1, 2, 2, 2, 2], [0, 0, 0, 1, 1, 0, 2, 2, 2, 0]
    >>> {name: round(value, 4) for name, value in classification_metrics(gold, predicted, 3).items()}
    {'micro_f1': 0.7, 'macro_f1': 0.6746, 'accuracy': 0.7}
    """
    classes = np.arange(num_classes)
    return {
        "micro_f1": float(f1_score(gold, predicted, labels=classes, average="micro", zero_division=0)),
        "macro_f1": float(f1_score(gold, predicted, labels=classes, average="macro", zero_division=0)),
        "accuracy": float(accuracy_score(gold, predicted)),
    }


def macro_f1_present(gold: ArrayLike, predicted: ArrayLike) -> float:
    """Macro-F1 over the classes that occur in gold: perfect predictions score 1 though a class is absent.

    Args:
        gold: class indices, (documents,), int, at least one.
        predicted: class indices, (documents,), int.

    Returns:
        The unweighted mean of their F1, in [0, 1].

    >>> gold = [0, 0, 1, 1]
    >>> macro_f1_present(gold, gold), round(classification_metrics(gold, gold, 3)["macro_f1"], 4)
    (1.0, 0.6667)
    """
    present = np.unique(np.asarray(gold))
    return float(f1_score(gold, predicted, labels=present, average="macro", zero_division=0))


def per_class_f1(gold: ArrayLike, predicted: ArrayLike, label_names: list[str]) -> dict[str, dict[str, Any]]:
    """F1 and number of gold documents of each class.

    Args:
        gold: class indices, (documents,), int.
        predicted: class indices, (documents,), int.
        label_names: the classes, in the order of their indices.

    Returns:
        For each label `f1` in [0, 1] and `support`, its number of gold documents.

    >>> per_class_f1([0, 1, 1], [0, 1, 0], ["a", "b"])["a"]
    {'f1': 0.6666666666666666, 'support': 1}
    """
    classes = np.arange(len(label_names))
    scores = f1_score(gold, predicted, labels=classes, average=None, zero_division=0)
    support = np.bincount(np.asarray(gold), minlength=len(label_names))
    return {
        label: {"f1": float(f1), "support": int(count)}
        for label, f1, count in zip(label_names, scores, support, strict=True)
    }
