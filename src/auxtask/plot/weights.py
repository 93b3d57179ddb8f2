"""How the tasks were weighted over a run."""

import json
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from auxtask.errors import AuxtaskError


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
    try:
        lines = (Path(run) / "history.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise AuxtaskError(f"'{run}' holds no history.jsonl; give the folder of a run") from error
    rows = [json.loads(line) for line in lines]
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for task in dict.fromkeys(name for row in rows for name in row["weights"]):
        points = [(row["step"], row["weights"][task]) for row in rows if task in row["weights"]]
        axes.plot(*zip(*points, strict=True), marker=".", label=task)
    axes.set(xlabel="step", ylabel="weight", ylim=(0, None))
    axes.legend(frameon=False)
    return figure
