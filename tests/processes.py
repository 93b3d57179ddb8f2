"""Commands in real processes that cost no imports: children of one process that has loaded the libraries."""

import importlib
import multiprocessing
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["auxtask.cli.planning", "auxtask.experiment.experiment", "auxtask.train"])


class Command:
    """A command that runs in a process of its own, as `python -m auxtask.NAME ARGUMENTS` would.

    Args:
        folder: where the files of its standard output and error are kept.
        environment: what it has beside this process's own.
        file_bytes: the largest file that the system lets it write.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        file_bytes: int | None = None,
    ) -> None:
        count = len(list(folder.glob("said-*.out")))
        self._said = [folder / f"said-{count}.out", folder / f"said-{count}.err"]
        for path in self._said:
            path.touch()
        settings = (name, arguments, self._said, dict(environment or {}), file_bytes)
        self._process = context.Process(target=_run, args=settings)
        self._process.start()
        self.pid = self._process.pid
        self.terminate, self.kill = self._process.terminate, self._process.kill

    @property
    def output(self) -> str:
        return self._said[0].read_text()

    @property
    def error(self) -> str:
        return self._said[1].read_text()

    @property
    def ended(self) -> bool:
        return not self._process.is_alive()

    def wait_for(self, found: Callable[[], object], seconds: float = 120) -> None:
        """Wait until something is there, while the command runs."""
        deadline = time.monotonic() + seconds
        while not found():
            assert not self.ended, self.error
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def wait(self, seconds: float = 240) -> int:
        """Wait for its end and give the exit code; a signal that ended it is negative."""
        self._process.join(seconds)
        assert self._process.exitcode is not None, "it did not end"
        return self._process.exitcode


def command_here(monkeypatch: Any, capsys: Any, body: Callable[..., Any], *arguments: Any) -> tuple[Any, Any]:
    """Run the body of a command in this process; give its exit code and what was said, as capsys gives it."""
    from hydra.core.global_hydra import GlobalHydra

    from auxtask.cli.command import run_command

    name = body.__name__
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, arguments)])
    GlobalHydra.instance().clear()
    code: Any = 0
    try:
        run_command(name, body)
    except SystemExit as stop:
        code = stop.code
    GlobalHydra.instance().clear()
    return code, capsys.readouterr()


def launch(count: int, folder: Path, name: str, *arguments: str) -> list[Command]:
    """Run a command in processes that compute together, as torchrun would launch them; wait for all of them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    processes = [
        Command(folder, name, *arguments, environment={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)})
        for rank in range(count)
    ]
    try:
        assert [process.wait() for process in processes] == [0] * count, processes[0].error
    finally:
        for process in processes:
            process.kill()
    return processes


def _run(
    name: str, arguments: tuple[str, ...], said: list[Path], environment: dict[str, str], file_bytes: int | None
) -> None:
    for stream, path in zip((sys.stdout, sys.stderr), said, strict=True):
        os.dup2(os.open(path, os.O_WRONLY), stream.fileno())
    os.environ |= environment
    if file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    sys.argv = [f"{name}.py", *arguments]
    command = importlib.import_module("auxtask.cli.command")
    module = importlib.import_module(f"auxtask.{name}")
    # Where the tests run in the background, an interrupt is ignored from the start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command.run_command(name, getattr(module, name))
