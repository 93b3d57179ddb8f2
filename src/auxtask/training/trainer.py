"""The multi-task trainer: `transformers.Trainer` with a loss for each task and a history of all of them."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import (
    EvalPrediction,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from transformers.trainer_callback import ProgressCallback

from auxtask.data.encoding import document_lengths
from auxtask.data.order import LengthGroupedSampler, draw_alike
from auxtask.errors import AuxtaskError
from auxtask.ground.machine import mean_over_processes
from auxtask.ground.names import MAIN
from auxtask.ground.nesting import flatten
from auxtask.ground.padding import IGNORE_INDEX
from auxtask.model.multitask import MultiTaskModel
from auxtask.tasks.mask_facts import mean_and_std, rate_sums
from auxtask.training.batches import MultiTaskCollator, share_target_counts
from auxtask.training.callbacks import EvaluationLines, TrainingClock, WeightingSchedule
from auxtask.training.gradients import TaskGradients
from auxtask.training.optimizer import build_optimizer
from auxtask.training.weighting.base import GradientWeighting, TrainingFacts, Weighting


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
        compute_metrics: from logits and labels of the validation documents to scores of the main task.
        head_learning_rate, head_weight_decay: of the heads that start from random weights; None for the encoder's.
        score_tasks: scores the auxiliary tasks on validation documents at each evaluation, by task name.
        callbacks: further callbacks of `transformers.Trainer`.
        held_back: documents that the weighting looks at; None for those of the validation split.
        task_every: auxiliary tasks take part in every so many steps alone.
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
        compute_metrics: Callable[[EvalPrediction], dict[str, float]],
        head_learning_rate: float | None = None,
        head_weight_decay: float | None = None,
        score_tasks: Callable[[], dict[str, dict[str, float]]] = dict,
        callbacks: Sequence[TrainerCallback] = (),
        held_back: Dataset | None = None,
        task_every: int = 1,
    ) -> None:
        self.network, self.train_documents = model, train_dataset
        self.looked_at = eval_dataset if held_back is None else held_back
        self.task_every = task_every
        weighting.prepare(
            TrainingFacts([MAIN, *model.heads], model.classifier, self._draw_validation, args.train_batch_size)
        )
        # As a part of the model it moves to its device and is saved in its checkpoints.
        model.weighting = weighting
        super().__init__(
            model=model,
            args=args,
            data_collator=collator,
            train_dataset=train_dataset,
            eval_dataset=eval_dataset,
            compute_metrics=compute_metrics,
            callbacks=list(callbacks),
        )
        if not args.disable_tqdm:
            self.remove_callback(ProgressCallback)
            self.add_callback(EvaluationLines())
        self.clock = TrainingClock()
        self.add_callback(self.clock)
        self.add_callback(WeightingSchedule(weighting))
        self.eval_collator = eval_collator
        self.weighting = weighting
        self.head_learning_rate = args.learning_rate if head_learning_rate is None else head_learning_rate
        self.head_weight_decay = args.weight_decay if head_weight_decay is None else head_weight_decay
        self.score_tasks = score_tasks
        self.trained_tokens = torch.zeros((), dtype=torch.int64, device=args.device)
        self._loss_sums: dict[str, Tensor] = {}
        self._batches: dict[str, int] = {}
        self._empty_batches: dict[str, Tensor] = {}
        self._rate_sums: dict[str, Tensor] = {}

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], Any]:
        """Take the batches of a step; each of its losses is a mean over all targets of the step."""
        batches, count = super().get_batch_samples(epoch_iterator, num_batches, device)
        if (self.state.global_step + 1) % self.task_every:
            batches = [{MAIN: batch[MAIN]} for batch in batches]
        share_target_counts(batches)
        return batches, count

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """Run every task's part of the batch and combine the losses."""
        output = model(inputs)
        self._record(inputs, output["losses"])
        loss = self.weighting.combine(output["losses"])
        return (loss, output) if return_outputs else loss

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """Add the gradient of a batch: of the weighted loss, or what the weighting makes of the task gradients."""
        if not isinstance(self.weighting, GradientWeighting) or not self._has_all_tasks(inputs):
            return super().training_step(model, inputs, num_items_in_batch)
        inputs = self._prepare_inputs(inputs)
        gradients = TaskGradients(self.network, inputs, self.accelerator)
        self._record(inputs, gradients.losses)
        steps = self.current_gradient_accumulation_steps
        gradients.add_combination(self.weighting, steps)
        return self.weighting.combine(gradients.losses) / steps

    def _record(self, inputs: Mapping[str, Mapping[str, Tensor]], losses: Mapping[str, Tensor]) -> None:
        """Keep count for the history and the weighting, without waiting for the device."""
        for name, loss in losses.items():
            self._batches[name] = self._batches.get(name, 0) + 1
            self._loss_sums[name] = self._loss_sums.get(name, 0.0) + loss.detach()
        if self._has_all_tasks(losses):
            self.weighting.observe(torch.stack([losses[name].detach() for name in self.weighting.task_names]))
        for name, part in inputs.items():
            if "attention_mask" in part:
                self.trained_tokens += part["attention_mask"].sum()
            if name != MAIN:
                empty = (part["labels"] == IGNORE_INDEX).all()
                self._empty_batches[name] = self._empty_batches.get(name, 0) + empty.long()
            if "maskable" in part:
                sums = rate_sums(part["labels"], part["maskable"])
                self._rate_sums[name] = self._rate_sums.get(name, 0) + sums

    def _has_all_tasks(self, of_tasks: Mapping[str, Any]) -> bool:
        """Whether a batch, or what came of it, is of a step with auxiliary tasks, where there are any."""
        return len(of_tasks) == len(self.weighting.task_names)

    @cached_property
    def _validation_lengths(self) -> NDArray[np.int64]:
        return document_lengths(self.looked_at)

    def _draw_validation(self, generator: np.random.Generator, size: int) -> dict[str, Tensor]:
        """Collate this process's part of random documents that are not trained on, as many on each process."""
        documents, processes = self.looked_at, self.args.world_size
        size = min(size, math.ceil(len(documents) / processes))
        chosen = draw_alike(self._validation_lengths, size * processes, generator)
        # Of equal parts alone the mean of the means is the mean: where documents run out, some are taken twice.
        mine = np.resize(chosen, size * processes)[self.args.process_index :: processes]
        return self._prepare_inputs(self.eval_collator([documents[index] for index in mine.tolist()])[MAIN])

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
            history: dict[str, Any] = self._take_counts()
            self._check_finite(logs["eval_loss"], "validation loss")
            history["weights"] = self.weighting.weights()
            history["tasks"] = {name: scores for name, scores in self.score_tasks().items() if scores}
            # Flat, one number a name, as TensorBoard and W&B want it; what is empty is no number.
            numbers = flatten({name: values for name, values in history.items() if values}, "/")
            logs = {**logs, "seconds": round(self.clock.seconds, 3), **numbers}
            if self.lr_scheduler is not None:
                logs["learning_rate"] = self._get_learning_rate()
        super().log(logs, start_time)

    def _take_counts(self) -> dict[str, Any]:
        """Give the mean loss of each task since the last time, and what else was counted."""
        losses = {
            name: float(mean_over_processes(total)) / self._batches[name]
            for name, total in self._loss_sums.items()
        }
        empty = {name: int(count) for name, count in self._empty_batches.items()}
        rates = {name: mean_and_std(mean_over_processes(sums)) for name, sums in self._rate_sums.items()}
        self._loss_sums, self._batches, self._empty_batches, self._rate_sums = {}, {}, {}, {}
        for name, mean in losses.items():
            self._check_finite(mean, f"loss of task {name!r}")
        return {"losses": losses, "empty_batches": empty, "mask_rates": rates}

    def _check_finite(self, value: float, what: str) -> None:
        # Evaluations come before checkpoints: none is written with weights that are not numbers.
        if not math.isfinite(value):
            raise AuxtaskError(
                f"the {what} became {value} before step {self.state.global_step}; "
                "use a smaller trainer.learning_rate or trainer.bf16=false"
            )

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """Build the optimizer: new heads apart from all else."""
        pretrained = self.network.pretrained_parameters()
        of_encoder = (self.args.learning_rate, self.args.weight_decay)
        of_heads = (self.head_learning_rate, self.head_weight_decay)
        self.optimizer = build_optimizer(
            self, self.network, lambda parameter: of_encoder if parameter in pretrained else of_heads
        )
        return self.optimizer

    def get_eval_dataloader(self, eval_dataset: Any = None) -> DataLoader:
        """Load all validation documents, without the auxiliary parts."""
        return self._for_evaluation(lambda: super(MultiTaskTrainer, self).get_eval_dataloader(eval_dataset))

    def get_test_dataloader(self, test_dataset: Any) -> DataLoader:
        """Load all test documents, without the auxiliary parts."""
        return self._for_evaluation(lambda: super(MultiTaskTrainer, self).get_test_dataloader(test_dataset))

    def _for_evaluation(self, build: Callable[[], DataLoader]) -> DataLoader:
        of_training = self.data_collator, self.args.dataloader_drop_last
        # transformers drops the last documents of an evaluation too where those of training are to be dropped.
        self.data_collator, self.args.dataloader_drop_last = self.eval_collator, False
        try:
            return build()
        finally:
            self.data_collator, self.args.dataloader_drop_last = of_training

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthGroupedSampler:
        documents = self.train_documents
        seed = self.args.seed if self.args.data_seed is None else self.args.data_seed
        # Documents of a step: over all processes and all batches that it takes.
        together = self.args.train_batch_size * self.args.world_size * self.args.gradient_accumulation_steps
        if self.args.dataloader_drop_last and len(documents) < together:
            raise AuxtaskError(
                f"trainer.dataloader_drop_last=true leaves nothing of {len(documents)} training documents, "
                f"of which a step takes {together}; use a smaller trainer.per_device_train_batch_size"
            )
        return LengthGroupedSampler(document_lengths(documents), together, seed, self.args.dataloader_drop_last)
