"""What the reference reads into our docstrings: an example at the end, and arguments that share a line."""

import re
from textwrap import indent
from typing import Any

from griffe import Extension, Object

# The doctest at the end, and a line of arguments that share their description.
EXAMPLE = re.compile(r"^>>> .*", re.MULTILINE | re.DOTALL)
SHARED = re.compile(r"^    (\w+(?:, \w+)+): (.*(?:\n {8}.*)*)$", re.MULTILINE)


def as_griffe_reads(docstring: str) -> str:
    """Write a docstring in the sections that griffe knows.

    Args:
        docstring: of the house, without indentation.

    Returns:
        The doctest stands in a section of its own, and each argument on a line of its own.

    >>> print(as_griffe_reads("Add.\\n\\nArgs:\\n    a, b: numbers.\\n\\n>>> add(1, 2)\\n3"))
    Add.
    <BLANKLINE>
    Args:
        a: numbers.
        b: numbers.
    <BLANKLINE>
    Examples:
        >>> add(1, 2)
        3
    """
    separate = SHARED.sub(
        lambda found: "\n".join(f"    {name}: {found[2]}" for name in found[1].split(", ")), docstring
    )
    return EXAMPLE.sub(lambda found: "Examples:\n" + indent(found[0], "    "), separate)


class HouseDocstrings(Extension):
    """Rewrites the docstring of each object that griffe finds."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rewrite one."""
        if obj.docstring:
            obj.docstring.value = as_griffe_reads(obj.docstring.value)
