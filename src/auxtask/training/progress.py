"""A progress bar that says, after each evaluation, what a person wants to know in one line."""

from collections.abc import Mapping
from typing import Any

from transformers import TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ProgressCallback

from auxtask.model.multitask import MAIN


class EvaluationLines(ProgressCallback):
    """The Trainer's bar, with a line an evaluation in place of its raw logs."""

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Write the losses since the last evaluation and the validation scores above the bar."""
        if logs and "losses" in logs and self.training_bar is not None:
            losses = "  ".join(
                f"{'loss' if name == MAIN else name} {value:.3f}" for name, value in logs["losses"].items()
            )
            self.training_bar.write(
                f"epoch {state.epoch or 0:5.2f}  step {state.global_step:5}  {losses}  "
                f"validation: micro-F1 {logs['eval_micro_f1']:.4f}  macro-F1 {logs['eval_macro_f1']:.4f}"
            )
