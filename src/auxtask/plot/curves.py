"""Pictures of how runs went: scores over steps and seconds, and gains by class size."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

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


def curve_figure(title: str, panels: Mapping[str, Mapping[str, Sequence[Curve]]], ylabel: str) -> Figure:
    """Draw the same scores against one measure or several, a panel each: mean and range over seeds.

    Args:
        title: of the whole.
        panels: by the name of their measure the lines of each, and by the label of a line its curve of each seed.
        ylabel: what the scores are.

    Returns:
        The figure; the legend stands in the first panel, or below all where it would cover too much of it.

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
                draw_seeds(axes, curves, color, marker=marker, ms=3.5, lw=1.4, label=legend_label(label))
        all_axes[0].set_ylabel(ylabel)
        finish(figure, all_axes, title)
        place_legend(figure, all_axes[0])
    return figure


def gain_figure(title: str, gains: Mapping[str, Curve], reference: str) -> Figure:
    """Draw the change in F1 of each class over the size of the class, a panel a method.

    Args:
        title: of the whole.
        gains: by method the sizes of the classes, at least 1, and their changes in percentage points.
        reference: the method that the change is against.

    Returns:
        The figure, with a line fitted over the logarithm of the size.

    >>> [axes] = gain_figure("toy", {"rtm": ([1, 10, 100], [3.0, 2.0, 1.0])}, "stl").axes
    >>> axes.lines[1].get_ydata().round(6).tolist()
    [3.0, 1.0]
    """
    with rc_context(STYLE):
        figure, panels = grid(len(gains), width=2.9, height=2.5)
        # Colours as in the figure of curves, where the first is the reference's.
        for at, (panel, (method, of_classes)) in enumerate(zip(panels, gains.items(), strict=True), 1):
            _draw_gains(panel, of_classes, COLORS[at % len(COLORS)])
            panel_title(panel, method)
        figure.supxlabel("test documents of the class", fontsize=9)
        figure.supylabel(f"change in F1 against {reference}, points", fontsize=9)
        finish(figure, panels, title)
    return figure


def _draw_gains(panel: Axes, gains: Curve, color: str) -> None:
    sizes, changes = map(np.asarray, gains)
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
