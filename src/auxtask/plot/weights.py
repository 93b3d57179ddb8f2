"""How the tasks were weighted over runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from auxtask.ground.values import check_path
from auxtask.plot.style import COLORS, STYLE, Curve, draw_seeds, finish, grid, legend_label, panel_title
from auxtask.runs.history import read_history, task_curves


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
    return weight_figure("", {"": task_curves([read_history(run)], "weights")})


def weight_figure(title: str, panels: Mapping[str, Mapping[str, Sequence[Curve]]]) -> Figure:
    """Draw the weight of each task over the steps, a panel a method: mean and range over seeds.

    Args:
        title: of the whole.
        panels: by method and task the curve of each seed.

    Returns:
        The figure; all panels have one scale, from 0 up.
    """
    with rc_context(STYLE):
        figure, all_axes = grid(len(panels), width=3.2, height=2.6)
        for axes, (method, tasks) in zip(all_axes, panels.items(), strict=True):
            for at, (task, curves) in enumerate(tasks.items()):
                draw_seeds(axes, curves, COLORS[at % len(COLORS)], marker=".", label=legend_label(task))
            panel_title(axes, method)
            axes.legend()
        # Once all are drawn: the panels share their scale.
        all_axes[0].set_ylim(bottom=0)
        figure.supxlabel("steps", fontsize=9)
        figure.supylabel("weight of the task's loss", fontsize=9)
        finish(figure, all_axes, title)
    return figure
