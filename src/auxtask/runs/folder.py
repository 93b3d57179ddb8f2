"""A run on disk: its files, its lock, and what is left to do."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from auxtask.errors import AuxtaskError
from auxtask.ground.machine import is_main_process
from auxtask.runs.metrics import checked_metrics


class RunHeldError(AuxtaskError):
    """A run is being computed by another process."""


class RunFolder:
    """The files of one run.

    Args:
        path: `runs/DATASET/MODEL/AUX/RUN_ID`; made where missing once the run is locked.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.checkpoints = self.path / "checkpoints"
        self.model = self.path / "model"

    @property
    def metrics(self) -> dict[str, Any] | None:
        """The content of `metrics.json`; None unless the run is finished and what the file says can be true."""
        try:
            return checked_metrics((self.path / "metrics.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process; the system lets go of it when the process ends, however it ends.

        Of the processes of one run, the main one holds it for all.

        Raises:
            RunHeldError: another living process holds it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        if not is_main_process():
            yield
            return
        lock = FileLock(self.path / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise RunHeldError(
                f"run '{self.path}' is being computed by another process; wait for it or stop it"
            ) from error
        try:
            yield
        except AuxtaskError:
            # Bad input that ends a run before its first checkpoint leaves no run behind.
            if not self.checkpoints.exists() and self.metrics is None:
                shutil.rmtree(self.path)
            raise
        finally:
            lock.release()

    def clear(self) -> None:
        """Remove what an earlier computation of the run has left, all but the lock."""
        for entry in self.path.iterdir():
            if entry.name != ".lock":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
