"""Yardsticks: what a user gets in seconds without any encoder, scored once for each data set."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auxtask.data.dataset import TextDataset
from auxtask.errors import AuxtaskError
from auxtask.ground.files import write_json
from auxtask.runs.metrics import classification_metrics

# Training documents x classes up to which the yardsticks take about a minute.
YARDSTICK_SIZE = 3_000_000
# What the scores depend on, beside scikit-learn.
RECIPE = Path(__file__).with_name("linear.py")


def majority_class(dataset: TextDataset) -> NDArray[np.int64]:
    """Predict the most frequent training class for every test document.

    Args:
        dataset: texts and labels.

    Returns:
        Class indices, (test documents,), int64.
    """
    counts = np.bincount(dataset["train"]["label"], minlength=len(dataset.label_names))
    return np.full(len(dataset["test"]), counts.argmax())


def yardsticks(dataset: TextDataset) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """Score the yardsticks on the test split; one that cannot be fitted, or not within minutes, is skipped.

    Args:
        dataset: texts and labels.

    Returns:
        For `majority_class`, `tfidf_logreg` and `tfidf_svm` the metrics of `classification_metrics`, and for each
        that was skipped the reason.
    """
    # It takes a second, which stored scores do without.
    from auxtask.baselines.base import without_test_labels
    from auxtask.baselines.linear import tfidf_logreg, tfidf_svm

    predictions = {"majority_class": majority_class(dataset)}
    skipped = {}
    documents, classes = len(dataset["train"]), len(dataset.label_names)
    for baseline in (tfidf_logreg, tfidf_svm):
        name = baseline.__name__
        if documents * classes > YARDSTICK_SIZE:
            skipped[name] = (
                f"{documents:,} training documents x {classes:,} classes are more than {YARDSTICK_SIZE:,}; "
                f"baseline={name} computes it as a run of its own"
            )
            continue
        try:
            outcome = baseline().predict(without_test_labels(dataset), seed=0)
        except AuxtaskError as error:
            skipped[name] = str(error)
        else:
            predictions[name] = outcome.probabilities["test"].argmax(axis=-1)
    scores = {
        name: classification_metrics(dataset["test"]["label"], predicted, classes)
        for name, predicted in predictions.items()
    }
    return scores, skipped


def cached_yardsticks(dataset: TextDataset, cache: Path) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """Score the linear yardsticks once for each data set; scores, and reasons of those that were skipped."""
    recipe = hashlib.sha256(RECIPE.read_bytes() + version("scikit-learn").encode()).hexdigest()
    path = cache / "yardsticks" / f"{dataset.fingerprint}-{recipe[:12]}.json"
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        return known["scores"], known["skipped"]
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        scores, skipped = yardsticks(dataset)
        write_json(path, {"scores": scores, "skipped": skipped})
        return scores, skipped
