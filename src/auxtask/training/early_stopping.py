"""Early stopping that a resume does not set back."""

from typing import Any

from transformers import EarlyStoppingCallback, TrainerControl, TrainerState, TrainingArguments


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
