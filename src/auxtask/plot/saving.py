"""Figures as files, and as parts of a page."""

import io
import re
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from auxtask.errors import AuxtaskError
from auxtask.ground.escaping import escape_html
from auxtask.ground.files import atomic_path
from auxtask.ground.values import check_path
from auxtask.plot.style import INK

# By ending, what matplotlib would write of itself and the time: without it, the same figure is the same file.
UNDATED: dict[str, dict[str, Any]] = {
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None},
    ".svg": {"Date": None},
}
FIGURE_ENDINGS = tuple(UNDATED)


def save_figure(figure: Figure, path: str | Path, dpi: int = 200) -> None:
    """Write a figure, whole or not at all.

    Args:
        figure: any matplotlib figure.
        path: ends in `.png`, `.pdf` or `.svg`.
        dpi: dots an inch of a `.png`.

    Raises:
        AuxtaskError: another ending.

    >>> save_figure(Figure(), "figure.gif")
    Traceback (most recent call last):
    auxtask.errors.AuxtaskError: a figure cannot be saved as '.gif'; use .png, .pdf or .svg
    """
    check_path("path", path, example="figure.png")
    suffix = Path(path).suffix.lower()
    if suffix not in UNDATED:
        raise AuxtaskError(f"a figure cannot be saved as {suffix!r}; use .png, .pdf or .svg")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=dpi, metadata=UNDATED[suffix])


def inline_svg(figure: Figure, name: str, label: str) -> str:
    """Draw a figure as SVG in the text colour of its page, with ids that no other figure has.

    Args:
        figure: whose ink is `auxtask.plot.style.INK`.
        name: what its ids begin with.
        label: what a screen reader says of it.

    Returns:
        An `svg` element.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    prefix = re.sub(r"\W", "-", name)
    # In tags alone: a label may read like one of them.
    svg = re.sub(
        r"<[^>]*>",
        lambda tag: re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{prefix}-", tag[0]).replace(INK, "currentColor"),
        svg,
    )
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape_html(label)}"', 1)
