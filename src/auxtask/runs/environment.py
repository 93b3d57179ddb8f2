"""What a run ran on: versions, commit, device, threads."""

import platform
import resource
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from auxtask.ground.machine import process_count, processor

PACKAGES = ("auxtask", "torch", "transformers", "tokenizers", "datasets", "accelerate", "numpy", "scikit-learn")


def environment() -> dict[str, Any]:
    """Describe the machine and the software.

    Returns:
        Plain values: `versions` by package, `python`, `platform`, `commit` of the auxtask checkout (None for an
        installed package), `device`, `processor`, `threads`, `processes`.

    >>> environment()["versions"]["auxtask"]
    '0.1.0'
    """
    on_gpu = torch.cuda.is_available()
    return {
        "versions": {package: version(package) for package in PACKAGES},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "commit": _commit(),
        "device": torch.cuda.get_device_name() if on_gpu else "cpu",
        "processor": processor(),
        "threads": torch.get_num_threads(),
        "processes": process_count(),
    }


def peak_memory_bytes() -> int:
    """Give the most memory taken so far: of the GPU where there is one, else resident memory of the process."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _commit() -> str | None:
    answer = subprocess.run(
        ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() if answer.returncode == 0 else None
