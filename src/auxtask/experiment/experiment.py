"""One run from data to scores: tokens → task data → shared encoder → training → test → files."""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from datasets import Dataset, DatasetDict
from transformers import (
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from auxtask.data.boundaries import Segmenter
from auxtask.data.counts import counts_line, document_counts, token_counts
from auxtask.data.dataset import TextDataset
from auxtask.data.encoding import encode
from auxtask.errors import AuxtaskError
from auxtask.experiment.finishing import write_model
from auxtask.ground.machine import is_main_process
from auxtask.model.adapters import LoraAdapter
from auxtask.model.classifier import load
from auxtask.model.loading import load_classifier, load_config, load_tokenizer, maximum_length
from auxtask.model.multitask import MultiTaskModel
from auxtask.runs.folder import RunFolder
from auxtask.runs.history import continued
from auxtask.runs.results import write_results
from auxtask.tasks.base import AuxiliaryTask, Preparation
from auxtask.training.batches import ClassificationCollator, IndependentDocuments, MultiTaskCollator
from auxtask.training.callbacks import EarlyStopping, HistoryWriter
from auxtask.training.losses.cross_entropy import CrossEntropy
from auxtask.training.plan import Settings, split_settings, training_arguments
from auxtask.training.stages import Stage, train_stage
from auxtask.training.trainer import MultiTaskTrainer
from auxtask.training.weighting.base import Weighting
from auxtask.training.weighting.static import StaticWeighting


def run_experiment(
    dataset: TextDataset,
    model_name: str,
    max_length: int,
    tasks: Mapping[str, AuxiliaryTask],
    weighting: Weighting,
    trainer: Mapping[str, Any],
    seed: int,
    folder: RunFolder,
    annotate: Callable[[Dataset, str], Dataset],
    *,
    loss: CrossEntropy | None = None,
    adapter: LoraAdapter | None = None,
    callbacks: Sequence[TrainerCallback] = (),
    segmenter: Segmenter | None = None,
) -> dict[str, Any]:
    """Train a classifier with auxiliary tasks, test it once with its best checkpoint and write the run's files.

    An unfinished run goes on from its last whole checkpoint.

    Args:
        dataset: texts and labels.
        model_name: the vanilla encoder, as for `auxtask.model.loading.resolve`.
        max_length: tokens of a document, special ones included; longer documents are cut.
        tasks: auxiliary tasks by name; none for the single-task reference.
        weighting: weights the tasks.
        trainer: fields of `Settings` and of `transformers.TrainingArguments`.
        seed: of the new heads, the order of the documents, dropout and the masks.
        folder: the run folder, locked by the caller.
        annotate: adds the column `likelihoods` under a score metric, see `Preparation`.
        loss: of the main task; None for cross-entropy.
        adapter: trains adapters in the encoder in place of its weights; None for the weights.
        callbacks: further callbacks of `transformers.Trainer`.
        segmenter: names words that the tokenizer leaves together, see `auxtask.data.encoding.encode_texts`.

    Returns:
        The content of `metrics.json`; nothing in a process that is not the main one.

    Raises:
        AuxtaskError: a setting is out of range or a loss became not a number.
    """
    settings, fields = split_settings(trainer)
    compile_encoder = fields.pop("torch_compile", False)
    arguments = _arguments(folder, settings, fields, seed)
    tokenizer = load_tokenizer(model_name)
    _check_length(max_length, model_name)
    collators = {name: task.collator(tokenizer, seed) for name, task in tasks.items()}
    # Before anything takes long: an encoder that cannot be used is refused here.
    set_seed(seed)
    classifier = load_classifier(model_name, dataset.label_names)
    started = time.perf_counter()
    preparation = Preparation(model_name, tokenizer, dataset.label_names, annotate, segmenter)
    # Every process at once: the scorer shares its documents among them.
    encoded = prepare_documents(dataset, max_length, tasks, preparation)
    seconds = {"score": time.perf_counter() - started}
    counts = document_counts(dataset) | token_counts(encoded, tokenizer, max_length)
    if is_main_process():
        print(counts_line(dataset.name, counts), flush=True)

    heads = {name: task.head(model_name) for name, task in tasks.items()}
    if adapter is not None:
        adapter.attach(classifier)
    loss = loss or CrossEntropy()
    loss.prepare(np.bincount(encoded["train"]["label"], minlength=len(dataset.label_names)).tolist())
    model = MultiTaskModel(
        classifier,
        heads,
        {name: task.loss for name, task in tasks.items()},
        loss,
        [name for name, task in tasks.items() if task.pretrained_head],
    )
    if compile_encoder:
        classifier.base_model.compile(dynamic=True)

    main = ClassificationCollator(tokenizer)
    draw_main = IndependentDocuments(encoded["train"], seed) if settings.independent_batches else None
    build = partial(
        MultiTaskTrainer,
        eval_collator=MultiTaskCollator(main),
        train_dataset=encoded["train"],
        eval_dataset=encoded["valid"],
        head_learning_rate=settings.head_learning_rate,
        head_weight_decay=settings.head_weight_decay,
    )
    history = folder.path / "history.jsonl"
    stages = [
        train_stage(
            build(
                model,
                arguments,
                MultiTaskCollator(main, collators, draw_main),
                # One task alone has nothing to be weighed against.
                weighting=weighting if tasks else StaticWeighting(),
                score_tasks=lambda: {
                    name: task.evaluate(
                        heads[name], tokenizer, encoded["valid"], arguments.per_device_eval_batch_size
                    )
                    for name, task in tasks.items()
                },
                callbacks=[
                    HistoryWriter(history),
                    *_early_stopping(settings),
                    *(
                        callback
                        for name, task in tasks.items()
                        for callback in task.callbacks(heads[name], tokenizer, collators[name], encoded["train"])
                    ),
                    *callbacks,
                ],
            )
        )
    ]
    if settings.last_stage is not None:
        last_settings, last_fields = split_settings({**trainer, **settings.last_stage})
        last_fields.pop("torch_compile", None)
        last = build(
            MultiTaskModel(classifier, {}, {}, loss),
            _arguments(folder, last_settings, last_fields, seed, "last_stage"),
            MultiTaskCollator(main),
            weighting=StaticWeighting(),
            callbacks=[HistoryWriter(history, stages[0].rows), *_early_stopping(last_settings), *callbacks],
        )
        stages.append(train_if_better(last, stages[0], settings.metric))

    if arguments.process_index != 0:
        return {}
    if adapter is not None:
        adapter.merge()
    write_model(folder, classifier, tokenizer, max_length)
    started = time.perf_counter()
    # Test the exported classifier, in full precision: whoever loads it gets these very predictions.
    tested = load(folder.model, classifier.device)
    probabilities = tested.predict_probabilities(dataset["test"]["text"]).numpy()
    rows: list[dict[str, Any]] = []
    for stage in stages:
        rows = continued(rows, stage.rows)
    best = max(rows, key=lambda row: row["valid"][settings.metric])
    metrics = write_results(
        folder,
        dataset,
        probabilities,
        valid=best["valid"],
        best_step=best["step"],
        steps=sum(stage.steps for stage in stages),
        seconds={
            **seconds,
            "train": sum(stage.seconds for stage in stages),
            "test": time.perf_counter() - started,
        },
        tokens_per_second=sum(stage.tokens for stage in stages) / sum(stage.session_seconds for stage in stages),
        parameters=sum(parameter.numel() for parameter in classifier.parameters()),
        counts=counts,
    )
    shutil.rmtree(folder.checkpoints, ignore_errors=True)
    return metrics


def prepare_documents(
    dataset: TextDataset, max_length: int, tasks: Mapping[str, AuxiliaryTask], preparation: Preparation
) -> DatasetDict:
    """Encode the texts and add what each task needs.

    Args:
        dataset: texts and labels.
        max_length: tokens of a document, special ones included.
        tasks: auxiliary tasks by name.
        preparation: what they may use.

    Returns:
        The splits with the columns of all tasks.
    """
    encoded = encode(dataset, preparation.tokenizer, max_length, segmenter=preparation.segmenter)
    for task in tasks.values():
        encoded = task.prepare(encoded, preparation)
    return encoded


def train_if_better(trainer: MultiTaskTrainer, before: Stage, metric: str) -> Stage:
    """Train a further stage; its classifier gets the weights it had before unless validation is strictly better.

    Args:
        trainer: of the stage.
        before: the stage before.
        metric: the validation score.

    Returns:
        What came of the further stage.
    """
    model: Any = trainer.model
    classifier = model.classifier
    weights = {name: value.clone() for name, value in classifier.state_dict().items()}
    stage = train_stage(trainer)
    if stage.best(metric)["valid"][metric] <= before.best(metric)["valid"][metric]:
        classifier.load_state_dict(weights)
    return stage


def _arguments(
    folder: RunFolder, settings: Settings, fields: Mapping[str, Any], seed: int, stage: str = ""
) -> TrainingArguments:
    return training_arguments(
        folder.checkpoints / stage,
        seed=seed,
        save_strategy=fields["eval_strategy"],
        save_steps=fields["eval_steps"] or 500,
        load_best_model_at_end=True,
        metric_for_best_model=f"eval_{settings.metric}",
        greater_is_better=True,
        remove_unused_columns=False,
        label_names=[],
        **fields,
    )


def _early_stopping(settings: Settings) -> list[TrainerCallback]:
    return [] if settings.patience is None else [EarlyStopping(settings.patience)]


def _check_length(max_length: int, model_name: str) -> None:
    longest = maximum_length(load_config(model_name))
    if not 3 <= max_length <= longest:
        raise AuxtaskError(
            f"model.max_length={max_length} is outside 3 to {longest}, what {model_name!r} can read"
        )
