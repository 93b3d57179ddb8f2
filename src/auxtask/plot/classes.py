"""Pictures of what classes are taken for, and of how much the number of training documents matters."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import ArrayLike

from auxtask.ground.escaping import escape_figure
from auxtask.plot.style import (
    COLORS,
    MARKERS,
    STYLE,
    NotebookFigure,
    finish,
    legend_label,
    panel_title,
    place_legend,
)

# Shares are written into the cells of matrices up to this size.
MOST_WRITTEN = 10
# By what factor of the share lines stand apart.
SIDEWAYS = 1.03


class Point(NamedTuple):
    """A score at one share of the training documents.

    Args:
        share: in (0, 1].
        score: the mean over seeds, in percent.
        low, high: the ends of its interval; both the score where there is none.
    """

    share: float
    score: float
    low: float
    high: float


def learning_figure(title: str, lines: Mapping[str, Sequence[Point]], ylabel: str) -> Figure:
    """Draw scores over the share of the training documents, with their intervals.

    Args:
        title: of the whole.
        lines: by the name of a method its points.
        ylabel: what the scores are.

    Returns:
        The figure; shares have a logarithmic scale.

    >>> points = [Point(0.1, 40, 38, 42), Point(1, 60, 60, 60)]
    >>> [axes] = learning_figure("toy", {"stl": points}, "macro-F1, %").axes
    >>> axes.lines[0].get_ydata().tolist()
    [40, 60]
    """
    with rc_context(STYLE):
        figure = NotebookFigure(figsize=(4.8, 3.4))
        axes = figure.subplots()
        for at, (label, points) in enumerate(lines.items()):
            color, marker = COLORS[at % len(COLORS)], MARKERS[(at + at // len(COLORS)) % len(MARKERS)]
            shares = [point.share for point in points]
            scores = [point.score for point in points]
            # Beside each other: bars in one place would hide which is whose.
            places = np.array(shares) * SIDEWAYS ** (at - (len(lines) - 1) / 2)
            axes.plot(places, scores, color=color, marker=marker, ms=4, lw=1.4, label=legend_label(label))
            low, high = [each.low for each in points], [each.high for each in points]
            axes.vlines(places, low, high, color=color, alpha=0.6, lw=1)
        axes.set_xscale("log")
        axes.set_xticks(sorted({point.share for points in lines.values() for point in points}))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("share of the training documents")
        axes.set_ylabel(ylabel)
        finish(figure, [axes], title)
        place_legend(figure, [axes])
    return figure


def confusion_figure(title: str, panels: Mapping[str, ArrayLike], class_names: Sequence[str]) -> Figure:
    """Draw confusion matrices beside each other, the documents of each gold class as shares.

    Args:
        title: of the whole.
        panels: by method the documents by gold class, down, and predicted class, across, (classes, classes).
        class_names: the classes.

    Returns:
        The figure; each row of a panel adds up to 1, or is empty where a class has no documents.

    >>> [axes] = confusion_figure("toy", {"stl": [[3, 1], [0, 2]]}, ["a", "b"]).axes
    >>> axes.collections[0].get_array().tolist()
    [[0.75, 0.25], [0.0, 1.0]]
    """
    size = len(class_names)
    side = min(7.0, max(2.6, 0.28 * size + 1.2))
    with rc_context(STYLE):
        figure = NotebookFigure(figsize=(1.0 + side * len(panels), side + 0.8))
        all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
        names = [escape_figure(name if len(name) <= 24 else f"{name[:23]}…") for name in class_names]
        for axes, (method, counts) in zip(all_axes, panels.items(), strict=True):
            documents = np.asarray(counts, dtype=np.float64)
            gold = documents.sum(axis=1, keepdims=True)
            shares = np.divide(documents, gold, out=np.zeros_like(documents), where=gold > 0)
            places = np.arange(size + 1) - 0.5
            # Rectangles, not an image: equal matrices would share one id in the page.
            axes.pcolormesh(places, places, shares, cmap="Blues", vmin=0, vmax=1)
            axes.set_aspect("equal")
            axes.invert_yaxis()
            small = 8 if size <= MOST_WRITTEN else max(3.5, 8 - 0.09 * size)
            axes.set_xticks(range(size), names, rotation=90, fontsize=small)
            axes.set_yticks(range(size), names if axes is all_axes[0] else [""] * size, fontsize=small)
            axes.set_xlabel("predicted")
            for row, column in np.ndindex(size, size) if size <= MOST_WRITTEN else ():
                if shares[row, column] >= 0.005:
                    color = "white" if shares[row, column] > 0.55 else "#202020"
                    written = f"{shares[row, column]:.2f}"
                    axes.text(column, row, written, ha="center", va="center", fontsize=7, color=color)
            panel_title(axes, method)
        all_axes[0].set_ylabel("gold")
        finish(figure, [], title)
    return figure
