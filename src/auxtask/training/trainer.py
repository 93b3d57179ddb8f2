"""The multi-task trainer: `transformers.Trainer` with a loss for each task and a history of all of them."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import (
    EvalPrediction,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer_callback import ProgressCallback

from auxtask.errors import AuxtaskError
from auxtask.metrics import classification_metrics
from auxtask.model.multitask import MAIN, MultiTaskModel
from auxtask.training.batches import EpochCounter, MultiTaskCollator
from auxtask.training.progress import EvaluationLines
from auxtask.training.sampling import LengthGroupedSampler


class Weighting(Protocol):
    """How the losses of the tasks become one."""

    def weights(self, names: list[str]) -> dict[str, float]:
        """Give the current weight of each task."""

    def combine(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Combine the losses by task into the loss to minimise."""


class TrainingClock(TrainerCallback):
    """Seconds of training, those before a resume included."""

    def __init__(self) -> None:
        self._before = 0.0
        self._started = time.perf_counter()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start from what the checkpoint's last evaluation had recorded."""
        self._before = max((entry["seconds"] for entry in state.log_history if "seconds" in entry), default=0.0)
        self._started = time.perf_counter()

    @property
    def session(self) -> float:
        """Seconds since training began or went on in this process."""
        return time.perf_counter() - self._started

    @property
    def seconds(self) -> float:
        """Seconds over all processes that had a share in the run."""
        return self._before + self.session


class MultiTaskTrainer(Trainer):
    """`transformers.Trainer` for a `MultiTaskModel`; checkpoints, resume, precision and processes are its own.

    Args:
        model: the shared encoder with its heads.
        args: training arguments.
        collator: builds training batches, a part for each task.
        eval_collator: builds evaluation batches, the main part alone.
        train_dataset: encoded documents with the columns the collator reads.
        eval_dataset: encoded documents of the validation split.
        weighting: combines the losses.
        head_learning_rate: learning rate of all parameters outside the encoder; None for that of the encoder.
        score_tasks: scores the auxiliary tasks on validation documents at each evaluation, by task name.
        callbacks: further callbacks of `transformers.Trainer`.
    """

    def __init__(
        self,
        model: MultiTaskModel,
        args: TrainingArguments,
        collator: MultiTaskCollator,
        eval_collator: MultiTaskCollator,
        train_dataset: Dataset,
        eval_dataset: Dataset,
        weighting: Weighting,
        head_learning_rate: float | None = None,
        score_tasks: Callable[[], dict[str, dict[str, float]]] = dict,
        callbacks: Sequence[TrainerCallback] = (),
    ) -> None:
        num_classes = model.classifier.config.num_labels or 0
        super().__init__(
            model=model,
            args=args,
            data_collator=collator,
            train_dataset=train_dataset,
            eval_dataset=eval_dataset,
            compute_metrics=lambda prediction: _metrics(prediction, num_classes),
            callbacks=list(callbacks),
        )
        if not args.disable_tqdm:
            self.remove_callback(ProgressCallback)
            self.add_callback(EvaluationLines())
        self.clock = TrainingClock()
        self.add_callback(self.clock)
        self.add_callback(EpochCounter(list(collator.tasks.values())))
        self.eval_collator = eval_collator
        self.weighting = weighting
        self.head_learning_rate = head_learning_rate
        self.score_tasks = score_tasks
        self.trained_tokens = torch.zeros((), dtype=torch.int64, device=args.device)
        self._loss_sums: dict[str, Tensor] = {}
        self._loss_counts: dict[str, int] = {}

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """Run every task's part of the batch and combine the losses."""
        output = model(inputs)
        losses = output["losses"]
        for name, loss in losses.items():
            self._loss_sums[name] = self._loss_sums.get(name, 0.0) + loss.detach()
            self._loss_counts[name] = self._loss_counts.get(name, 0) + 1
        for part in inputs.values():
            if "attention_mask" in part:
                self.trained_tokens += part["attention_mask"].sum()
        loss = self.weighting.combine(losses)
        return (loss, output) if return_outputs else loss

    def prediction_step(
        self, model: nn.Module, inputs: dict[str, Any], prediction_loss_only: bool, ignore_keys: Any = None
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """Classify a batch: main loss, logits (documents, classes) and labels (documents,)."""
        inputs = self._prepare_inputs(inputs)
        with torch.no_grad(), self.compute_loss_context_manager():
            output = model(inputs)
        return output["losses"][MAIN].detach(), output["logits"].detach().float(), inputs[MAIN]["labels"]

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log; with an evaluation, also the mean loss of each task since the last one, the weights and the time.

        Raises:
            AuxtaskError: a loss is not a number.
        """
        if any(name.startswith("eval_") for name in logs):
            losses = self._take_losses()
            weights: Any = self.weighting.weights(list(losses))
            tasks: Any = self.score_tasks()
            logs = {
                **logs,
                "seconds": round(self.clock.seconds, 3),
                "losses": losses,
                "weights": weights,
                "tasks": tasks,
            }
            if self.lr_scheduler is not None:
                logs["learning_rate"] = self._get_learning_rate()
        super().log(logs, start_time)

    def _take_losses(self) -> Any:
        means = {name: float(total) / self._loss_counts[name] for name, total in self._loss_sums.items()}
        self._loss_sums, self._loss_counts = {}, {}
        for name, mean in means.items():
            if not math.isfinite(mean):
                raise AuxtaskError(
                    f"the loss of task {name!r} became {mean} before step {self.state.global_step}; "
                    "use a smaller trainer.learning_rate or trainer.bf16=false"
                )
        return means

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """Build the optimizer: encoder and heads apart, weight decay on all but biases and norms."""
        network: Any = self.model if model is None else model
        decayed = set(self.get_decay_parameter_names(network))
        encoder = {id(parameter) for parameter in network.classifier.base_model.parameters()}
        rates = (self.args.learning_rate, self.head_learning_rate or self.args.learning_rate)
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, parameter in network.named_parameters():
            if parameter.requires_grad:
                rate = rates[0] if id(parameter) in encoder else rates[1]
                decay = self.args.weight_decay if name in decayed else 0.0
                groups.setdefault((rate, decay), []).append(parameter)
        optimizer_class, settings = self.get_optimizer_cls_and_kwargs(self.args, network)
        self.optimizer = optimizer_class(
            [
                {"params": parameters, "lr": rate, "weight_decay": decay}
                for (rate, decay), parameters in groups.items()
            ],
            **settings,
        )
        return self.optimizer

    def get_eval_dataloader(self, eval_dataset: Any = None) -> DataLoader:
        """Load validation documents without the auxiliary parts."""
        return self._with_eval_collator(lambda: super(MultiTaskTrainer, self).get_eval_dataloader(eval_dataset))

    def get_test_dataloader(self, test_dataset: Any) -> DataLoader:
        """Load test documents without the auxiliary parts."""
        return self._with_eval_collator(lambda: super(MultiTaskTrainer, self).get_test_dataloader(test_dataset))

    def _with_eval_collator(self, build: Callable[[], DataLoader]) -> DataLoader:
        training_collator, self.data_collator = self.data_collator, self.eval_collator
        try:
            return build()
        finally:
            self.data_collator = training_collator

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthGroupedSampler:
        lengths = [len(row) for row in self.train_dataset["input_ids"]]  # type: ignore[index]
        seed = self.args.seed if self.args.data_seed is None else self.args.data_seed
        batch_size = self.args.train_batch_size * self.args.gradient_accumulation_steps * self.args.world_size
        return LengthGroupedSampler(lengths, batch_size, seed)


def _metrics(prediction: EvalPrediction, num_classes: int) -> dict[str, float]:
    predicted = np.asarray(prediction.predictions).argmax(axis=-1)
    return classification_metrics(prediction.label_ids, predicted, num_classes)
