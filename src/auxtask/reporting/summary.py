"""The last lines of a run on the terminal: what was run, its scores beside the yardsticks, where the files are."""

import json
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from auxtask.ground.escaping import terminal_text, visible


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
    table = Table(title=terminal_text(title, "table.title"), title_justify="left")
    table.add_column("")
    for column in ("micro-F1", "macro-F1"):
        table.add_column(column, justify="right")
    tested = metrics["test"]
    columns = ("micro_f1", "macro_f1")
    marks = {
        column: "*" if any(tested[column] < scores[column] for scores in yardsticks.values()) else ""
        for column in columns
    }
    table.add_row("this run, test", *(f"{tested[column]:.4f}{marks[column]}" for column in columns), style="bold")
    rows = {"this run, validation": metrics["valid"]}
    if metrics.get("test_without_copies") not in (None, tested):
        rows = {"this run, test without copies": metrics["test_without_copies"]} | rows
    rows |= {f"{name.replace('_', ' ')}, test": scores for name, scores in yardsticks.items()}
    for name, scores in rows.items():
        table.add_row(
            terminal_text(name), *(f"{scores[column]:.4f}{' ' if marks[column] else ''}" for column in columns)
        )
    if any(marks.values()):
        table.caption, table.caption_justify = "* below a yardstick", "left"
    console = Console()
    console.print(table)
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
