"""How to train: the settings of ours, and `transformers.TrainingArguments` with the hardware's part filled in."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainingArguments

from auxtask.errors import AuxtaskError, did_you_mean
from auxtask.ground.values import check_number, check_whole
from auxtask.masking.pace import MaskRate, check_mask_rate
from auxtask.model.precision import bf16_is_fast
from auxtask.runs.metrics import METRICS
from auxtask.training.weighting.base import Weighting
from auxtask.training.weighting.static import StaticWeighting


@dataclass(frozen=True)
class TrainingPlan:
    """How to train; `TrainingPlan.of` makes one of the fields of the config group `trainer`.

    Args:
        arguments: fields of `transformers.TrainingArguments` under their own names.
        weighting: combines the losses of the tasks.
        seed: of the new heads, the order of the documents, dropout and draws.
        callbacks: further callbacks of `transformers.Trainer`.
        patience: evaluations without a better validation score before training stops, at least 1; None for never.
        metric: what chooses the best checkpoint: `micro_f1`, `macro_f1` or `accuracy`.
        head_learning_rate, head_weight_decay: of the heads that start from random weights; None for those of the
            encoder. A vocabulary head comes with the checkpoint and is trained as the encoder is.
        independent_batches: whether the main task sees other documents in a step than auxiliary tasks with rows
            of their own, drawn at random.
        main_mask: share of the main task's tokens that are masked in training documents, without a loss on them
            (token masking of the input, 2025): in [0, 1), or a schedule of it.
        main_mask_replace_prob: share of these that show the mask token, in [0, 1]; one half of the others are
            replaced at random and the rest stay. 0.8 is what masked language modelling does.
        main_rows: a masking task whose masked rows the main task reads too, so that a step has one pass of the
            encoder and not two; None for rows of its own. Documents are evaluated as they are. With a weight of 0
            for that task, the main task alone learns from its rows.
        main_clean: probability with which a row of `main_rows` stays unmasked in an epoch, and then has no part in
            the loss of that task, in [0, 1].
        task_every: auxiliary tasks take part in every so many steps alone, at least 1; rows of `main_rows` are
            masked in the others too.
        gradient_documents: training documents on which the gradients of the tasks are compared at each evaluation,
            for the history alone; 0 for none.
        last_stage: fields that differ in a last stage, which trains the main task alone from the best checkpoint
            and is kept only if it is strictly better on the validation split; None for no such stage.

    Raises:
        AuxtaskError: a value is out of range.
    """

    arguments: Mapping[str, Any]
    weighting: Weighting
    seed: int
    callbacks: Sequence[TrainerCallback] = ()
    patience: int | None = None
    metric: str = "macro_f1"
    head_learning_rate: float | None = None
    head_weight_decay: float | None = None
    independent_batches: bool = False
    main_mask: MaskRate = 0
    main_mask_replace_prob: float = 1.0
    main_rows: str | None = None
    main_clean: float = 0
    task_every: int = 1
    gradient_documents: int = 0
    last_stage: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise AuxtaskError(f"trainer.metric={self.metric!r} is unknown; use {', '.join(METRICS)}")
        if self.patience is not None and self.patience < 1:
            raise AuxtaskError(f"trainer.patience={self.patience} is below 1; use 1 or more, or null for never")
        check_whole("trainer.task_every", self.task_every, least=1, example=2)
        check_whole("trainer.gradient_documents", self.gradient_documents, least=0, example=64)
        if self.main_mask != 0:
            check_mask_rate("trainer.main_mask", self.main_mask)
        check_number("trainer.main_mask_replace_prob", self.main_mask_replace_prob, "[0, 1]", example=0.8)
        check_number("trainer.main_clean", self.main_clean, "[0, 1]", example=0.5)
        if self.main_clean > 0 and self.main_rows is None:
            raise AuxtaskError(
                f"trainer.main_clean={self.main_clean} leaves rows of trainer.main_rows unmasked, which is null; "
                "use it with a task such as trainer.main_rows=rtm"
            )
        if self.main_rows is not None and (self.independent_batches or self.main_mask != 0):
            raise AuxtaskError(
                f"trainer.main_rows={self.main_rows!r} leaves the main task no other rows; use it with "
                "trainer.independent_batches=false and trainer.main_mask=0"
            )

    @classmethod
    def of(
        cls,
        trainer: Mapping[str, Any],
        weighting: Weighting,
        seed: int,
        callbacks: Sequence[TrainerCallback] = (),
    ) -> "TrainingPlan":
        """Part the fields of the config group `trainer` into those of the plan and those of `TrainingArguments`.

        >>> TrainingPlan.of({"patience": 3, "max_steps": 100}, StaticWeighting(), seed=0).arguments
        {'max_steps': 100}
        """
        own = {field.name for field in dataclasses.fields(cls)}
        arguments = {name: value for name, value in trainer.items() if name not in own}
        return cls(
            arguments, weighting, seed, callbacks, **{name: trainer[name] for name in trainer if name in own}
        )

    @property
    def stages(self) -> "list[TrainingPlan]":
        """The plan of each stage: the tasks together, then, where there is a last stage, the main task alone."""
        first = dataclasses.replace(self, last_stage=None)
        if self.last_stage is None:
            return [first]
        of_last = TrainingPlan.of(self.last_stage, StaticWeighting(), self.seed, self.callbacks)
        changed = {name: getattr(of_last, name) for name in self.last_stage if name not in of_last.arguments}
        last = dataclasses.replace(
            first,
            arguments={**self.arguments, **of_last.arguments},
            weighting=StaticWeighting(),
            independent_batches=False,
            main_rows=None,
            main_clean=0,
            task_every=1,
            **changed,
        )
        return [first, last]

    @property
    def compile_encoder(self) -> bool:
        """Whether the encoder is compiled; `TrainingArguments` would compile the heads with it."""
        return bool(self.arguments.get("torch_compile", False))

    def training_arguments(self, checkpoints: str | Path) -> TrainingArguments:
        """Build the arguments of the stage, with checkpoints at each evaluation and the best one kept.

        Args:
            checkpoints: folder of the stage.

        Returns:
            As `training_arguments` does.
        """
        fields = {name: value for name, value in self.arguments.items() if name != "torch_compile"}
        return training_arguments(
            checkpoints,
            seed=self.seed,
            save_strategy=fields["eval_strategy"],
            save_steps=fields["eval_steps"] or 500,
            load_best_model_at_end=True,
            metric_for_best_model=f"eval_{self.metric}",
            greater_is_better=True,
            remove_unused_columns=False,
            label_names=[],
            **fields,
        )


class WarmedUpArguments(TrainingArguments):
    """`transformers.TrainingArguments` with a warm-up that leaves a short run something to learn with.

    The first step of a warm-up has rate 0. Where it is the only step of the warm-up, or of the whole run, nothing
    is warmed up and a step is lost: there the rate begins at its full height.
    """

    def get_warmup_steps(self, num_training_steps: int) -> int:
        """Give the number of warm-up steps of a run of so many steps."""
        steps = super().get_warmup_steps(num_training_steps)
        return 0 if min(steps, num_training_steps) <= 1 else steps


def training_arguments(output_dir: str | Path, **fields: Any) -> TrainingArguments:
    """Build training arguments; without an accelerator they say so, and `bf16: auto` becomes true or false.

    Args:
        output_dir: where checkpoints go.
        **fields: fields of `transformers.TrainingArguments` under their own names.

    Returns:
        The arguments for this machine.

    Raises:
        AuxtaskError: a field has a name or a value that `TrainingArguments` refuses.

    >>> training_arguments("runs/example", learning_rate=1e-4, bf16=False, report_to="none").learning_rate
    0.0001
    """
    if fields.get("bf16") == "auto":
        fields["bf16"] = bf16_is_fast()
    # transformers hides the bar where its own messages are turned off; ours stays.
    fields.setdefault("disable_tqdm", False)
    # Else what the other processes load after the first training speaks of every head that is new.
    fields.setdefault("log_level_replica", "error")
    if not torch.accelerator.is_available():
        fields["use_cpu"] = True
    try:
        return WarmedUpArguments(output_dir=str(output_dir), **fields)
    except (TypeError, ValueError) as error:
        reason = str(error).replace("TrainingArguments.__init__() got an ", "")
        known = [field.name for field in dataclasses.fields(TrainingArguments)]
        near = "".join(did_you_mean(name, known) for name in fields if name not in known)
        raise AuxtaskError(f"trainer: {reason}{near}; trainer takes the fields of TrainingArguments") from error
