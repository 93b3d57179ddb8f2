"""Which precision is fast on this machine, and which one a setting means here."""

import json
import os
import time
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from auxtask.errors import AuxtaskError
from auxtask.ground.files import write_json
from auxtask.ground.machine import processor

if TYPE_CHECKING:
    import torch

DTYPES = ("float32", "bfloat16")


@cache
def bf16_is_fast() -> bool:
    """Tell whether this machine multiplies bfloat16 matrices faster than float32 ones.

    A CPU is tried, for some milliseconds: the bfloat16 instructions of some take twice the time of float32's.

    Returns:
        True on GPUs with bfloat16 units, and on CPUs where a product of matrices took less time in bfloat16.
    """
    import torch

    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if not (torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()):
        return False
    # The shortest of a few takes, in turns, so that other work on the machine tips no balance.
    seconds = {dtype: float("inf") for dtype in (torch.float32, torch.bfloat16)}
    for _ in range(5):
        for dtype, shortest in seconds.items():
            matrix = torch.ones(512, 512, dtype=dtype)
            started = time.perf_counter()
            matrix @ matrix
            seconds[dtype] = min(shortest, time.perf_counter() - started)
    return seconds[torch.bfloat16] < seconds[torch.float32]


def remembered_bf16_is_fast(folder: str | Path) -> bool:
    """Tell what `bf16_is_fast` told on this machine before: a run that goes on must not try and find otherwise.

    Args:
        folder: keeps the answer in `precision.json`, for each processor, choice of GPUs and version of torch.

    Returns:
        The answer; torch is loaded only for the first.
    """
    gpus = sorted(path.name for path in Path("/dev").glob("nvidia[0-9]*"))
    machine = "; ".join(
        [processor(), *gpus, os.environ.get("CUDA_VISIBLE_DEVICES", "all"), f"torch {version('torch')}"]
    )
    path = Path(folder) / "precision.json"
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(known.get(machine), bool):
            return known[machine]
    except (FileNotFoundError, ValueError, AttributeError):
        known = {}
    write_json(path, {**known, machine: bf16_is_fast()})
    return bf16_is_fast()


def choose_dtype(name: str) -> "torch.dtype":
    """Turn a setting into a dtype.

    Args:
        name: `float32`, `bfloat16`, or `auto` for bfloat16 where the machine is faster with it.

    Returns:
        The dtype.

    Raises:
        AuxtaskError: the name is another.

    >>> choose_dtype("float32")
    torch.float32
    """
    import torch

    if name == "auto":
        name = "bfloat16" if bf16_is_fast() else "float32"
    if name not in DTYPES:
        raise AuxtaskError(f"dtype={name!r} is unknown; use auto, {' or '.join(DTYPES)}")
    dtype: torch.dtype = getattr(torch, name)
    return dtype
