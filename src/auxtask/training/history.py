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
    ...     "losses/main": 0.7, "weights/main": 1.0, "learning_rate": 0.1}])[0]["losses"]
    {'main': 0.7}
    """
    rows = []
    for entry in log_history:
        if "seconds" not in entry:
            continue
        row = {name: entry.get(name) for name in ("step", "epoch", "seconds")}
        row |= {name: nested(entry, name) for name in ("losses", "empty_batches", "weights", "tasks")}
        row["learning_rate"] = entry.get("learning_rate")
        row["valid"] = {
            name.removeprefix("eval_"): value
            for name, value in entry.items()
            if name.startswith("eval_") and not name.endswith(("_runtime", "_per_second"))
        }
        rows.append(row)
    return rows


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Name every number by its way through nested mappings.

    >>> flat({"losses": {"main": 0.5, "rtm": 2.0}})
    {'losses/main': 0.5, 'losses/rtm': 2.0}
    """
    pairs: dict[str, Any] = {}
    for name, value in values.items():
        pairs |= flat(value, f"{prefix}{name}/") if isinstance(value, Mapping) else {prefix + name: value}
    return pairs


def nested(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Read back what `flat` has named, from one name on.

    >>> nested({"step": 3, "tasks/bit_label/loss": 0.5}, "tasks")
    {'bit_label': {'loss': 0.5}}
    """
    found: dict[str, Any] = {}
    for path, value in values.items():
        first, *between = path.split("/")
        if first == name and between:
            inner = found
            for step in between[:-1]:
                inner = inner.setdefault(step, {})
            inner[between[-1]] = value
    return found


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


def continued(before: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Put the rows of a stage behind those of the stage before; steps, epochs and seconds go on.

    >>> first, second = [{"step": 9, "epoch": 2.0, "seconds": 5.0}], [{"step": 3, "epoch": 1.0, "seconds": 1.0}]
    >>> continued(first, second)[1]
    {'step': 12, 'epoch': 3.0, 'seconds': 6.0}
    """
    if not before:
        return [dict(row) for row in rows]
    last = before[-1]
    counted = ("step", "epoch", "seconds")
    return [
        *(dict(row) for row in before),
        *({**row, **{name: row[name] + last[name] for name in counted}} for row in rows),
    ]
