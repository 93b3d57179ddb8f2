"""What happens beside training: the clock, the history, lines for a person, the weighting's moves, the end."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers import EarlyStoppingCallback, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ProgressCallback

from auxtask.ground.files import write_json_lines
from auxtask.ground.nesting import nest
from auxtask.runs.history import continued, evaluation_line, history_rows
from auxtask.runs.metrics import REPORTED
from auxtask.training.weighting.base import Weighting


class HistoryWriter(TrainerCallback):
    """Write the history after each evaluation, whole, so that a resumed run repeats no line.

    Args:
        path: the file.
        before: the rows of an earlier stage of the run; steps and seconds go on from its last.
    """

    def __init__(self, path: str | Path, before: Sequence[Mapping[str, Any]] = ()) -> None:
        self.path = path
        self.before = before

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Rewrite the file from the trainer's log."""
        if state.is_world_process_zero:
            write_json_lines(self.path, continued(self.before, history_rows(state.log_history)))


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
                    nest(logs, "/")["losses"],
                    {name: logs[f"eval_{name}"] for name in REPORTED},
                )
            )


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


class EarlyStopping(EarlyStoppingCallback):
    """Stops training after some evaluations in a row without a better score.

    `transformers` counts from 0 again when training goes on from a checkpoint; here the evaluations before it
    count too, so that an interrupted run has the length of an uninterrupted one.
    """

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Count the evaluations since the best one before the resume; larger scores are better."""
        super().on_train_begin(args, state, control, **kwargs)
        metric = str(args.metric_for_best_model)
        scores = [entry[metric] for entry in state.log_history if metric in entry]
        if scores:
            # The first of equal ones is the best.
            self.early_stopping_patience_counter = len(scores) - 1 - scores.index(max(scores))


class WeightingSchedule(TrainerCallback):
    """Tell a weighting when a step and when an epoch is over.

    Args:
        weighting: the weighting.
    """

    def __init__(self, weighting: Weighting) -> None:
        self.weighting = weighting

    def on_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Move the weights."""
        self.weighting.update()

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Move the weights."""
        self.weighting.end_epoch()
