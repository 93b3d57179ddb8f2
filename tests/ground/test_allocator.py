"""Memory kept between training steps: counted in page faults of a process of its own."""

import subprocess
import sys

import pytest

from auxtask.ground.machine import keep_freed_memory

SCRIPT = """
import resource, sys
import torch
from auxtask.ground.machine import keep_freed_memory

if sys.argv[1] == "keep":
    keep_freed_memory()

def step():
    return sum(float(tensor[0]) for tensor in [torch.ones(10_000_000) for _ in range(4)])

for _ in range(5):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(mode: str) -> int:
    environment = {"PATH": "", "MALLOC_ARENA_MAX": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, mode], capture_output=True, text=True, check=True, env=environment
    )
    return int(done.stdout)


@pytest.mark.ci
@pytest.mark.skipif(not keep_freed_memory(), reason="this C library has no mallopt")
def test_repeated_steps_touch_no_new_pages():
    assert page_faults("keep") < page_faults("default") / 4
