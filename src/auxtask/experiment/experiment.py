"""One run from data to scores: tokens and task data → shared encoder with heads → training → export → test."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from transformers import set_seed

from auxtask.data.dataset import TextDataset
from auxtask.experiment.finishing import export, test
from auxtask.ground.machine import is_main_process
from auxtask.ground.tools import Tools
from auxtask.model.adapters import LoraAdapter
from auxtask.model.loading import load_classifier
from auxtask.model.multitask import MultiTaskModel
from auxtask.runs.folder import RunFolder
from auxtask.tasks.base import Prepared, Task, prepare
from auxtask.training.losses.cross_entropy import CrossEntropy
from auxtask.training.plan import TrainingPlan
from auxtask.training.stages import train_stages

if TYPE_CHECKING:
    from auxtask.pretraining.adaptation import Adaptation, Adapted


@dataclass(frozen=True)
class Experiment:
    """What a run trains, and on what.

    Args:
        dataset: texts and labels.
        tasks: auxiliary tasks by name; none for the single-task reference.
        plan: how to train.
        tools: what the tasks may draw on; among them the vanilla encoder.
        max_length: tokens of a document, special ones included; longer documents are cut.
        loss: of the main task.
        adapter: trains adapters in the encoder in place of its weights; None for the weights.
        adaptation: lets the encoder read text of the domain first; None for the vanilla one.
    """

    dataset: TextDataset
    tasks: Mapping[str, Task]
    plan: TrainingPlan
    tools: Tools
    max_length: int
    loss: CrossEntropy = field(default_factory=CrossEntropy)
    adapter: LoraAdapter | None = None
    adaptation: "Adaptation | None" = None


def run_experiment(experiment: Experiment, folder: RunFolder) -> dict[str, Any]:
    """Train a classifier with auxiliary tasks, test its best checkpoint once and write the run's files.

    Args:
        experiment: what to train, and on what.
        folder: the run, locked by the caller; an unfinished one goes on from its last whole checkpoint.

    Returns:
        The content of `metrics.json`; nothing in a process that is not the main one.

    Raises:
        AuxtaskError: a setting is out of range or a loss became not a number.
    """
    experiment, adapted = with_adapted_encoder(experiment)
    prepared = prepare(experiment.dataset, experiment.tasks, experiment.tools, experiment.max_length)
    network = build_network(experiment, prepared)
    stages = train_stages(experiment.plan, network, prepared, folder)
    if not is_main_process():
        return {}
    classifier = export(experiment.adapter, network.classifier, prepared, folder)
    return test(classifier, experiment.dataset, prepared, stages, adapted, folder)


def with_adapted_encoder(experiment: Experiment) -> "tuple[Experiment, Adapted | None]":
    """Let the encoder of an experiment read text of the domain, where that is asked for.

    Args:
        experiment: with the vanilla encoder.

    Returns:
        The same with the encoder that is fine-tuned, and what came of its adaptation; None without one.
    """
    if experiment.adaptation is None:
        return experiment, None
    tools, adapted = experiment.adaptation.adapt(experiment.dataset, experiment.tools, experiment.max_length)
    return replace(experiment, tools=tools), adapted


def build_network(experiment: Experiment, prepared: Prepared) -> MultiTaskModel:
    """Put one encoder under the heads of all tasks.

    Args:
        experiment: its encoder, loss, adapter and seed.
        prepared: has the tasks' heads.

    Returns:
        The network; new heads are drawn from the seed, that of the main task first.
    """
    dataset, loss = experiment.dataset, experiment.loss
    set_seed(experiment.plan.seed)
    classifier = load_classifier(experiment.tools.encoder, dataset.label_names)
    heads = {name: task.head() for name, task in prepared.tasks.items()}
    if experiment.adapter is not None:
        experiment.adapter.attach(classifier)
    loss.prepare(np.bincount(dataset["train"]["label"], minlength=len(dataset.label_names)).tolist())
    network = MultiTaskModel(
        classifier,
        heads,
        {name: task.loss for name, task in prepared.tasks.items()},
        loss,
        [name for name, task in prepared.tasks.items() if task.pretrained_head],
    )
    if experiment.plan.compile_encoder:
        classifier.base_model.compile(dynamic=True)
    return network
