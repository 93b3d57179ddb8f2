"""Figures as files."""

from pathlib import Path

from matplotlib.figure import Figure

from auxtask.errors import AuxtaskError
from auxtask.files import atomic_path


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure, whole or not at all.

    Args:
        figure: any matplotlib figure.
        path: ends in `.png`, `.pdf` or `.svg`.

    Raises:
        AuxtaskError: another ending.

    >>> save_figure(Figure(), "figure.gif")
    Traceback (most recent call last):
    auxtask.errors.AuxtaskError: a figure cannot be saved as '.gif'; use .png, .pdf or .svg
    """
    suffix = Path(path).suffix.lower()
    if suffix not in {".png", ".pdf", ".svg"}:
        raise AuxtaskError(f"a figure cannot be saved as {suffix!r}; use .png, .pdf or .svg")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=200)
