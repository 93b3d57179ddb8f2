"""One run from data to scores: tokens → task data → shared encoder → training → test → files."""

import shutil
import time
from collections.abc import Callable, Mapping
from typing import Any

from datasets import Dataset
from transformers import EarlyStoppingCallback, PreTrainedModel, PreTrainedTokenizerBase, set_seed

from auxtask.data.dataset import TextDataset
from auxtask.data.encoding import encode
from auxtask.errors import AuxtaskError
from auxtask.model.classifier import load
from auxtask.model.loading import load_classifier, load_config, load_tokenizer, maximum_length
from auxtask.model.multitask import MultiTaskModel
from auxtask.training.arguments import training_arguments
from auxtask.training.batches import ClassificationCollator, MultiTaskCollator
from auxtask.training.history import HistoryWriter, history_rows
from auxtask.training.results import write_results
from auxtask.training.run_folder import RunFolder, last_checkpoint
from auxtask.training.tasks import AuxiliaryTask, Preparation
from auxtask.training.trainer import MultiTaskTrainer
from auxtask.training.weighting.base import Weighting


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
) -> dict[str, Any]:
    """Train a classifier with auxiliary tasks, test it once with its best checkpoint and write the run's files.

    An unfinished run goes on from its last whole checkpoint.

    Args:
        dataset: texts and labels.
        model_name: the vanilla encoder, as for `auxtask.model.loading.resolve`.
        max_length: tokens of a document, special ones included; longer documents are cut.
        tasks: auxiliary tasks by name; none for the single-task reference.
        weighting: combines the losses.
        trainer: fields of `transformers.TrainingArguments`, and `patience`, `head_learning_rate`, `metric`.
        seed: of the new heads, the order of the documents, dropout and the masks.
        folder: the run folder, locked by the caller.
        annotate: adds the column `likelihoods` under a score metric, see `Preparation`.

    Returns:
        The content of `metrics.json`.

    Raises:
        AuxtaskError: a setting is out of range or a loss became not a number.
    """
    own = {name: trainer[name] for name in ("patience", "head_learning_rate", "metric")}
    metric = own["metric"]
    if metric not in {"macro_f1", "micro_f1", "accuracy"}:
        raise AuxtaskError(f"trainer.metric={metric!r} is unknown; use macro_f1, micro_f1 or accuracy")
    longest = maximum_length(load_config(model_name))
    if not 3 <= max_length <= longest:
        raise AuxtaskError(
            f"model.max_length={max_length} is outside 3 to {longest}, what {model_name!r} can read"
        )
    arguments = training_arguments(
        folder.checkpoints,
        seed=seed,
        save_strategy=trainer["eval_strategy"],
        save_steps=trainer["eval_steps"] or 500,
        load_best_model_at_end=True,
        metric_for_best_model=f"eval_{metric}",
        greater_is_better=True,
        remove_unused_columns=False,
        label_names=[],
        **{name: value for name, value in trainer.items() if name not in own},
    )
    tokenizer = load_tokenizer(model_name)
    collators = {name: task.collator(tokenizer, seed) for name, task in tasks.items()}

    encoded = encode(dataset, tokenizer, max_length)
    started = time.perf_counter()
    preparation = Preparation(model_name, tokenizer, dataset.label_names, annotate)
    for task in tasks.values():
        encoded = task.prepare(encoded, preparation)
    score_seconds = time.perf_counter() - started

    set_seed(seed)
    classifier = load_classifier(model_name, dataset.label_names)
    heads = {name: task.head(model_name) for name, task in tasks.items()}
    model = MultiTaskModel(classifier, heads, {name: task.loss for name, task in tasks.items()})
    main_collator = ClassificationCollator(tokenizer)

    def score_tasks() -> dict[str, dict[str, float]]:
        batch_size = arguments.per_device_eval_batch_size
        return {
            name: task.evaluate(heads[name], tokenizer, encoded["valid"], batch_size)
            for name, task in tasks.items()
        }

    multitask_trainer = MultiTaskTrainer(
        model,
        arguments,
        MultiTaskCollator(main_collator, collators),
        MultiTaskCollator(main_collator),
        encoded["train"],
        encoded["valid"],
        weighting,
        own["head_learning_rate"],
        score_tasks,
        callbacks=[
            HistoryWriter(folder.path / "history.jsonl"),
            *(
                callback
                for name, task in tasks.items()
                for callback in task.callbacks(heads[name], tokenizer, collators[name], encoded["train"])
            ),
            *([EarlyStoppingCallback(own["patience"])] if own["patience"] is not None else []),
        ],
    )
    multitask_trainer.train(resume_from_checkpoint=last_checkpoint(folder.checkpoints))
    clock = multitask_trainer.clock
    seconds = {"score": score_seconds, "train": clock.seconds}
    tokens_per_second = int(multitask_trainer.trained_tokens) / clock.session
    evaluations = history_rows(multitask_trainer.state.log_history)
    if not evaluations:
        raise AuxtaskError(
            f"no evaluation in {multitask_trainer.state.global_step} steps; "
            f"lower trainer.eval_steps={trainer['eval_steps']} or use trainer.eval_strategy=epoch"
        )
    if not multitask_trainer.is_world_process_zero():
        return {}

    write_model(folder, classifier, tokenizer, max_length)
    started = time.perf_counter()
    # Test the exported classifier, in full precision: whoever loads it gets these very predictions.
    tested = load(folder.model, classifier.device)
    probabilities = tested.predict_probabilities(dataset["test"]["text"]).numpy()
    seconds["test"] = time.perf_counter() - started
    best = max(evaluations, key=lambda row: row["valid"][metric])
    metrics = write_results(
        folder,
        dataset,
        probabilities,
        valid=best["valid"],
        best_step=best["step"],
        steps=multitask_trainer.state.global_step,
        seconds=seconds,
        tokens_per_second=tokens_per_second,
        parameters=sum(parameter.numel() for parameter in classifier.parameters()),
    )
    shutil.rmtree(folder.checkpoints, ignore_errors=True)
    return metrics


def write_model(
    folder: RunFolder, classifier: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, max_length: int
) -> None:
    """Write the main-task model as a plain `transformers` classifier, under its final name once it is whole.

    Args:
        folder: the run.
        classifier: the main-task model.
        tokenizer: its tokenizer.
        max_length: tokens it was trained on; written as the length the tokenizer truncates to.
    """
    temporary = folder.path / ".model"
    shutil.rmtree(temporary, ignore_errors=True)
    classifier.save_pretrained(temporary)
    tokenizer.model_max_length = max_length
    tokenizer.save_pretrained(temporary)
    shutil.rmtree(folder.model, ignore_errors=True)
    temporary.rename(folder.model)
