"""The one exception that a command turns into a single line and an exit code, and what its line may name."""

from collections.abc import Iterable
from difflib import get_close_matches


class AuxtaskError(ValueError):
    """A problem that the user can mend: bad input, a missing file, a setting out of range.

    The message is one line that says what was given, why it will not do, and what to do instead.

    >>> raise AuxtaskError("mask_rate=1.5 is outside (0, 1); use for example mask_rate=0.15")
    Traceback (most recent call last):
    ...
    auxtask.errors.AuxtaskError: mask_rate=1.5 is outside (0, 1); use for example mask_rate=0.15
    """


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Name the known name that is most like an unknown one; the empty string if none is.

    >>> did_you_mean("lerning_rate", ["learning_rate", "weight_decay"]), did_you_mean("x", ["learning_rate"])
    (', did you mean learning_rate?', '')
    """
    near = get_close_matches(name, known, n=1)
    return f", did you mean {near[0]}?" if near else ""


def first_line(error: BaseException) -> str:
    """Give what an error of a library says first.

    >>> first_line(ValueError(" no such layer \\n Known are: ..."))
    'no such layer'
    """
    return (str(error).strip().splitlines() or [type(error).__name__])[0].strip()
