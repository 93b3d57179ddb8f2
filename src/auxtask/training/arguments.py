"""`transformers.TrainingArguments` from a config, with what depends on the hardware filled in."""

import dataclasses
from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments

from auxtask.errors import AuxtaskError, did_you_mean
from auxtask.model.precision import bf16_is_fast


class WarmedUpArguments(TrainingArguments):
    """`transformers.TrainingArguments` with a warm-up that leaves a short run something to learn with.

    The first step of a warm-up has rate 0. Where it is the only step of the warm-up, or of the whole run, nothing
    is warmed up and a step is lost: there the rate begins at its full height.
    """

    def get_warmup_steps(self, num_training_steps: int) -> int:
        """Give the number of warm-up steps of a run of so many steps."""
        steps = super().get_warmup_steps(num_training_steps)
        return 0 if min(steps, num_training_steps) <= 1 else steps


def training_arguments(output_dir: str | Path, **fields: Any) -> TrainingArguments:
    """Build training arguments; without an accelerator they say so, and `bf16: auto` becomes true or false.

    Args:
        output_dir: where checkpoints go.
        **fields: fields of `transformers.TrainingArguments` under their own names.

    Returns:
        The arguments for this machine.

    Raises:
        AuxtaskError: a field has a name or a value that `TrainingArguments` refuses.

    >>> training_arguments("runs/example", learning_rate=1e-4, bf16=False, report_to="none").learning_rate
    0.0001
    """
    if fields.get("bf16") == "auto":
        fields["bf16"] = bf16_is_fast()
    # transformers hides the bar where its own messages are turned off; ours stays.
    fields.setdefault("disable_tqdm", False)
    if not torch.accelerator.is_available():
        fields["use_cpu"] = True
    try:
        return WarmedUpArguments(output_dir=str(output_dir), **fields)
    except (TypeError, ValueError) as error:
        reason = str(error).replace("TrainingArguments.__init__() got an ", "")
        known = [field.name for field in dataclasses.fields(TrainingArguments)]
        near = "".join(did_you_mean(name, known) for name in fields if name not in known)
        raise AuxtaskError(f"trainer: {reason}{near}; trainer takes the fields of TrainingArguments") from error
