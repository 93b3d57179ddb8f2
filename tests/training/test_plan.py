"""The warm-up of short runs: no run trains at rate 0 alone, and longer ones are warmed up as ever."""

import pytest
import torch
from transformers import TrainingArguments, get_scheduler

from auxtask.training.plan import training_arguments


def rates(arguments, steps):
    """The learning rate of each step."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = get_scheduler(
        arguments.lr_scheduler_type,
        optimizer,
        num_warmup_steps=arguments.get_warmup_steps(steps),
        num_training_steps=steps,
    )
    found = []
    for _ in range(steps):
        found.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return found


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant_with_warmup", "polynomial"])
@pytest.mark.parametrize("warmup", [0, 0.06, 0.5, 1, 5])
@pytest.mark.parametrize("steps", [1, 2, 3, 16, 17, 100])
def test_a_warm_up_is_that_of_transformers_unless_it_would_only_lose_a_step(tmp_path, schedule, warmup, steps):
    settings = {"warmup_steps": warmup, "lr_scheduler_type": schedule, "report_to": "none"}
    plain = TrainingArguments(output_dir=str(tmp_path), use_cpu=True, **settings)
    ours = rates(training_arguments(tmp_path, bf16=False, **settings), steps)
    assert max(ours) > 0
    if plain.get_warmup_steps(steps) > 1 and steps > 1:
        assert ours == rates(plain, steps)
    else:
        assert ours[0] == 1
