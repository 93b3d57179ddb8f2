"""What a rival of fine-tuning is, and its run: the same data, the same files as any other method."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from auxtask.data.counts import counts_line, document_counts
from auxtask.data.dataset import SPLITS, TextDataset
from auxtask.ground.files import write_json_lines
from auxtask.ground.machine import is_main_process
from auxtask.ground.names import MAIN
from auxtask.ground.nesting import flatten
from auxtask.ground.tools import Resources
from auxtask.runs.folder import RunFolder
from auxtask.runs.history import history_rows
from auxtask.runs.metrics import classification_metrics
from auxtask.runs.results import write_results


@dataclass(frozen=True)
class Outcome:
    """What a baseline has come to.

    Args:
        probabilities: for `valid` and `test`, those of each class, (documents, classes), rows sum to 1.
        parameters: what it has learned or was given, in numbers.
        seconds: by stage: `score` (what was prepared before training), `train`, `test`.
        history: for each evaluation a line of `history.jsonl`; none for a method that is not trained by steps.
        best_step: the step that gave the predictions.
        steps: training steps in all.
        tokens_per_second: in training; 0 for a method that reads no tokens.
    """

    probabilities: Mapping[str, NDArray[np.float32]]
    parameters: int
    seconds: Mapping[str, float]
    history: list[dict[str, Any]] = field(default_factory=list)
    best_step: int = 0
    steps: int = 0
    tokens_per_second: float = 0.0


class Baseline(Protocol):
    """A method that takes the place of fine-tuning."""

    def fit_predict(self, dataset: TextDataset, resources: Resources) -> Outcome:
        """Learn from train, choose by valid and predict for valid and test.

        Args:
            dataset: texts and labels; test has no labels.
            resources: what it may draw on.
        """


def run_baseline(
    baseline: Baseline, dataset: TextDataset, resources: Resources, folder: RunFolder
) -> dict[str, Any]:
    """Run a baseline, which never sees the labels of test, and write the run's files.

    Args:
        baseline: the method.
        dataset: texts and labels.
        resources: what the method may draw on.
        folder: the run folder, locked by the caller.

    Returns:
        The content of `metrics.json`.
    """
    counts = document_counts(dataset)
    if is_main_process():
        print(counts_line(dataset.name, counts), flush=True)
    outcome = baseline.fit_predict(without_test_labels(dataset), resources)
    if outcome.history:
        write_json_lines(folder.path / "history.jsonl", outcome.history)
    predicted = outcome.probabilities["valid"].argmax(axis=-1)
    return write_results(
        folder,
        dataset,
        outcome.probabilities["test"],
        valid=classification_metrics(dataset["valid"]["label"], predicted, len(dataset.label_names)),
        best_step=outcome.best_step,
        steps=outcome.steps,
        seconds=outcome.seconds,
        tokens_per_second=outcome.tokens_per_second,
        parameters=outcome.parameters,
        counts=counts,
    )


def without_test_labels(dataset: TextDataset) -> TextDataset:
    """Take the labels of the test split away.

    >>> from auxtask.data.dataset import build_text_dataset
    >>> pairs = [("a fine film", "good"), ("a dull film", "bad")]
    >>> films = build_text_dataset(dict.fromkeys(("train", "valid", "test"), pairs), name="films", provenance={})
    >>> without_test_labels(films)["test"].column_names
    ['text']
    """
    splits = {**dataset, "test": dataset["test"].remove_columns("label")}
    return TextDataset(
        splits,
        name=dataset.name,
        label_names=dataset.label_names,
        fingerprint=dataset.fingerprint,
        provenance=dataset.provenance,
    )


def documents_of_all_splits(dataset: TextDataset) -> tuple[list[str], dict[str, NDArray[np.int64]]]:
    """Line up the documents of train, valid and test: a transductive method reads them all.

    Args:
        dataset: texts.

    Returns:
        The texts, and for each split the numbers of its documents among them.
    """
    texts = [text for split in SPLITS for text in dataset[split]["text"]]
    ends = np.cumsum([len(dataset[split]) for split in SPLITS])
    numbers = np.split(np.arange(len(texts)), ends[:-1])
    return texts, dict(zip(SPLITS, numbers, strict=True))


def evaluation_row(
    epoch: int, step: int, seconds: float, loss: float, learning_rate: float, valid: Mapping[str, float]
) -> dict[str, Any]:
    """Build a line of `history.jsonl`, with the fields of every other method's.

    >>> evaluation_row(1, 20, 3.14159, 0.5, 1e-3, {"loss": 0.4})["losses"]
    {'main': 0.5}
    """
    entry = {
        "step": step,
        "epoch": float(epoch),
        "seconds": round(seconds, 3),
        "learning_rate": learning_rate,
        **flatten({"losses": {MAIN: loss}, "weights": {MAIN: 1.0}}, "/"),
    }
    [row] = history_rows([entry | {f"eval_{name}": value for name, value in valid.items()}])
    return row
