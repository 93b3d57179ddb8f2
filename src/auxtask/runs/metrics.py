"""Classification metrics over all classes of the training label set."""

import json
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

# What is measured; for single-label classification accuracy is micro-F1, so that reports leave it out.
METRICS = ("micro_f1", "macro_f1", "accuracy")
REPORTED = ("micro_f1", "macro_f1")
HEADINGS = {"micro_f1": "micro-F1", "macro_f1": "macro-F1"}


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
    from sklearn.metrics import accuracy_score, f1_score  # it takes a second, which a report does without

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
    from sklearn.metrics import f1_score

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
    from sklearn.metrics import f1_score

    classes = np.arange(len(label_names))
    scores = f1_score(gold, predicted, labels=classes, average=None, zero_division=0)
    support = np.bincount(np.asarray(gold), minlength=len(label_names))
    return {
        label: {"f1": float(f1), "support": int(count)}
        for label, f1, count in zip(label_names, scores, support, strict=True)
    }


def checked_metrics(text: str) -> dict[str, Any]:
    """Read the content of a `metrics.json` and check that a run can have come to it.

    Args:
        text: the file's.

    Returns:
        Its fields. Every number is finite; scores are in [0, 1], and macro-F1 is the mean of those of the
        classes; steps and seconds are no less than 0.

    Raises:
        ValueError: the text is no such object; its message says why.

    >>> checked_metrics('{"status": "finished", "test": {"micro_f1": NaN}}')
    Traceback (most recent call last):
    ValueError: it holds NaN
    """
    metrics = json.loads(text, parse_constant=_refuse_constant)
    if not isinstance(metrics, dict):
        raise ValueError("not a JSON object")
    if metrics.get("status") != "finished":
        raise ValueError(f"status {metrics.get('status')!r}")
    try:
        scores = {f"{split}.{name}": metrics[split][name] for split in ("test", "valid") for name in METRICS}
        scores |= {f"per_class.{label}.f1": each["f1"] for label, each in metrics["per_class"].items()}
        amounts = {name: metrics[name] for name in ("steps", "best_step")}
        amounts |= {f"seconds.{stage}": value for stage, value in metrics["seconds"].items()}
        amounts |= {f"per_class.{label}.support": each["support"] for label, each in metrics["per_class"].items()}
        for name, value in scores.items():
            if not (isinstance(value, int | float) and 0 <= value <= 1):
                raise ValueError(f"{name} is {value!r}, no number from 0 to 1")
        for name, value in amounts.items():
            if not (isinstance(value, int | float) and value >= 0):
                raise ValueError(f"{name} is {value!r}, no number from 0 on")
        if metrics["best_step"] > metrics["steps"]:
            raise ValueError(f"its best step is {metrics['best_step']} of {metrics['steps']}")
        of_classes = [each["f1"] for each in metrics["per_class"].values()]
        if abs(metrics["test"]["macro_f1"] - sum(of_classes) / len(of_classes)) > 1e-6:
            raise ValueError("its macro-F1 is not the mean over its classes")
    except KeyError as error:
        raise ValueError(f"it has no {error}") from None
    except (TypeError, AttributeError, ZeroDivisionError) as error:
        raise ValueError(f"foreign ({error})") from None
    return metrics


def _refuse_constant(name: str) -> float:
    raise ValueError(f"it holds {name}")
