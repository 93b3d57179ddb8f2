"""The threads of a process: several that compute on one machine share its cores."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def share_of_cores(folder: str | Path) -> Iterator[int]:
    """Compute with as many threads as there are cores for each process that is at work on this machine.

    Where threads outnumber the cores, they wait for one another, and everything takes many times as long. Every
    process at work holds one of the locks in a folder, which the system lets go of when the process ends, however
    it ends. They are counted when work begins: a sweep counts anew for each of its runs. OMP_NUM_THREADS, which
    Hydra's joblib launcher and torchrun set for their workers, goes before.

    Args:
        folder: of the locks; made where missing.

    Yields:
        The number of threads.
    """
    import torch

    cores = _cores()
    if "OMP_NUM_THREADS" in os.environ or cores == 1:
        yield torch.get_num_threads()
        return
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    host = platform.node()  # a folder may serve several machines
    # A place that this process holds already is its own once more.
    places = [FileLock(folder / f"{host}-{number}.lock", timeout=0, is_singleton=True) for number in range(cores)]
    free = []
    with FileLock(folder / f"{host}.lock"):
        for place in places:
            try:
                place.acquire()
            except Timeout:
                continue
            free.append(place)
        for place in free[1:]:
            place.release()
    before = torch.get_num_threads()
    # With all places taken there is a process for each core, and more.
    processes = cores - len(free) + 1
    torch.set_num_threads(max(1, cores // processes))
    try:
        yield torch.get_num_threads()
    finally:
        torch.set_num_threads(before)
        for place in free[:1]:
            place.release()


@cache
def _cores() -> int:
    """What torch would take for itself alone."""
    import torch

    return torch.get_num_threads()
