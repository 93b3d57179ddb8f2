"""Two real processes agree on which of them is the main one, on how many they are and on a mean over both."""

import subprocess
import sys

import pytest

CODE = """
import torch, torch.distributed as dist
from auxtask.ground.machine import is_main_process, mean_over_processes, process_count
dist.init_process_group("gloo")
rank = dist.get_rank()
assert is_main_process() == (rank == 0)
assert process_count() == dist.get_world_size() == 2
assert mean_over_processes(torch.tensor([float(rank), 2.0])).tolist() == [0.5, 2.0]
if is_main_process():
    print("I am the main one", flush=True)
dist.destroy_process_group()
"""


@pytest.mark.ci
def test_two_processes_agree_on_the_main_one(tmp_path):
    script = tmp_path / "agree.py"
    script.write_text(CODE)
    line = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run([*line, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("I am the main one") == 1
