"""Which precision is fast on this machine, and which one a setting means here."""

import torch

from auxtask.errors import AuxtaskError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def bf16_is_fast() -> bool:
    """Tell whether this machine multiplies bfloat16 matrices faster than float32 ones.

    Returns:
        True on GPUs with bfloat16 units, and on CPUs with AVX512-BF16 or AMX instructions.
    """
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


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
