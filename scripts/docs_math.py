"""Formulas of the documentation as MathML, which browsers draw by themselves: no script of another server."""

from typing import Any

from latex2mathml.converter import convert


def formula(source: str, *_: Any, **__: Any) -> str:
    """Turn a fenced block `math` into MathML; `mkdocs.yml` names this function as the block's format.

    Args:
        source: LaTeX.

    Returns:
        An element that scrolls by itself where the page is narrow.
    """
    return f'<div class="formula">{convert(source, display="block")}</div>'
