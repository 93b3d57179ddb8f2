"""How to train: the settings of ours, and `transformers.TrainingArguments` with the hardware's part filled in."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments

from auxtask.errors import AuxtaskError, did_you_mean
from auxtask.model.precision import bf16_is_fast
from auxtask.runs.metrics import METRICS


@dataclass(frozen=True)
class Settings:
    """How to train, beside what `TrainingArguments` says.

    Args:
        patience: evaluations without a better validation score before training stops, at least 1; None for never.
        metric: what chooses the best checkpoint: `macro_f1`, `micro_f1` or `accuracy`.
        head_learning_rate, head_weight_decay: of the heads that start from random weights; None for those of the
            encoder. A vocabulary head comes with the checkpoint and is trained as the encoder is.
        independent_batches: whether the main task sees other documents in a step than auxiliary tasks with rows
            of their own, drawn at random.
        last_stage: fields that differ in a last stage, which trains the main task alone from the best checkpoint
            and is kept only if it is strictly better on the validation split; None for no such stage.

    Raises:
        AuxtaskError: a value is out of range.
    """

    patience: int | None = None
    metric: str = "macro_f1"
    head_learning_rate: float | None = None
    head_weight_decay: float | None = None
    independent_batches: bool = False
    last_stage: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise AuxtaskError(f"trainer.metric={self.metric!r} is unknown; use {', '.join(METRICS)}")
        if self.patience is not None and self.patience < 1:
            raise AuxtaskError(f"trainer.patience={self.patience} is below 1; use 1 or more, or null for never")


def split_settings(trainer: Mapping[str, Any]) -> tuple[Settings, dict[str, Any]]:
    """Part the config group `trainer`.

    Args:
        trainer: its fields.

    Returns:
        Those of `Settings`, and the others, which are of `TrainingArguments`.

    >>> split_settings({"patience": 3, "max_steps": 100})[1]
    {'max_steps': 100}
    """
    own = {field.name for field in fields(Settings)}
    return (
        Settings(**{name: value for name, value in trainer.items() if name in own}),
        {name: value for name, value in trainer.items() if name not in own},
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
    if not torch.accelerator.is_available():
        fields["use_cpu"] = True
    try:
        return WarmedUpArguments(output_dir=str(output_dir), **fields)
    except (TypeError, ValueError) as error:
        reason = str(error).replace("TrainingArguments.__init__() got an ", "")
        known = [field.name for field in dataclasses.fields(TrainingArguments)]
        near = "".join(did_you_mean(name, known) for name in fields if name not in known)
        raise AuxtaskError(f"trainer: {reason}{near}; trainer takes the fields of TrainingArguments") from error
