"""The trainer of pre-training: masked language modelling alone, with exact resume."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import Trainer, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ProgressCallback

from auxtask.data.order import LengthGroupedSampler
from auxtask.masking.collator import MaskingCollator
from auxtask.masking.pace import EpochCounter, progress
from auxtask.pretraining.evaluation import evaluate_masked_lm
from auxtask.pretraining.network import MaskedLanguageModeling, head_parameters
from auxtask.training.batches import share_target_counts
from auxtask.training.optimizer import build_optimizer


class TokenSpeed(ProgressCallback):
    """The Trainer's bar with loss and tokens a second behind it, and a line for each evaluation.

    Args:
        tokens_read: tells how many tokens were read since training began in this process.
    """

    def __init__(self, tokens_read: Callable[[], int]) -> None:
        super().__init__()
        self.tokens_read = tokens_read

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock at the step that this process begins with."""
        super().on_train_begin(args, state, control, **kwargs)
        self._started = time.perf_counter()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Show the training loss on the bar, the held-out loss and accuracy on a line above it."""
        if not logs or self.training_bar is None:
            return
        if "loss" in logs:
            speed = self.tokens_read() / (time.perf_counter() - self._started)
            self.training_bar.set_postfix_str(f"loss {float(logs['loss']):.3f}, {speed:,.0f} tokens/s")
        if "eval_loss" in logs:
            self.training_bar.write(
                f"step {state.global_step:6}  held-out loss {logs['eval_loss']:.3f}  "
                f"top-1 accuracy {logs['eval_accuracy']:.1%}"
            )


class PretrainingTrainer(Trainer):
    """`transformers.Trainer` for masked language modelling alone, with exact resume.

    A schedule of the mask rate goes by the steps: one that falls asks for many predictions while they are cheap to
    learn from, and leaves few gaps in the context when the details are learned.

    Args:
        model: the masked language model, wrapped.
        args: training arguments.
        masking: draws the masks.
        train_dataset: rows with `input_ids` and what the masking strategy reads.
        lengths: tokens of each row, (rows,), int: rows of like length share a batch.
        eval_dataset: held-out rows.
        eval_masking: draws their masks, the same at every evaluation.
        head_learning_rate: of the vocabulary head; None for that of the encoder.
        **arguments: further arguments of `transformers.Trainer`.
    """

    def __init__(
        self,
        model: MaskedLanguageModeling,
        args: TrainingArguments,
        masking: MaskingCollator,
        train_dataset: Any,
        lengths: NDArray[np.int64],
        eval_dataset: Any,
        eval_masking: MaskingCollator,
        head_learning_rate: float | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(
            model=model,
            args=args,
            data_collator=lambda rows: {"rows": _Rows(rows)},
            train_dataset=train_dataset,
            eval_dataset=eval_dataset,
            **arguments,
        )
        self.network, self.lengths, self.valid_rows = model, lengths, eval_dataset
        self.masking, self.tokens_read = masking, 0
        self.eval_masking = eval_masking
        self.head_learning_rate = args.learning_rate if head_learning_rate is None else head_learning_rate
        self.add_callback(EpochCounter([masking]))
        if not args.disable_tqdm:
            self.remove_callback(ProgressCallback)
            self.add_callback(TokenSpeed(lambda: self.tokens_read * args.world_size))

    def train(self, resume_from_checkpoint: Any = None, *others: Any, **named: Any) -> Any:
        """Train as `transformers.Trainer` does; a resume does not repeat an evaluation before the first step."""
        self.args.eval_on_start = self.args.eval_on_start and not resume_from_checkpoint
        return super().train(resume_from_checkpoint, *others, **named)

    @property
    def evaluations(self) -> list[dict[str, Any]]:
        """Each evaluation's `step`, `loss` and `accuracy`, also those before a resume."""
        return [
            {"step": entry["step"], "loss": entry["eval_loss"], "accuracy": entry["eval_accuracy"]}
            for entry in self.state.log_history
            if "eval_loss" in entry
        ]

    @property
    def rows_per_step(self) -> int:
        """Rows of an optimizer step, on all processes."""
        return self.args.train_batch_size * self.args.gradient_accumulation_steps * self.args.world_size

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """Build the optimizer: the vocabulary head at its own rate."""
        head = {id(parameter) for parameter in head_parameters(self.network.masked_lm)}
        decay = self.args.weight_decay
        self.optimizer = build_optimizer(
            self,
            self.network,
            lambda each: (self.head_learning_rate if id(each) in head else self.args.learning_rate, decay),
        )
        return self.optimizer

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], Any]:
        """Take the batches of a step and mask them; the loss is a mean over all masked tokens of the step."""
        batches, count = super().get_batch_samples(epoch_iterator, num_batches, device)
        # Masks are drawn here and not in the loader, which reads ahead: so the rate is that of this very step.
        self.masking.progress = progress(self.state.global_step, self.state.max_steps)
        masked = [{"rows": self._prepare_inputs(self.masking(batch["rows"].features))} for batch in batches]
        self.tokens_read += sum(int(batch["rows"]["attention_mask"].sum()) for batch in masked)
        share_target_counts(masked)
        return [batch["rows"] for batch in masked], count

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthGroupedSampler:
        batch_size = self.args.train_batch_size * self.args.world_size
        return LengthGroupedSampler(self.lengths, batch_size, self.args.seed)

    def evaluate(self, *unused: Any, metric_key_prefix: str = "eval", **also_unused: Any) -> dict[str, float]:
        """Measure loss (nats a masked token) and top-1 accuracy on the held-out blocks."""
        metrics = evaluate_masked_lm(
            self.network, self.valid_rows, self.eval_masking, self.args.per_device_eval_batch_size
        )
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in metrics.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


@dataclass(frozen=True)
class _Rows:
    """The rows of a batch as they are: nothing looks into them on their way through the loader."""

    features: Sequence[Mapping[str, Any]]
