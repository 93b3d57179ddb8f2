"""Long work in parts: what is finished of it is found again by the call that goes on."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from filelock import FileLock, Timeout

from auxtask.errors import AuxtaskError
from auxtask.ground.files import atomic_path, write_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[np.generic]]

KEY = "key.json"


class Parts:
    """The finished parts of a piece of work.

    Args:
        folder: holds each part as a file.

    Attributes:
        found: how many of the parts that were asked for were finished before.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found = 0

    def get(self, number: int, compute: Callable[[], "Arrays"]) -> "Arrays":
        """Give a part: the one that is finished, or what is computed now and kept.

        Args:
            number: of the part, from 0.
            compute: gives its arrays by name.
        """
        import numpy as np

        path = self.folder / f"{number:06}.npz"
        try:
            with np.load(path) as kept:
                part = dict(kept)
        except (FileNotFoundError, BadZipFile, EOFError, ValueError):
            part = dict(compute())
            with atomic_path(path) as temporary:
                np.savez(temporary, **part)
        else:
            self.found += 1
        return part


@contextmanager
def finished_parts(folder: Path, key: Mapping[str, Any]) -> Iterator[Parts]:
    """Hold the parts of a piece of work for this process, and remove them once it is done.

    Args:
        folder: of this work alone.
        key: JSON values; all that the parts depend on. Parts of another key are removed first.

    Yields:
        The parts. Whatever ends the block early leaves those that are finished.

    Raises:
        AuxtaskError: another living process does the work.

    >>> import tempfile
    >>> import numpy as np
    >>> folder = Path(tempfile.mkdtemp()) / "parts"
    >>> with finished_parts(folder, {"of": "a"}) as parts:
    ...     parts.get(0, lambda: {"sum": np.arange(3)})["sum"].tolist()
    [0, 1, 2]
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise AuxtaskError(f"'{folder}' is in use by another process; wait for it or stop it") from error
    try:
        if _read(folder / KEY) != key:
            for path in folder.iterdir():
                if path.name != ".lock":
                    path.unlink()
            write_json(folder / KEY, key)
        yield Parts(folder)
    except BaseException:
        if not any(folder.glob("*.npz")):
            shutil.rmtree(folder)
        raise
    else:
        shutil.rmtree(folder)
    finally:
        lock.release()


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
