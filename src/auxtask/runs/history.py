"""`history.jsonl`: one line for each evaluation."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from auxtask.errors import AuxtaskError
from auxtask.ground.names import MAIN
from auxtask.ground.nesting import nest

# What a row has by task.
GROUPS = ("losses", "empty_batches", "mask_rates", "weights", "tasks")


def history_rows(log_history: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Pick the evaluations out of a trainer's log.

    Args:
        log_history: `trainer.state.log_history`.

    Returns:
        For each evaluation `step`, `epoch`, `seconds`, `losses` (the mean training loss of each task since the
        evaluation before), `empty_batches` (in how many of its batches a task had nothing to learn from),
        `mask_rates` (the realised mask rate of each masking task since then: `mean` and standard deviation `std`
        over documents), `weights`, `tasks` (scores of auxiliary tasks on the validation split, their gradients
        beside the main task's as `gradient_alignment` gives them, and where rows of the main task are masked,
        under `main` its accuracy on training documents as masked and as they are), `learning_rate` and `valid`
        (loss and scores of the main task on the validation split).

    >>> history_rows([{"loss": 1.0, "step": 1}, {"eval_loss": 0.5, "step": 2, "epoch": 1.0, "seconds": 3.0,
    ...     "losses/main": 0.7, "weights/main": 1.0, "learning_rate": 0.1}])[0]["losses"]
    {'main': 0.7}
    """
    rows = []
    for entry in log_history:
        if "seconds" not in entry:
            continue
        logged = nest(entry, "/")
        row = {name: entry.get(name) for name in ("step", "epoch", "seconds")}
        row |= {
            name: logged.get(name, {}) for name in ("losses", "empty_batches", "mask_rates", "weights", "tasks")
        }
        row["learning_rate"] = entry.get("learning_rate")
        row["valid"] = {
            name.removeprefix("eval_"): value
            for name, value in entry.items()
            if name.startswith("eval_") and not name.endswith(("_runtime", "_per_second"))
        }
        rows.append(row)
    return rows


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


def read_history(run: str | Path) -> list[dict[str, Any]]:
    """Read the evaluations of a run.

    Args:
        run: its folder.

    Returns:
        The rows of its `history.jsonl`.

    Raises:
        AuxtaskError: the folder has no history.
    """
    try:
        lines = (Path(run) / "history.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise AuxtaskError(f"'{run}' holds no history.jsonl; give the folder of a run") from error
    return [json.loads(line) for line in lines]


def task_curves(
    histories: Sequence[Sequence[Mapping[str, Any]]], what: str
) -> dict[str, list[tuple[Sequence[float], Sequence[float]]]]:
    """Follow what a history says of each task through some histories.

    Args:
        histories: rows of one run each.
        what: `weights` or `losses`.

    Returns:
        By task the steps and the values of each history that has the task; a last stage has rows without some.

    >>> rows = [{"step": 9, "weights": {"main": 0.5, "rtm": 0.5}}, {"step": 12, "weights": {"main": 1}}]
    >>> task_curves([rows], "weights")
    {'main': [([9, 12], [0.5, 1])], 'rtm': [([9], [0.5])]}
    """
    tasks = dict.fromkeys(task for history in histories for row in history for task in row[what])
    return {
        task: [
            ([row["step"] for row in rows], [row[what][task] for row in rows])
            for history in histories
            if (rows := [row for row in history if task in row[what]])
        ]
        for task in tasks
    }
