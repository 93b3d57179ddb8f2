"""Progress bars that say what a person wants to know: scores after each evaluation, tokens a second."""

import time
from collections.abc import Mapping
from typing import Any

from transformers import TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ProgressCallback

from auxtask.model.multitask import MAIN
from auxtask.training.history import nested


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
        if logs and "seconds" in logs and self.training_bar is not None:
            self.training_bar.write(
                evaluation_line(
                    state.epoch or 0,
                    state.global_step,
                    nested(logs, "losses"),
                    {name: logs[f"eval_{name}"] for name in ("micro_f1", "macro_f1")},
                )
            )


def evaluation_line(epoch: float, step: int, losses: Mapping[str, float], scores: Mapping[str, float]) -> str:
    """Say what an evaluation came to.

    >>> evaluation_line(1, 20, {"main": 0.5}, {"micro_f1": 0.75, "macro_f1": 0.5})
    'epoch  1.00  step    20  loss 0.500  validation: micro-F1 0.7500  macro-F1 0.5000'
    """
    shown = "  ".join(f"{'loss' if name == MAIN else name} {value:.3f}" for name, value in losses.items())
    return (
        f"epoch {epoch:5.2f}  step {step:5}  {shown}  "
        f"validation: micro-F1 {scores['micro_f1']:.4f}  macro-F1 {scores['macro_f1']:.4f}"
    )


class TokenSpeed(ProgressCallback):
    """The Trainer's bar with loss and tokens a second behind it, and a line for each evaluation.

    Args:
        tokens_per_batch: tokens that one process reads in a forward pass.
    """

    def __init__(self, tokens_per_batch: int) -> None:
        super().__init__()
        self.tokens_per_batch = tokens_per_batch

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock at the step that this process begins with."""
        super().on_train_begin(args, state, control, **kwargs)
        self._first_step, self._started = state.global_step, time.perf_counter()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Show the training loss on the bar, the held-out loss and accuracy on a line above it."""
        if not logs or self.training_bar is None:
            return
        if "loss" in logs:
            batches = (state.global_step - self._first_step) * args.gradient_accumulation_steps * args.world_size
            speed = batches * self.tokens_per_batch / (time.perf_counter() - self._started)
            self.training_bar.set_postfix_str(f"loss {float(logs['loss']):.3f}, {speed:,.0f} tokens/s")
        if "eval_loss" in logs:
            self.training_bar.write(
                f"step {state.global_step:6}  held-out loss {logs['eval_loss']:.3f}  "
                f"top-1 accuracy {logs['eval_accuracy']:.1%}"
            )
