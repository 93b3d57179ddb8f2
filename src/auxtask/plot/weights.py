"""How the tasks were weighted over runs."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from auxtask.errors import AuxtaskError
from auxtask.evaluation.groups import Block
from auxtask.ground.values import check_path
from auxtask.plot.style import COLORS, STYLE, draw_seeds, finish, grid, legend_label, panel_title

History = Sequence[Mapping[str, Any]]


def task_weights(run: str | Path) -> Figure:
    """Draw the weight of each task against the steps of a run.

    Args:
        run: a run folder with its `history.jsonl`.

    Returns:
        A matplotlib figure with a line for each task; it shows itself in a notebook, `.savefig(path)` writes it.

    Raises:
        AuxtaskError: the folder has no history.

    >>> task_weights("nowhere")
    Traceback (most recent call last):
    ...
    auxtask.errors.AuxtaskError: 'nowhere' holds no history.jsonl; give the folder of a run
    """
    check_path("run", run, example="runs/...")
    try:
        lines = (Path(run) / "history.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise AuxtaskError(f"'{run}' holds no history.jsonl; give the folder of a run") from error
    return _panels("", {"": [[json.loads(line) for line in lines]]})


def weight_figure(block: Block) -> Figure | None:
    """Draw the weight of each task over the steps, a panel a method: mean and range over seeds.

    Args:
        block: runs of one data set and model.

    Returns:
        The figure; None where no method has weights that change.
    """
    panels = {
        group.label: [run.history for run in group.runs if run.history]
        for group in block.groups
        if any(_moves(run.history) for run in group.runs)
    }
    return _panels(f"{block.dataset}, {block.label}", panels) if panels else None


def _moves(history: History) -> bool:
    weights = [row.get("weights") for row in history]
    return bool(weights and weights[0]) and any(other != weights[0] for other in weights)


def _panels(title: str, histories: Mapping[str, Sequence[History]]) -> Figure:
    with rc_context(STYLE):
        figure, panels = grid(len(histories), width=3.2, height=2.6)
        for panel, (label, of_seeds) in zip(panels, histories.items(), strict=True):
            tasks = dict.fromkeys(task for history in of_seeds for row in history for task in row["weights"])
            for at, task in enumerate(tasks):
                _draw_weights(panel, of_seeds, task, COLORS[at % len(COLORS)])
            panel_title(panel, label)
            panel.legend()
        # Once all are drawn: the panels share their scale.
        panels[0].set_ylim(bottom=0)
        figure.supxlabel("steps", fontsize=9)
        figure.supylabel("weight of the task's loss", fontsize=9)
        finish(figure, panels, title)
    return figure


def _draw_weights(panel: Axes, histories: Sequence[History], task: str, color: str) -> None:
    # A last stage has rows without the auxiliary tasks.
    curves = [
        ([row["step"] for row in rows], [row["weights"][task] for row in rows])
        for history in histories
        if (rows := [row for row in history if task in row["weights"]])
    ]
    draw_seeds(panel, curves, color, marker=".", label=legend_label(task))
