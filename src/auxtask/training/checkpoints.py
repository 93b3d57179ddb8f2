"""The Trainer's checkpoints: which are whole, the last from which training can go on, and one at a SIGTERM."""

import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from auxtask.ground.machine import is_main_process
from auxtask.ground.termination import TerminatedError, held_back

# What the Trainer writes last, and what it cannot go on without.
STATE, WEIGHTS = "trainer_state.json", "model.safetensors"


def last_checkpoint(folder: Path) -> str | None:
    """Find the last checkpoint from which training can go on; what a kill or a full disk has cut is removed.

    Training ends with the weights of its best checkpoint, so that one has to be whole too.

    Args:
        folder: holds the Trainer's `checkpoint-STEP` folders; it may be missing.

    Returns:
        Its path, or None if there is none. What was damaged is said on standard error.
    """
    lost = []
    found = None
    for checkpoint in sorted(folder.glob("checkpoint-*"), key=_step, reverse=True):
        reason = damage(checkpoint)
        if reason is None and (best := _best(checkpoint)) is not None and (of_best := damage(best)) is not None:
            reason = f"its best checkpoint '{best.name}' is damaged ({of_best})"
        if reason is None:
            found = checkpoint
            break
        lost.append((checkpoint, reason))
    if is_main_process():
        goes_on = "training starts anew" if found is None else f"training goes on from step {_step(found)}"
        for checkpoint, reason in lost:
            shutil.rmtree(checkpoint, ignore_errors=True)
            print(f"checkpoint '{checkpoint}' was removed: {reason}; {goes_on}", file=sys.stderr)
    return None if found is None else str(found)


def damage(checkpoint: Path) -> str | None:
    """Say what is wrong with a checkpoint.

    Weights are checked by their header, which tells the length of the file; what `torch.save` writes is a zip
    archive with a checksum for each of its parts.

    Args:
        checkpoint: its folder.

    Returns:
        One reason, or None for a whole one.

    >>> damage(Path("no/checkpoint-9"))
    "it has no 'model.safetensors'"
    """
    for name in (WEIGHTS, STATE):
        if not (checkpoint / name).is_file():
            return f"it has no '{name}'"
    for file in sorted(checkpoint.iterdir()):
        try:
            if file.suffix == ".safetensors":
                with safe_open(file, framework="numpy"):
                    pass
            elif file.suffix in {".pt", ".pth", ".bin"}:
                with zipfile.ZipFile(file) as archive:
                    if archive.testzip() is not None:
                        return f"'{file.name}' is damaged"
            elif file.name == STATE and not isinstance(json.loads(file.read_text(encoding="utf-8")), dict):
                return f"'{file.name}' is foreign"
        except (SafetensorError, zipfile.BadZipFile, EOFError, ValueError) as error:
            return f"'{file.name}' is cut or foreign ({error})"
    return None


def train_with_checkpoints(trainer: Trainer, checkpoint: str | None) -> None:
    """Train; a SIGTERM ends training after the step under way, with a checkpoint of it.

    Several processes of one training would not agree on that step: there a SIGTERM ends each at once, and training
    goes on from the last checkpoint before.

    Args:
        trainer: of the model.
        checkpoint: to go on from, as `last_checkpoint` gives it.

    Raises:
        TerminatedError: there was a SIGTERM.
    """
    if trainer.args.world_size > 1:
        trainer.train(resume_from_checkpoint=checkpoint)
        return
    with held_back() as told_to_end:
        trainer.add_callback(_LastCheckpoint(told_to_end))
        trainer.train(resume_from_checkpoint=checkpoint)


class _LastCheckpoint(TrainerCallback):
    """Saves a checkpoint once the process is told to end, and ends the training when it is whole."""

    def __init__(self, told_to_end: Callable[[], bool]) -> None:
        self.told_to_end = told_to_end

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        # The last step of an epoch may be evaluated and saved after it: going on from here would leave that out.
        if self.told_to_end() and state.epoch != int(state.epoch or 0):
            control.should_save = True

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if self.told_to_end():
            raise TerminatedError


def _best(checkpoint: Path) -> Path | None:
    """The checkpoint whose weights training would end with if it went on from here and nothing got better."""
    best = json.loads((checkpoint / STATE).read_text(encoding="utf-8")).get("best_model_checkpoint")
    return None if best is None or Path(best).name == checkpoint.name else Path(best)


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix("checkpoint-"))
