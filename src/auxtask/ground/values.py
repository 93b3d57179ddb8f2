"""Values at the door of a function: one that will not do is refused in a line that says what will."""

import os
from numbers import Integral, Real
from typing import Any

from auxtask.errors import AuxtaskError


def lies_in(value: float, interval: str) -> bool:
    """Tell whether a number lies in an interval, written as mathematicians do; not-a-numbers lie in none.

    >>> lies_in(0, "(0, 1]"), lies_in(1, "(0, 1]"), lies_in(float("inf"), "[0, inf)")
    (False, True, False)
    """
    low, high = map(float, interval[1:-1].split(", "))
    above = value >= low if interval[0] == "[" else value > low
    return above and (value <= high if interval[-1] == "]" else value < high)


def check_number(name: str, value: Any, interval: str, example: float) -> None:
    """Refuse what is no number in an interval.

    >>> check_number("mask_rate", 1.5, "(0, 1)", example=0.15)
    Traceback (most recent call last):
    ...
    auxtask.errors.AuxtaskError: mask_rate=1.5 is outside (0, 1); use for example mask_rate=0.15
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        raise AuxtaskError(f"{name}={value!r:.60} is not a number; use for example {name}={example}")
    if interval == "[0, inf)" and value < 0:
        raise AuxtaskError(f"{name}={value} is negative; use 0 or more, for example {name}={example}")
    if not lies_in(float(value), interval):
        raise AuxtaskError(f"{name}={value} is outside {interval}; use for example {name}={example}")


def check_whole(name: str, value: Any, least: int, example: int) -> None:
    """Refuse what is no whole number, or one that is too small.

    >>> check_whole("longest", 1.5, least=1, example=10)
    Traceback (most recent call last):
    ...
    auxtask.errors.AuxtaskError: longest=1.5 is not a whole number; use for example longest=10
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise AuxtaskError(f"{name}={value!r:.60} is not a whole number; use for example {name}={example}")
    if value < least:
        raise AuxtaskError(f"{name}={value} is below {least}; use for example {name}={example}")


def check_truth(name: str, value: Any) -> None:
    """Refuse what is neither True nor False: any text would count as true."""
    if not isinstance(value, bool):
        raise AuxtaskError(f"{name}={value!r:.60} is not True or False; use one of them")


def check_callable(name: str, value: Any, example: str) -> None:
    """Refuse what cannot be called."""
    if not callable(value):
        raise AuxtaskError(f"{name}={value!r:.60} is no function; use for example {name}={example}")


def check_path(name: str, value: Any, example: str) -> None:
    """Refuse what cannot name a file or a folder."""
    if not isinstance(value, str | os.PathLike):
        raise AuxtaskError(f"{name}={value!r:.60} is no path; use for example {name}={example!r}")


def check_texts(name: str, value: Any) -> None:
    """Refuse what is no list of texts; a single text would be read letter by letter.

    >>> check_texts("texts", "The sea.")
    Traceback (most recent call last):
    ...
    auxtask.errors.AuxtaskError: texts='The sea.' is one string; give a list of texts
    """
    if isinstance(value, str):
        raise AuxtaskError(f"{name}={value[:20]!r} is one string; give a list of texts")
    if not hasattr(value, "__len__") or not hasattr(value, "__getitem__"):
        raise AuxtaskError(f"{name}={value!r:.60} is no list; give a list of texts")
    if (wrong := next((each for each in value if not isinstance(each, str)), "")) != "":
        raise AuxtaskError(f"{name} hold {wrong!r:.60}, which is no text; give a list of texts")
