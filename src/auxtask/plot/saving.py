"""Figures as files."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from auxtask.errors import AuxtaskError
from auxtask.ground.files import atomic_path
from auxtask.ground.values import check_path

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
