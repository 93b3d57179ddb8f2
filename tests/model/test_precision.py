"""bfloat16 is chosen where it was seen to be faster, and nowhere else."""

import pytest
import torch

from auxtask.model import precision


@pytest.fixture(autouse=True)
def _forgotten_trial():
    precision.bf16_is_fast.cache_clear()
    yield
    precision.bf16_is_fast.cache_clear()


@pytest.fixture
def cpu_with_bf16(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)


@pytest.mark.parametrize(("float32_seconds", "bfloat16_seconds"), [(2.0, 1.0), (1.0, 2.0)])
def test_a_cpu_with_the_instructions_is_tried(cpu_with_bf16, monkeypatch, float32_seconds, bfloat16_seconds):
    # The clock as the trial reads it: before and after each product, float32 and bfloat16 in turn.
    readings = iter([0.0, float32_seconds, 0.0, bfloat16_seconds] * 5)
    monkeypatch.setattr(precision.time, "perf_counter", lambda: next(readings))
    assert precision.bf16_is_fast() == (bfloat16_seconds < float32_seconds)
    assert precision.choose_dtype("auto") == (torch.bfloat16 if bfloat16_seconds == 1.0 else torch.float32)


def test_a_cpu_without_the_instructions_is_not_tried(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    monkeypatch.setattr(precision.time, "perf_counter", lambda: pytest.fail("a trial was made"))
    assert not precision.bf16_is_fast()
