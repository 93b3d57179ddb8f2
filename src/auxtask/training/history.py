"""`history.jsonl`: one line for each evaluation."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from auxtask.files import write_json_lines


def history_rows(log_history: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Pick the evaluations out of a trainer's log.

    Args:
        log_history: `trainer.state.log_history`.

    Returns:
        For each evaluation `step`, `epoch`, `seconds`, `losses` (the mean training loss of each task since the
        evaluation before), `empty_batches` (in how many of its batches a task had nothing to learn from),
        `weights`, `tasks` (scores of auxiliary tasks on the validation split), `learning_rate` and `valid` (loss
        and scores of the main task on the validation split).

    >>> history_rows([{"loss": 1.0, "step": 1}, {"eval_loss": 0.5, "step": 2, "epoch": 1.0, "seconds": 3.0,
    ...     "losses": {"main": 0.7}, "weights": {"main": 1.0}, "learning_rate": 0.1}])[0]["valid"]
    {'loss': 0.5}
    """
    rows = []
    for entry in log_history:
        if "seconds" not in entry:
            continue
        fields = ("step", "epoch", "seconds", "losses", "empty_batches", "weights", "tasks", "learning_rate")
        row = {name: entry.get(name) for name in fields}
        row["valid"] = {
            name.removeprefix("eval_"): value
            for name, value in entry.items()
            if name.startswith("eval_") and not name.endswith(("_runtime", "_per_second"))
        }
        rows.append(row)
    return rows


class HistoryWriter(TrainerCallback):
    """Write the history after each evaluation, whole, so that a resumed run repeats no line.

    Args:
        path: the file.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Rewrite the file from the trainer's log."""
        if state.is_world_process_zero:
            write_json_lines(self.path, history_rows(state.log_history))
