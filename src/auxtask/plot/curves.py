"""Pictures of how runs went: scores over steps and seconds, and gains by class size."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from auxtask.evaluation.class_gains import ClassGain
from auxtask.evaluation.groups import Block, Group
from auxtask.plot.style import COLORS, INK, MARKERS, STYLE, draw_seeds, finish, grid, legend_label, panel_title
from auxtask.runs.reading import Run


def curve_figure(block: Block) -> Figure | None:
    """Draw validation macro-F1 against steps and against seconds, a line a method: mean and range over seeds.

    Args:
        block: runs of one data set and model.

    Returns:
        The figure; None where no run has a history. Seconds include what was prepared before training, such as
        token scores.
    """
    groups = [group for group in block.groups if any(run.history for run in group.runs)]
    if not groups:
        return None
    with rc_context(STYLE):
        figure = Figure(figsize=(8.6, 3.4))
        by_steps, by_seconds = figure.subplots(1, 2, sharey=True)
        for at, group in enumerate(groups):
            _draw_band(by_steps, group, at, lambda run, row: row["step"])
            _draw_band(by_seconds, group, at, lambda run, row: row["seconds"] + run.seconds.get("score", 0.0))
        by_steps.set(xlabel="steps", ylabel="validation macro-F1, %")
        by_seconds.set(xlabel="seconds, preparation included")
        finish(figure, [by_steps, by_seconds], f"{block.dataset}, {block.label}")
        by_steps.legend(loc="lower right")
    return figure


def _draw_band(axes: Axes, group: Group, at: int, place: Callable[[Run, Mapping[str, Any]], float]) -> None:
    """Draw the validation score of a group of runs."""
    curves = [
        ([place(run, row) for row in run.history], [100 * row["valid"]["macro_f1"] for row in run.history])
        for run in group.runs
        if run.history
    ]
    color, marker = COLORS[at % len(COLORS)], MARKERS[at % len(MARKERS)]
    draw_seeds(axes, curves, color, marker=marker, ms=3.5, lw=1.4, label=legend_label(group.label))


def gain_figure(block: Block, gains: Mapping[str, Sequence[ClassGain]]) -> Figure | None:
    """Draw the change in F1 against `stl` of each class over the size of the class, a panel a method.

    Args:
        block: runs of one data set and model.
        gains: of its methods.

    Returns:
        The figure, with a line fitted over the logarithm of the size; None where there is nothing to draw.
    """
    if not gains:
        return None
    with rc_context(STYLE):
        figure, panels = grid(len(gains), width=2.9, height=2.5)
        # Colours as in the figure of curves, where the first is stl's.
        for at, (panel, (method, of_classes)) in enumerate(zip(panels, gains.items(), strict=True), 1):
            _draw_gains(panel, of_classes, COLORS[at % len(COLORS)])
            panel_title(panel, method)
        figure.supxlabel("test documents of the class", fontsize=9)
        figure.supylabel("change in F1 against stl, points", fontsize=9)
        finish(figure, panels, f"{block.dataset}, {block.label}")
    return figure


def _draw_gains(panel: Axes, gains: Sequence[ClassGain], color: str) -> None:
    sizes, changes = np.array([gain.size for gain in gains]), np.array([gain.gain for gain in gains])
    panel.axhline(0, color=INK, lw=0.8)
    panel.scatter(sizes, changes, s=16, color=color)
    smallest, largest = sizes.min(), sizes.max()
    panel.set_xscale("log")
    # Plain numbers at 1, 2 and 5 times the powers of ten: some four of them are in any range.
    ticks = [digit * 10**power for power in range(6) for digit in (1, 2, 5)]
    panel.set_xticks([tick for tick in ticks if smallest / 1.5 <= tick <= largest * 1.5])
    panel.xaxis.set_major_formatter("{x:.0f}")
    panel.xaxis.set_minor_locator(NullLocator())
    if smallest < largest:
        ends = np.array([smallest, largest])
        slope, height = np.polyfit(np.log(sizes), changes, 1)
        panel.plot(ends, slope * np.log(ends) + height, color=color, ls="--", lw=1)
