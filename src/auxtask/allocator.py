"""Memory that stays with the process between training steps."""

import ctypes

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
