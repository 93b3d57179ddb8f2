"""The end of a run: the trained classifier is exported and tested."""

import shutil
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from transformers import PreTrainedModel

from auxtask.data.dataset import TextDataset
from auxtask.model.adapters import LoraAdapter
from auxtask.model.classifier import Classifier, load
from auxtask.runs.folder import RunFolder
from auxtask.runs.results import write_results
from auxtask.tasks.base import Prepared
from auxtask.training.stages import Stage, best_row

if TYPE_CHECKING:
    from auxtask.pretraining.adaptation import Adapted


def export(
    adapter: LoraAdapter | None, classifier: PreTrainedModel, prepared: Prepared, folder: RunFolder
) -> Classifier:
    """Write the main-task model as a plain `transformers` classifier, under its final name once it is whole.

    Args:
        adapter: is merged into the classifier.
        classifier: the main-task model.
        prepared: its tokenizer and `max_length`, which is written as the length the tokenizer truncates to. It is
            told to pad on the right, whatever it did before: heads read the first position, and many encoders
            count from it.
        folder: the run.

    Returns:
        What was written, read back, in full precision and on the device of the training.
    """
    if adapter is not None:
        adapter.merge()
    temporary = folder.path / ".model"
    shutil.rmtree(temporary, ignore_errors=True)
    classifier.save_pretrained(temporary)
    tokenizer = prepared.tokenizer
    tokenizer.model_max_length, tokenizer.padding_side = prepared.max_length, "right"
    tokenizer.save_pretrained(temporary)
    shutil.rmtree(folder.model, ignore_errors=True)
    temporary.rename(folder.model)
    return load(folder.model, classifier.device)


def test(
    classifier: Classifier,
    dataset: TextDataset,
    prepared: Prepared,
    stages: Sequence[Stage],
    adapted: "Adapted | None",
    folder: RunFolder,
) -> dict[str, Any]:
    """Test the exported classifier, once.

    Args:
        classifier: what `export` gave: whoever loads it gets these very predictions.
        dataset: texts and labels.
        prepared: what was counted and timed before training.
        stages: what came of training.
        adapted: what came of the adaptation of the encoder before; None without one.
        folder: the run; `metrics.json` is written last, checkpoints are removed.

    Returns:
        The content of `metrics.json`.
    """
    started = time.perf_counter()
    probabilities = classifier.predict_probabilities(dataset["test"]["text"]).numpy()
    best = best_row(stages)
    metrics = write_results(
        folder,
        dataset,
        probabilities,
        valid=best["valid"],
        best_step=best["step"],
        steps=sum(stage.steps for stage in stages),
        seconds={
            "score": prepared.seconds,
            "train": sum(stage.seconds for stage in stages),
            "test": time.perf_counter() - started,
        },
        tokens_per_second=sum(stage.tokens for stage in stages) / sum(stage.session_seconds for stage in stages),
        parameters=sum(parameter.numel() for parameter in classifier.model.parameters()),
        counts=prepared.counts,
        tasks={name: dict(task.facts) for name, task in prepared.tasks.items() if task.facts},
        adaptation=None if adapted is None else adapted.record,
    )
    shutil.rmtree(folder.checkpoints, ignore_errors=True)
    return metrics
