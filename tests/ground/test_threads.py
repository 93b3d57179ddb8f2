"""Processes that compute on one machine share its cores."""

import os
import subprocess
import sys

import pytest
import torch

from auxtask.ground.machine import share_of_cores
from processes import context


def work(folder, environment, tell, go_on):
    """Say how many threads there are: at work, at the next work within, and afterwards."""
    del os.environ["OMP_NUM_THREADS"]
    os.environ |= environment
    torch.set_num_threads(8)
    with share_of_cores(folder) as threads:
        tell.send((threads, torch.get_num_threads()))
        go_on.recv()
        with share_of_cores(folder) as threads:
            tell.send((threads, torch.get_num_threads()))
        go_on.recv()
    tell.send(torch.get_num_threads())


class Worker:
    def __init__(self, folder, environment):
        self.told, tell = context.Pipe(duplex=False)
        listen, self.go_on = context.Pipe(duplex=False)
        self.process = context.Process(target=work, args=(folder, environment, tell, listen))
        self.process.start()
        self.first = self.told.recv()

    def next(self):
        self.go_on.send(None)
        return self.told.recv()

    def kill(self):
        self.process.kill()
        self.process.join()


@pytest.fixture
def start(tmp_path):
    workers = []

    def begin(**environment):
        workers.append(Worker(str(tmp_path / "workers"), environment))
        return workers[-1]

    yield begin
    for worker in workers:
        worker.kill()


def test_each_process_gets_its_share_and_a_dead_one_none(start):
    first, second, third = start(), start(), start()
    assert [worker.first for worker in (first, second, third)] == [(8, 8), (4, 4), (2, 2)]
    # Counted anew, as for the next run of a sweep, and held twice by one process.
    assert first.next() == (2, 2)
    third.kill()
    assert second.next() == (4, 4)
    # Afterwards a process has the threads that it had before.
    assert first.next() == 8
    assert start().first == (4, 4)


def test_there_is_a_thread_for_everyone_where_processes_outnumber_the_cores(start):
    assert [start().first for _ in range(9)] == [(8, 8), (4, 4), (2, 2), (2, 2), *[(1, 1)] * 5]


def test_a_number_of_threads_that_was_set_stands(start, tmp_path):
    assert start().first == (8, 8)
    assert start(OMP_NUM_THREADS="3").first == (8, 8)
    assert len(list((tmp_path / "workers").glob("*-*.lock"))) == 8


def test_waiting_threads_spin_for_a_short_time_unless_the_user_says_otherwise():
    line = [sys.executable, "-c", "import os, auxtask; print(os.environ['GOMP_SPINCOUNT'])"]
    free = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    for environment, turns in ((free, "1000"), ({**free, "GOMP_SPINCOUNT": "7"}, "7")):
        done = subprocess.run(line, capture_output=True, text=True, check=True, env=environment)
        assert done.stdout.strip() == turns
