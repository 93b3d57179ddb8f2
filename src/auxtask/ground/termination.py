"""SIGTERM: a command ends with a line and code 143, and in training with a whole checkpoint."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class TerminatedError(BaseException):
    """The process was told to end; like `KeyboardInterrupt`, nothing but the command itself catches it."""


class _Request:
    """Whether a SIGTERM has come, and whether it has to wait."""

    def __init__(self) -> None:
        self.came = False
        self.waits = False

    def take(self, number: int, frame: FrameType | None) -> None:
        # A second one ends the process at once.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.came = True
        if not self.waits:
            raise TerminatedError


_request = _Request()


@contextmanager
def raised_on_sigterm() -> Iterator[None]:
    """Turn a SIGTERM into `TerminatedError`, so that what is open is closed; a second one ends the process.

    Outside the main thread, which alone may take signals, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _request.came = False
    before = signal.signal(signal.SIGTERM, _request.take)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def held_back() -> Iterator[Callable[[], bool]]:
    """Hold `TerminatedError` back until the end of the block, or until the block raises it itself.

    Yields:
        A function that tells whether a SIGTERM has come.

    Raises:
        TerminatedError: one came, and the block has ended.
    """
    _request.waits = True
    try:
        yield lambda: _request.came
    finally:
        _request.waits = False
    if _request.came:
        raise TerminatedError
