"""The stages of a run: train, with checkpoints, until the best validation score stands."""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
from datasets import Dataset
from transformers import EvalPrediction, TrainerCallback

from auxtask.data.order import spread_documents
from auxtask.data.splits import stratified_split
from auxtask.errors import AuxtaskError
from auxtask.ground.files import write_json
from auxtask.ground.names import MAIN
from auxtask.masking.pace import EpochCounter, IndependentDocuments, PerEpoch
from auxtask.model.multitask import MultiTaskModel
from auxtask.runs.folder import RunFolder
from auxtask.runs.history import continued, history_rows
from auxtask.runs.metrics import classification_metrics
from auxtask.tasks.base import OwnColumns, Prepared
from auxtask.training.alignment import gradient_alignment
from auxtask.training.batches import ClassificationCollator, MultiTaskCollator
from auxtask.training.callbacks import EarlyStopping, HistoryWriter
from auxtask.training.checkpoints import WEIGHTS, damage, last_checkpoint, train_with_checkpoints
from auxtask.training.masked_rows import CleanRows, MainCollator, masked_and_clean_accuracy, masked_main
from auxtask.training.plan import TrainingPlan
from auxtask.training.trainer import MultiTaskTrainer
from auxtask.training.weighting.static import StaticWeighting


@dataclass(frozen=True)
class Stage:
    """What a finished stage leaves behind, beside the best weights in its model.

    Args:
        rows: its evaluations, see `history_rows`.
        steps: optimizer steps.
        tokens, session_seconds: read, and the time it took, in the process that finished the stage.
        seconds: of training in all.
        checkpoint: name of the best checkpoint, a folder beside `stage.json`.
        metric: the validation score that chose it.
    """

    rows: Sequence[Mapping[str, Any]]
    steps: int
    tokens: int
    session_seconds: float
    seconds: float
    checkpoint: str
    metric: str

    @property
    def best_score(self) -> float:
        """The best validation score."""
        return max(row["valid"][self.metric] for row in self.rows)


def train_stages(
    plan: TrainingPlan, network: MultiTaskModel, prepared: Prepared, folder: RunFolder
) -> list[Stage]:
    """Train the stages of a plan, each from the best weights of the one before; go on where it was cut.

    Args:
        plan: how to train.
        network: is trained; it holds the best weights afterwards.
        prepared: documents and tasks.
        folder: the run; its checkpoints and its history are written.

    Returns:
        What came of each stage.

    Raises:
        AuxtaskError: a setting is out of range, a loss became not a number, or there was no evaluation.
    """
    stages: list[Stage] = []
    for number, stage_plan in enumerate(plan.stages):
        if number == 0:
            trainer = stage_trainer(stage_plan, network, prepared, folder.path, folder.checkpoints)
            stages.append(train_stage(trainer))
        else:
            alone = MultiTaskModel(network.classifier, {}, {}, network.main_loss)
            checkpoints = folder.checkpoints / "last_stage"
            trainer = stage_trainer(stage_plan, alone, prepared, folder.path, checkpoints, stages[-1].rows)
            stages.append(train_if_better(trainer, stages[-1]))
    return stages


def stage_trainer(
    plan: TrainingPlan,
    network: MultiTaskModel,
    prepared: Prepared,
    folder: Path,
    checkpoints: Path,
    before: Sequence[Mapping[str, Any]] = (),
) -> MultiTaskTrainer:
    """Build the trainer of a stage.

    Args:
        plan: of the stage.
        network: says by its heads which tasks are trained.
        prepared: documents and tasks.
        folder: gets `history.jsonl`.
        checkpoints: folder of the stage's checkpoints.
        before: evaluations of the stage before.

    Returns:
        The trainer, before its first step.
    """
    tasks = {name: prepared.tasks[name] for name in network.heads}
    if plan.main_rows is not None and plan.main_rows not in tasks:
        raise AuxtaskError(
            f"trainer.main_rows={plan.main_rows!r} is no task of this run; use {', '.join(tasks) or 'null'}"
        )
    arguments = plan.training_arguments(checkpoints)
    # One task alone has nothing to be weighed against.
    weighting = plan.weighting if tasks else StaticWeighting()
    train, valid = prepared.documents["train"], prepared.documents["valid"]
    train, held_back = without_held_back(train, weighting.meta_share)
    main = ClassificationCollator(prepared.tokenizer)
    draw_main = IndependentDocuments(train, plan.seed) if plan.independent_batches else None
    main_in_training, masking = masked_main(main, plan)
    clean = CleanRows(plan.main_clean, plan.seed) if plan.main_clean > 0 else None
    drawn: list[PerEpoch] = [each for each in (draw_main, masking, clean) if each is not None]
    collators = {name: OwnColumns(task.collator, name) for name, task in tasks.items()}
    callbacks: list[TrainerCallback] = [HistoryWriter(folder / "history.jsonl", before)]
    callbacks += [] if plan.patience is None else [EarlyStopping(plan.patience)]
    callbacks += [EpochCounter(drawn)] if drawn else []
    callbacks += [each for name, task in tasks.items() for each in task.callbacks(network.head(name))]

    collate = MultiTaskCollator(main_in_training, collators, draw_main, plan.main_rows, clean)

    def metrics(prediction: EvalPrediction) -> dict[str, float]:
        predicted = np.asarray(prediction.predictions).argmax(axis=-1)
        return classification_metrics(prediction.label_ids, predicted, network.classifier.config.num_labels or 0)

    compared = spread_documents(train, plan.gradient_documents)

    def scores() -> dict[str, dict[str, float]]:
        size = arguments.per_device_eval_batch_size
        found = {name: task.evaluate(network.head(name), size) for name, task in tasks.items()}
        masked: MainCollator | None = None if masking is None else main_in_training
        if plan.main_rows is not None:
            rows = MultiTaskCollator(main, {plan.main_rows: collators[plan.main_rows]}, main_rows=plan.main_rows)
            masked = rows.main_part
        if masked is not None:
            found[MAIN] = masked_and_clean_accuracy(network.classifier, masked, main, train, size)
        if plan.gradient_documents and tasks:
            for name, facts in gradient_alignment(network, collate, compared, size).items():
                found[name] = {**found[name], **facts}
        return found

    return MultiTaskTrainer(
        network,
        arguments,
        collate,
        MultiTaskCollator(main),
        train,
        valid,
        weighting,
        metrics,
        head_learning_rate=plan.head_learning_rate,
        head_weight_decay=plan.head_weight_decay,
        score_tasks=scores,
        callbacks=[*callbacks, *plan.callbacks],
        held_back=held_back,
        task_every=plan.task_every,
    )


def without_held_back(train: Dataset, share: float) -> tuple[Dataset, Dataset | None]:
    """Hold training documents back for a weighting, the same ones in every run.

    Args:
        train: documents with the column `label`.
        share: of them that is held back, in [0, 1), with the class shares of the whole.

    Returns:
        The documents that are trained on, and those held back; None for none.

    Raises:
        AuxtaskError: a class would have no document left to train on.

    >>> train = Dataset.from_dict({"label": [0, 0, 0, 0, 1, 1, 1, 1]})
    >>> [documents["label"][:] for documents in without_held_back(train, 0.25)]
    [[0, 0, 0, 1, 1, 1], [0, 1]]
    """
    if share == 0:
        return train, None
    labels, count = train["label"][:], math.ceil(share * len(train))
    if count > len(labels) - len(set(labels)):
        raise AuxtaskError(
            f"weighting.meta_share={share} holds back {count} of {len(labels)} training documents, which leaves a "
            "class without any; use a smaller one"
        )
    kept, aside = stratified_split(labels, count)
    return train.select(kept), train.select(aside)


def train_stage(trainer: MultiTaskTrainer) -> Stage:
    """Train, or go on from the last whole checkpoint; a stage that was finished before is only taken up.

    Args:
        trainer: its network holds the best weights afterwards; its output folder keeps the checkpoints and, once
            the stage is finished, `stage.json`.

    Returns:
        What came of it.

    Raises:
        AuxtaskError: there was no evaluation.
    """
    folder = Path(str(trainer.args.output_dir))
    if stage := _finished_stage(folder):
        trainer.network.load_state_dict(safetensors.torch.load_file(folder / stage.checkpoint / WEIGHTS))
        return stage
    train_with_checkpoints(trainer, last_checkpoint(folder))
    rows = history_rows(trainer.state.log_history)
    if not rows:
        raise AuxtaskError(
            f"no evaluation in {trainer.state.global_step} steps; "
            f"lower trainer.eval_steps={trainer.args.eval_steps} or use trainer.eval_strategy=epoch"
        )
    stage = Stage(
        rows=rows,
        steps=trainer.state.global_step,
        tokens=int(trainer.trained_tokens),
        session_seconds=trainer.clock.session,
        seconds=trainer.clock.seconds,
        checkpoint=Path(str(trainer.state.best_model_checkpoint)).name,
        metric=str(trainer.args.metric_for_best_model).removeprefix("eval_"),
    )
    if trainer.is_world_process_zero():
        write_json(folder / "stage.json", asdict(stage))
    return stage


def train_if_better(trainer: MultiTaskTrainer, before: Stage) -> Stage:
    """Train a further stage; its classifier gets the weights it had before unless validation is strictly better.

    Args:
        trainer: of the stage.
        before: the stage before.

    Returns:
        What came of the further stage.
    """
    classifier = trainer.network.classifier
    weights = {name: value.clone() for name, value in classifier.state_dict().items()}
    stage = train_stage(trainer)
    if stage.best_score <= before.best_score:
        classifier.load_state_dict(weights)
    return stage


def best_row(stages: Sequence[Stage]) -> dict[str, Any]:
    """Give the first evaluation with the best score of all stages; steps, epochs and seconds go on."""
    rows: list[dict[str, Any]] = []
    for stage in stages:
        rows = continued(rows, stage.rows)
    return max(rows, key=lambda row: row["valid"][stages[0].metric])


def _finished_stage(folder: Path) -> Stage | None:
    """Read what a finished stage has left; None if it is not finished, or damaged and so to be finished again."""
    path = folder / "stage.json"
    try:
        stage = Stage(**json.loads(path.read_text(encoding="utf-8")))
        reason = damage(folder / stage.checkpoint)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        reason = str(error)
    if reason is None:
        return stage
    print(f"'{path}' is damaged, or its checkpoint is ({reason}); the stage is finished again", file=sys.stderr)
    return None
