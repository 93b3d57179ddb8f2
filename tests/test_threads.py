"""Processes that compute on one machine share its cores."""

import os
import subprocess
import sys

import pytest

WORKER = """
import sys
import torch
from auxtask.ground.machine import share_of_cores

torch.set_num_threads(8)
with share_of_cores(sys.argv[1]) as threads:
    print(threads, torch.get_num_threads(), flush=True)
    sys.stdin.readline()
    with share_of_cores(sys.argv[1]) as threads:
        print(threads, torch.get_num_threads(), flush=True)
    sys.stdin.readline()
print(torch.get_num_threads(), flush=True)
"""
FREE = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}


def say(worker):
    worker.stdin.write("\n")
    worker.stdin.flush()
    return worker.stdout.readline().strip()


@pytest.fixture
def start(tmp_path):
    workers = []

    def begin(environment=FREE):
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path / "workers")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        workers.append(worker)
        return worker, worker.stdout.readline().strip()

    yield begin
    for worker in workers:
        worker.kill()
        worker.wait()


def test_each_process_gets_its_share_and_a_dead_one_none(start):
    first, told = start()
    assert told == "8 8"
    second, told = start()
    assert told == "4 4"
    third, told = start()
    assert told == "2 2"
    # Counted anew, as for the next run of a sweep, and held twice by one process.
    assert say(first) == "2 2"
    third.kill()
    third.wait()
    assert say(second) == "4 4"
    # Afterwards a process has the threads that it had before.
    assert say(first) == "8"
    assert start()[1] == "4 4"


def test_there_is_a_thread_for_everyone_where_processes_outnumber_the_cores(start):
    assert [start()[1] for _ in range(9)] == ["8 8", "4 4", "2 2", "2 2", *["1 1"] * 5]


def test_a_number_of_threads_that_was_set_stands(start, tmp_path):
    assert start()[1] == "8 8"
    assert start({**FREE, "OMP_NUM_THREADS": "3"})[1] == "8 8"
    assert len(list((tmp_path / "workers").glob("*-*.lock"))) == 8


def test_waiting_threads_spin_for_a_short_time_unless_the_user_says_otherwise():
    line = [sys.executable, "-c", "import os, auxtask; print(os.environ['GOMP_SPINCOUNT'])"]
    free = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    for environment, turns in ((free, "1000"), ({**free, "GOMP_SPINCOUNT": "7"}, "7")):
        done = subprocess.run(line, capture_output=True, text=True, check=True, env=environment)
        assert done.stdout.strip() == turns
