"""Which of several values a quick test takes."""

from collections.abc import Iterable
from typing import Any

import pytest


def rest_in_ci(values: Iterable[Any], quick: int = 1) -> list[Any]:
    """Leave the first of the values to every run of the tests, and the others to those with `-m ci`."""
    return [
        value if number < quick else pytest.param(*_several(value), marks=pytest.mark.ci)
        for number, value in enumerate(values)
    ]


def _several(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
