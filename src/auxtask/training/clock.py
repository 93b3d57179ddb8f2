"""How long a run has trained, over all processes that had a share in it."""

import time
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments


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
