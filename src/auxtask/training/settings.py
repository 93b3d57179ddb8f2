"""The few fields of the config group `trainer` that are not of `transformers.TrainingArguments`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from auxtask.errors import AuxtaskError

METRICS = ("macro_f1", "micro_f1", "accuracy")


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
