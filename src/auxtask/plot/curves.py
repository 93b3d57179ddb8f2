"""Pictures of how runs went: scores over steps and seconds, and gains by class size."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from auxtask.ground.escaping import escape_figure
from auxtask.plot.style import (
    COLORS,
    INK,
    MARKERS,
    STYLE,
    Curve,
    NotebookFigure,
    draw_seeds,
    finish,
    grid,
    legend_label,
    panel_title,
    place_legend,
)

SIZES = "test documents of the class (bars: standard error over seeds; dashed: straight line over the logarithm)"


def curve_figure(title: str, panels: Mapping[str, Mapping[str, Sequence[Curve]]], ylabel: str) -> Figure:
    """Draw the same scores against one measure or several, a panel each: mean and range over seeds.

    Args:
        title: of the whole.
        panels: by the name of their measure the lines of each, and by the label of a line its curve of each seed.
        ylabel: what the scores are.

    Returns:
        The figure; its legend stands below, or in the one panel where it covers little of it.

    >>> seeds = [([10, 20], [40.0, 50.0]), ([10, 20], [44.0, 56.0])]
    >>> [axes] = curve_figure("toy", {"steps": {"stl": seeds}}, "macro-F1, %").axes
    >>> axes.lines[0].get_ydata().tolist()
    [42.0, 53.0]
    """
    with rc_context(STYLE):
        figure = NotebookFigure(figsize=(4.3 * len(panels), 3.4))
        all_axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, (xlabel, lines) in zip(all_axes, panels.items(), strict=True):
            axes.set_xlabel(xlabel)
            for at, (label, curves) in enumerate(lines.items()):
                # The second round of colours has other markers than the first.
                color, marker = COLORS[at % len(COLORS)], MARKERS[(at + at // len(COLORS)) % len(MARKERS)]
                named = legend_label(label)
                draw_seeds(axes, curves, color, at, len(lines), marker=marker, ms=3.5, lw=1.4, label=named)
        all_axes[0].set_ylabel(ylabel)
        finish(figure, all_axes, title)
        place_legend(figure, all_axes)
    return figure


class Change(NamedTuple):
    """What a method changes for one class.

    Args:
        label: the class.
        size: its test documents, at least 1.
        points: the change in percentage points.
        error: its standard error over seeds; None of one run.
    """

    label: str
    size: int
    points: float
    error: float | None


def gain_figure(title: str, gains: Mapping[str, Sequence[Change]], reference: str) -> Figure:
    """Draw the change in F1 of each class over the size of the class, a panel a method.

    Bars are a standard error to either side; the classes that gain and lose most are named.

    Args:
        title: of the whole.
        gains: by method the changes of the classes.
        reference: the method that the change is against.

    Returns:
        The figure, with a line fitted over the logarithm of the size.

    >>> changes = [Change("a", 1, 3.0, None), Change("b", 10, 2.0, None), Change("c", 100, 1.0, None)]
    >>> [axes] = gain_figure("toy", {"rtm": changes}, "stl").axes
    >>> axes.lines[1].get_ydata().round(6).tolist()
    [3.0, 1.0]
    """
    with rc_context(STYLE):
        figure, panels = grid(len(gains), width=2.9, height=2.5)
        # Colours as in the figure of curves, where the first is the reference's.
        for at, (panel, (method, of_classes)) in enumerate(zip(panels, gains.items(), strict=True), 1):
            _draw_gains(panel, of_classes, COLORS[at % len(COLORS)])
            panel_title(panel, method)
        figure.supxlabel(SIZES, fontsize=9)
        figure.supylabel(f"change in F1 against {reference}, points", fontsize=9)
        finish(figure, panels, title)
    return figure


def _draw_gains(panel: Axes, gains: Sequence[Change], color: str) -> None:
    sizes = np.array([each.size for each in gains])
    changes = np.array([each.points for each in gains])
    panel.axhline(0, color=INK, lw=0.8)
    panel.scatter(sizes, changes, s=16, color=color)
    for each in gains:
        if each.error is not None:
            panel.vlines(
                each.size, each.points - each.error, each.points + each.error, color=color, alpha=0.6, lw=1
            )
    for each in {function(gains, key=lambda each: each.points) for function in (min, max)}:
        # Away from the nearer edge of the panel.
        on_left = each.size**2 <= int(sizes.min()) * int(sizes.max())
        panel.annotate(
            escape_figure(textwrap.shorten(each.label, 24, placeholder=" …")),
            (each.size, each.points),
            xytext=(4 if on_left else -4, 3),
            textcoords="offset points",
            ha="left" if on_left else "right",
            fontsize=7,
            color=INK,
        )
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
