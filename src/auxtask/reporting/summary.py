"""The last lines of a run on the terminal: what was run, its scores beside the yardsticks, where the files are."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from auxtask.ground.escaping import terminal_text, visible
from auxtask.runs.metrics import HEADINGS, REPORTED
from auxtask.tables.terminal import to_terminal
from auxtask.tables.values import Cell, Note, Number, Table

BELOW_YARDSTICK = "*"


def print_summary(
    run: Path, title: str, yardsticks: Mapping[str, Mapping[str, float]], note: str | None = None
) -> None:
    """Print the table of a finished run.

    Args:
        run: a run folder with `metrics.json`.
        title: what was run.
        yardsticks: test scores by method, printed beside those of the run.
        note: a remark in the last line but one.
    """
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    console = Console()
    console.print(to_terminal(summary_table(metrics, title, yardsticks), emphasized=[0]))
    seconds = metrics["seconds"]
    stages = ", ".join(f"{stage} {seconds[stage]:.1f} s" for stage in seconds)
    trained = (
        f"{metrics['steps']} steps, best at {metrics['best_step']}; "
        f"{metrics['tokens_per_second']:,.0f} tokens/s in training; "
        if metrics["steps"]
        else ""
    )
    console.print(
        f"{stages}; {trained}peak memory {metrics['peak_memory_bytes'] / 2**30:.2f} GiB", highlight=False
    )
    if note:
        console.print(terminal_text(note))
    # A path must stay whole, however narrow the terminal is.
    print(visible(f"run: {run}"))


def summary_table(metrics: Mapping[str, Any], title: str, yardsticks: Mapping[str, Mapping[str, float]]) -> Table:
    """Lay the scores of a run out beside those of the yardsticks.

    Args:
        metrics: the content of its `metrics.json`.
        title: what was run.
        yardsticks: test scores by method.

    Returns:
        A row a split or method, the run's test scores first; they are marked where they are below a yardstick.
    """
    tested = metrics["test"]
    rows = {"this run, test": tested}
    if metrics.get("test_without_copies") not in (None, tested):
        rows["this run, test without copies"] = metrics["test_without_copies"]
    rows["this run, validation"] = metrics["valid"]
    rows |= {f"{name.replace('_', ' ')}, test": scores for name, scores in yardsticks.items()}
    below = [
        metric for metric in REPORTED if any(tested[metric] < scores[metric] for scores in yardsticks.values())
    ]

    def cell(scores: Mapping[str, float], metric: str) -> Cell:
        marks = (BELOW_YARDSTICK,) if scores is tested and metric in below else ()
        return Cell(Number(scores[metric], f"{scores[metric]:.4f}"), marks=marks)

    return Table(
        name="run",
        title=title,
        columns=("", *HEADINGS.values()),
        rows=[[Cell(name), *(cell(scores, metric) for metric in REPORTED)] for name, scores in rows.items()],
        notes=[Note(BELOW_YARDSTICK, "below a yardstick")] if below else [],
    )
