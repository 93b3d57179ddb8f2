"""The machine and the processes on it: which one this is, means over all, processors, memory."""

import ctypes
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from auxtask.errors import AuxtaskError, first_line

if TYPE_CHECKING:
    import torch
    from torch import Tensor

# Parameters of mallopt in glibc's malloc.h.
M_TRIM_THRESHOLD = -1

M_MMAP_MAX = -4


def keep_freed_memory() -> bool:
    """Tell the C library to keep freed memory for the next step instead of handing it back to the kernel.

    PyTorch's CPU tensors come from `malloc`. By default glibc maps each large tensor afresh and returns it when
    it dies, so that every step touches gigabytes of new pages; a page fault for each costs 10 to 30 % of a
    training step. The process then holds its peak until it ends.

    Returns:
        Whether the C library has such a setting; False changes nothing (musl, macOS, Windows).

    >>> keep_freed_memory() in {True, False}
    True
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(M_TRIM_THRESHOLD, -1) and mallopt(M_MMAP_MAX, 0))


def is_main_process() -> bool:
    """Tell whether this process is the one that writes and prints.

    >>> is_main_process()
    True
    """
    return int(os.environ.get("RANK", "0")) == 0


def process_count() -> int:
    """Count the processes that train together; `accelerate launch` and `torchrun` say so in the environment.

    >>> process_count()
    1
    """
    return int(os.environ.get("WORLD_SIZE", "1"))


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


def mean_over_processes(value: "Tensor") -> "Tensor":
    """Average a tensor over the processes of a training run; alone, it is what it was.

    Args:
        value: without a graph, the same shape on all processes.

    Returns:
        The mean, same shape.

    >>> import torch
    >>> mean_over_processes(torch.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """
    import torch.distributed as dist

    if not (dist.is_available() and dist.is_initialized()):
        return value
    total = value.clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()


def usable_cores() -> int:
    """Count the cores that this process may run on.

    >>> usable_cores() >= 1
    True
    """
    # macOS and Windows bind no process to some of their cores.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """Name the processor, as the system does."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def current_device() -> "torch.device":
    """Give the accelerator where there is one, else the CPU."""
    import torch

    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return accelerator or torch.device("cpu")


def usable_device(device: Any) -> Any:
    """Refuse a device that torch cannot compute on here.

    Args:
        device: as torch takes it.

    Returns:
        The same.

    Raises:
        AuxtaskError: there is no such device, or it cannot be used.

    >>> usable_device("cpu")
    'cpu'
    """
    import torch

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        reason = first_line(error)
        raise AuxtaskError(
            f"device={device!r:.60} cannot be used here ({reason}); use for example device='cpu'"
        ) from error
    return device
