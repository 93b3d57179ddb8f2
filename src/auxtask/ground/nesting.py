"""Nested mappings as flat ones, and back."""

from collections.abc import Mapping
from typing import Any


def flatten(values: Mapping[str, Any], separator: str) -> dict[str, Any]:
    """Name every value by its way through nested mappings; an empty mapping stands for itself.

    Args:
        values: mappings within mappings.
        separator: stands between the names of a way.

    Returns:
        One mapping, in the order of the values.

    >>> flatten({"model": {"name": "tiny"}, "aux": {}}, ".")
    {'model.name': 'tiny', 'aux': {}}
    """
    pairs: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            pairs |= {f"{name}{separator}{below}": each for below, each in flatten(value, separator).items()}
        else:
            pairs[str(name)] = value
    return pairs


def nest(values: Mapping[str, Any], separator: str) -> dict[str, Any]:
    """Undo `flatten`.

    Args:
        values: by their ways.
        separator: what stands between the names of a way.

    Returns:
        Mappings within mappings.

    >>> nest({"step": 3, "tasks/bit_label/loss": 0.5}, "/")
    {'step': 3, 'tasks': {'bit_label': {'loss': 0.5}}}
    """
    nested: dict[str, Any] = {}
    for way, value in values.items():
        *between, last = way.split(separator)
        inner = nested
        for name in between:
            inner = inner.setdefault(name, {})
        inner[last] = value
    return nested
