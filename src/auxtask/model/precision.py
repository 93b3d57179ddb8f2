"""Which precision is fast on this machine, and which one a setting means here."""

import time
from functools import cache

import torch

from auxtask.errors import AuxtaskError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@cache
def bf16_is_fast() -> bool:
    """Tell whether this machine multiplies bfloat16 matrices faster than float32 ones.

    A CPU is tried, for some milliseconds: the bfloat16 instructions of some take twice the time of float32's.

    Returns:
        True on GPUs with bfloat16 units, and on CPUs where a product of matrices took less time in bfloat16.
    """
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


def choose_dtype(name: str) -> torch.dtype:
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
    if name == "auto":
        name = "bfloat16" if bf16_is_fast() else "float32"
    if name not in DTYPES:
        raise AuxtaskError(f"dtype={name!r} is unknown; use auto, {' or '.join(DTYPES)}")
    return DTYPES[name]
