"""Experiments of the tests: the objects that a config would name, with a scorer that caches nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auxtask.data.dataset import TextDataset
from auxtask.experiment.experiment import Experiment, run_experiment
from auxtask.ground.tools import Tools
from auxtask.likelihood.scorer import PLLScorer
from auxtask.model.loading import load_tokenizer
from auxtask.runs.folder import RunFolder
from auxtask.tasks.base import Task
from auxtask.training.plan import TrainingPlan
from auxtask.training.weighting.static import StaticWeighting


def tools_of(encoder: str | Path, label_names: list[str], tokenizer: Any = None, **more: Any) -> Tools:
    """The tools of an encoder; no cache, no fine-tuned classifier."""
    return Tools(
        **{"seed": 0, "cache": Path("no cache"), "fine_tuned": None, **more},  # type: ignore[arg-type]
        encoder=str(encoder),
        tokenizer=tokenizer or load_tokenizer(encoder),
        label_names=label_names,
        scorers=lambda encoder, metric: PLLScorer.from_pretrained(encoder, metric=metric, progress=False),
    )


def run(
    dataset: TextDataset,
    encoder: str | Path,
    tasks: Mapping[str, Task],
    trainer: Mapping[str, Any],
    folder: RunFolder,
    *,
    max_length: int = 32,
    seed: int = 0,
    weighting: Any = None,
    callbacks: Any = (),
    **parts: Any,
) -> dict[str, Any]:
    """Run an experiment under the lock of its folder; give the content of `metrics.json`."""
    plan = TrainingPlan.of(trainer, weighting or StaticWeighting(), seed, callbacks)
    tools = tools_of(encoder, dataset.label_names, seed=seed)
    with folder.locked():
        return run_experiment(Experiment(dataset, tasks, plan, tools, max_length, **parts), folder)
