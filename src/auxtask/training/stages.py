"""One stage of a run: train, with checkpoints, until the best validation score stands."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors.torch

from auxtask.errors import AuxtaskError
from auxtask.ground.files import write_json
from auxtask.runs.history import history_rows
from auxtask.training.checkpoints import WEIGHTS, damage, last_checkpoint, train_with_checkpoints
from auxtask.training.trainer import MultiTaskTrainer


@dataclass(frozen=True)
class Stage:
    """What a finished stage leaves behind, beside the best weights in its model.

    Args:
        rows: its evaluations, see `history_rows`.
        steps: optimizer steps.
        tokens, session_seconds: read, and the time it took, in the process that finished the stage.
        seconds: of training in all.
        checkpoint: folder of the best checkpoint.
    """

    rows: Sequence[Mapping[str, Any]]
    steps: int
    tokens: int
    session_seconds: float
    seconds: float
    checkpoint: str

    def best(self, metric: str) -> Mapping[str, Any]:
        """Give the first evaluation with the best score."""
        return max(self.rows, key=lambda row: row["valid"][metric])


def train_stage(trainer: MultiTaskTrainer) -> Stage:
    """Train, or go on from the last whole checkpoint; a stage that was finished before is only taken up.

    Args:
        trainer: its model holds the best weights afterwards; its output folder keeps the checkpoints and, once the
            stage is finished, `stage.json`.

    Returns:
        What came of it.

    Raises:
        AuxtaskError: there was no evaluation.
    """
    folder = Path(str(trainer.args.output_dir))
    finished = folder / "stage.json"
    if stage := _finished_stage(finished):
        weights = safetensors.torch.load_file(Path(stage.checkpoint) / WEIGHTS)
        model: Any = trainer.model
        model.load_state_dict(weights)
        return stage
    train_with_checkpoints(trainer, last_checkpoint(folder))
    rows = history_rows(trainer.state.log_history)
    if not rows:
        raise AuxtaskError(
            f"no evaluation in {trainer.state.global_step} steps; "
            f"lower trainer.eval_steps={trainer.args.eval_steps} or use trainer.eval_strategy=epoch"
        )
    stage = Stage(
        rows=rows,
        steps=trainer.state.global_step,
        tokens=int(trainer.trained_tokens),
        session_seconds=trainer.clock.session,
        seconds=trainer.clock.seconds,
        checkpoint=str(trainer.state.best_model_checkpoint),
    )
    if trainer.is_world_process_zero():
        write_json(finished, asdict(stage))
    return stage


def _finished_stage(path: Path) -> Stage | None:
    """Read what a finished stage has left; None if it is not finished, or damaged and so to be finished again."""
    try:
        stage = Stage(**json.loads(path.read_text(encoding="utf-8")))
        reason = damage(Path(stage.checkpoint))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        reason = str(error)
    if reason is None:
        return stage
    print(f"'{path}' is damaged, or its checkpoint is ({reason}); the stage is finished again", file=sys.stderr)
    return None
