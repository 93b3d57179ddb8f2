"""The last lines of a run on the terminal: what was run, its scores beside the yardsticks, where the files are."""

import json
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table


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
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for column in ("micro-F1", "macro-F1"):
        table.add_column(column, justify="right")
    rows = {"this run, test": metrics["test"], "this run, validation": metrics["valid"]}
    rows |= {f"{name.replace('_', ' ')}, test": scores for name, scores in yardsticks.items()}
    for name, scores in rows.items():
        style = "bold" if name == "this run, test" else None
        table.add_row(name, f"{scores['micro_f1']:.4f}", f"{scores['macro_f1']:.4f}", style=style)
    console = Console()
    console.print(table)
    seconds = metrics["seconds"]
    stages = ", ".join(f"{stage} {seconds[stage]:.1f} s" for stage in seconds)
    console.print(
        f"{stages}; {metrics['steps']} steps, best at {metrics['best_step']}; "
        f"{metrics['tokens_per_second']:,.0f} tokens/s in training; "
        f"peak memory {metrics['peak_memory_bytes'] / 2**30:.2f} GiB",
        highlight=False,
    )
    if note:
        console.print(note, highlight=False)
    # A path must stay whole, however narrow the terminal is.
    print(f"run: {run}")
