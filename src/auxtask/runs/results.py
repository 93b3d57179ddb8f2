"""What every finished run says of itself, whichever method it ran: `predictions.jsonl`, then `metrics.json`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auxtask.data.copies import repeated_texts
from auxtask.data.dataset import TextDataset
from auxtask.ground.files import write_json, write_json_lines
from auxtask.runs.environment import peak_memory_bytes
from auxtask.runs.folder import RunFolder
from auxtask.runs.metrics import METRICS, classification_metrics, macro_f1_present, per_class_f1


def write_results(
    folder: RunFolder,
    dataset: TextDataset,
    probabilities: NDArray[np.float32],
    *,
    valid: Mapping[str, float],
    best_step: int,
    steps: int,
    seconds: Mapping[str, float],
    tokens_per_second: float,
    parameters: int,
    counts: Mapping[str, Any],
    tasks: Mapping[str, Mapping[str, float]] | None = None,
    adaptation: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Score the predictions for the test documents and finish the run.

    Args:
        folder: the run.
        dataset: texts and labels.
        probabilities: of each class for each test document, (test documents, classes); the largest is the
            prediction.
        valid: validation scores of the model that predicted; `micro_f1`, `macro_f1` and `accuracy` are kept.
        best_step: the training step that gave that model.
        steps: training steps in all; 0 for a method that is not trained by steps.
        seconds: by stage: `score` (what was prepared before training), `train`, `test`.
        tokens_per_second: in training; 0 for a method that reads no tokens.
        parameters: what the model that predicted has learned or was given, in numbers.
        counts: what misleads about the data (`auxtask.data.counts`).
        tasks: what is known of auxiliary tasks before training, by task; None or empty for nothing.
        adaptation: what the encoder read before it was fine-tuned, with its held-out loss at each evaluation; None
            for a vanilla one.

    Returns:
        The content of `metrics.json`.
    """
    names = dataset.label_names
    gold, predicted = np.asarray(dataset["test"]["label"]), probabilities.argmax(axis=-1)
    write_json_lines(
        folder.path / "predictions.jsonl",
        [
            {
                "index": index,
                "label": names[label],
                "prediction": names[best],
                "probabilities": dict(zip(names, row.round(6).tolist(), strict=True)),
            }
            for index, (label, best, row) in enumerate(zip(gold, predicted, probabilities, strict=True))
        ],
    )
    own = ~dataset.test_copies["train_or_valid"]
    metrics = {
        "status": "finished",
        "test": classification_metrics(gold, predicted, len(names)),
        # None where every test document is a copy: there is nothing left to score.
        "test_without_copies": classification_metrics(gold[own], predicted[own], len(names))
        if own.any()
        else None,
        # What is drawn together when the test documents are drawn again.
        "test_repeats": repeated_texts(dataset["test"]["text"]),
        "present": macro_f1_present(gold, predicted),
        "valid": {name: valid[name] for name in METRICS},
        "per_class": per_class_f1(gold, predicted, names),
        "best_step": best_step,
        "steps": steps,
        "seconds": {stage: round(value, 3) for stage, value in seconds.items()},
        "tokens_per_second": round(tokens_per_second, 1),
        "peak_memory_bytes": peak_memory_bytes(),
        "parameters": parameters,
        "counts": dict(counts),
    }
    if tasks:
        metrics["tasks"] = dict(tasks)
    if adaptation is not None:
        metrics["adaptation"] = dict(adaptation)
    write_json(folder.path / "metrics.json", metrics)
    return metrics
