"""How all figures of runs look: colours, type, grids, layout."""

import io
import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from auxtask.ground.escaping import escape_figure

# Okabe and Ito's colours, told apart with any colour vision, in an order that reads on light and dark paper.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6BB1", "#7F7F7F")
MARKERS = "osD^vPX*"
# More bands over each other than this cannot be told apart; bars in their place share so many inches.
MOST_BANDS, WIDTH_OF_BARS = 3, 0.2
# The one grey that stands for ink and grid; an HTML page puts its own text colour in its place.
INK = "#4d4d4f"
STYLE: dict[Any, Any] = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9,
    "figure.dpi": 100,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "auxtask",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


class NotebookFigure(Figure):
    """A figure that a notebook shows without pyplot."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()


# Places and values of one line, as of one seed.
Curve = tuple[Sequence[float], Sequence[float]]


def grid(count: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """Lay out panels of one scale, at most three in a row.

    Args:
        count: of panels, at least 1.
        width, height: of each, in inches.

    Returns:
        The figure and its panels.
    """
    # At most three beside each other, and no row much shorter than another: four make two rows of two.
    rows = math.ceil(count / 3)
    columns = math.ceil(count / rows)
    figure = NotebookFigure(figsize=(1.2 + width * columns, 0.8 + height * rows))
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel().tolist()
    for panel in panels[count:]:
        panel.set_visible(False)
    for panel in panels[:count]:
        panel.tick_params(labelbottom=True)
    return figure, panels[:count]


def legend_label(text: str) -> str:
    """Write a name for a legend, which would leave out one that begins with an underscore.

    >>> legend_label("_mine")
    ' _mine'
    """
    escaped = escape_figure(text)
    return f" {escaped}" if escaped.startswith("_") else escaped


def panel_title(panel: Axes, text: str) -> None:
    """Write what a panel shows above it, in lines no longer than it is wide."""
    panel.set_title(textwrap.fill(escape_figure(text), 34, break_long_words=False), fontsize=9)


def over_seeds(curves: Sequence[Curve]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lay the curves of seeds beside each other, evaluation by evaluation.

    Args:
        curves: of each seed, at least one point each.

    Returns:
        The mean place of each evaluation, (evaluations,), and the values there, (seeds, evaluations): as many as
        the longest curve has. A run that stopped keeps its last value, and its mean pace.

    >>> places, values = over_seeds([([10, 20], [1.0, 3.0]), ([20], [5.0])])
    >>> places.tolist(), values.tolist()
    ([15.0, 30.0], [[1.0, 3.0], [5.0, 5.0]])
    """
    evaluations = np.arange(max(len(places) for places, _ in curves))
    all_places, all_values = [], []
    for places, values in curves:
        done = len(places)
        # Of a single evaluation the pace is that of the time before it.
        pace = (places[-1] - places[0]) / (done - 1) if done > 1 else places[0]
        beyond = np.maximum(evaluations - (done - 1), 0)
        last = np.minimum(evaluations, done - 1)
        all_places.append(np.asarray(places, dtype=np.float64)[last] + beyond * pace)
        all_values.append(np.asarray(values, dtype=np.float64)[last])
    return np.mean(all_places, axis=0), np.array(all_values)


def draw_seeds(
    axes: Axes, curves: Sequence[Curve], color: str, place: int = 0, lines: int = 1, **line: Any
) -> None:
    """Draw the mean over seeds as a line, and the range between them.

    The range is a band beside a few other lines, and bars at the evaluations, a little apart, beside more.

    Args:
        axes: to draw on.
        curves: of each seed.
        color: of both.
        place: which of the lines of the panel it is, from 0.
        lines: how many the panel has.
        **line: further properties of the line.
    """
    places, values = over_seeds(curves)
    mean, low, high = values.mean(axis=0), values.min(axis=0), values.max(axis=0)
    drawn: list[Artist] = [*axes.plot(places, mean, color=color, **line)]
    if lines <= MOST_BANDS:
        if len(curves) > 1:
            axes.fill_between(places, low, high, color=color, alpha=0.15, lw=0)
        return
    if len(curves) > 1:
        drawn.append(axes.vlines(places, low, high, color=color, alpha=0.45, lw=1))
    # Moved once it has had its say in the limits of the axes, which are those of the data.
    apart = ScaledTranslation(WIDTH_OF_BARS * (place / (lines - 1) - 0.5), 0, axes.figure.dpi_scale_trans)
    for artist in drawn:
        artist.set_transform(axes.transData + apart)


def finish(figure: Figure, panels: Iterable[Axes], title: str) -> None:
    """Give a figure its title, grids and layout.

    Args:
        figure: with everything drawn.
        panels: its axes.
        title: of the whole.
    """
    for panel in panels:
        panel.grid(True, color=INK, alpha=0.18, lw=0.6)
        panel.set_axisbelow(True)
    figure.suptitle(escape_figure(title), fontsize=10)
    _lay_out(figure)


def _lay_out(figure: Figure) -> None:
    # Placed once here: a figure with a layout engine of its own is drawn twice for each format.
    ConstrainedLayoutEngine().execute(figure)


def place_legend(figure: Figure, panels: Sequence[Axes]) -> None:
    """Put the legend into the lower right of a panel, or below the figure.

    Below stands one that is of several panels, or would cover half of the only one.

    Args:
        figure: finished but for its legend; it grows by what stands below.
        panels: of the figure; the legend names the lines of the first, and those of the others are the same.
    """
    panel = panels[0]
    if len(panels) == 1:
        legend = panel.legend(loc="lower right")
        needed, free = legend.get_window_extent(), panel.get_window_extent()
        if needed.width <= free.width and 2 * needed.height <= free.height:
            return
        legend.remove()
    lines, labels = panel.get_legend_handles_labels()
    for columns in (5, 4, 3, 2, 1):
        below = figure.legend(lines, labels, loc="outside lower center", ncols=columns)
        needed = below.get_window_extent()
        if columns == 1 or needed.width <= figure.bbox.width:
            break
        below.remove()
    figure.set_figheight(figure.get_figheight() + needed.height / figure.dpi)
    _lay_out(figure)
