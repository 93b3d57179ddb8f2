"""The trainer of pre-training: masked language modelling over packed blocks, with exact resume."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import Trainer, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ProgressCallback

from auxtask.data.order import LengthGroupedSampler
from auxtask.masking.collator import MaskingCollator
from auxtask.masking.pace import EpochCounter
from auxtask.pretraining.evaluation import evaluate_masked_lm
from auxtask.pretraining.network import MaskedLanguageModeling, head_parameters
from auxtask.training.batches import share_target_counts


class TokenSpeed(ProgressCallback):
    """The Trainer's bar with loss and tokens a second behind it, and a line for each evaluation.

    Args:
        tokens_per_batch: tokens that one process reads in a forward pass.
    """

    def __init__(self, tokens_per_batch: int) -> None:
        super().__init__()
        self.tokens_per_batch = tokens_per_batch

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock at the step that this process begins with."""
        super().on_train_begin(args, state, control, **kwargs)
        self._first_step, self._started = state.global_step, time.perf_counter()

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
            batches = (state.global_step - self._first_step) * args.gradient_accumulation_steps * args.world_size
            speed = batches * self.tokens_per_batch / (time.perf_counter() - self._started)
            self.training_bar.set_postfix_str(f"loss {float(logs['loss']):.3f}, {speed:,.0f} tokens/s")
        if "eval_loss" in logs:
            self.training_bar.write(
                f"step {state.global_step:6}  held-out loss {logs['eval_loss']:.3f}  "
                f"top-1 accuracy {logs['eval_accuracy']:.1%}"
            )


class PretrainingTrainer(Trainer):
    """`transformers.Trainer` for masked language modelling over packed blocks, with exact resume.

    The mask rate goes linearly from that of `masking` to `final_mask_rate` over the training: many predictions a
    step while they are cheap to learn from, few gaps in the context when the details are learned.

    Args:
        model: the masked language model, wrapped.
        args: training arguments.
        masking: draws the masks.
        final_mask_rate: the mask rate of the last step, in (0, 1).
        head_learning_rate: of the vocabulary head; None for that of the encoder.
        train_dataset: blocks with `input_ids`, all of one length.
        eval_dataset: held-out blocks.
        eval_masking: draws the masks of the held-out blocks, the same at every evaluation.
        **arguments: further arguments of `transformers.Trainer`.
    """

    def __init__(
        self,
        model: MaskedLanguageModeling,
        args: TrainingArguments,
        masking: MaskingCollator,
        final_mask_rate: float,
        head_learning_rate: float | None,
        train_dataset: Sequence[Mapping[str, Any]],
        eval_dataset: Sequence[Mapping[str, Any]],
        eval_masking: MaskingCollator,
        **arguments: Any,
    ) -> None:
        super().__init__(
            model=model,
            args=args,
            data_collator=_token_rows,
            train_dataset=train_dataset,
            eval_dataset=eval_dataset,
            **arguments,
        )
        self.network, self.train_blocks, self.valid_blocks = model, train_dataset, eval_dataset
        self.masking = masking
        self.mask_rates = (masking.mask_rate, final_mask_rate)
        self.eval_masking = eval_masking
        self.head_learning_rate = args.learning_rate if head_learning_rate is None else head_learning_rate
        self.add_callback(EpochCounter([masking]))
        if not args.disable_tqdm:
            self.remove_callback(ProgressCallback)
            self.add_callback(TokenSpeed(args.train_batch_size * len(train_dataset[0]["input_ids"])))

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """Build the optimizer: the vocabulary head at its own rate, weight decay on all but biases and norms."""
        decayed = set(self.get_decay_parameter_names(self.network))
        head = {id(parameter) for parameter in head_parameters(self.network.masked_lm)}
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, parameter in self.network.named_parameters():
            if parameter.requires_grad:
                rate = self.head_learning_rate if id(parameter) in head else self.args.learning_rate
                decay = self.args.weight_decay if name in decayed else 0.0
                groups.setdefault((rate, decay), []).append(parameter)
        optimizer_class, settings = self.get_optimizer_cls_and_kwargs(self.args)
        self.optimizer = optimizer_class(
            [
                {"params": parameters, "lr": rate, "weight_decay": decay}
                for (rate, decay), parameters in groups.items()
            ],
            **settings,
        )
        return self.optimizer

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], Any]:
        """Take the batches of a step and mask them; the loss is a mean over all masked tokens of the step."""
        batches, count = super().get_batch_samples(epoch_iterator, num_batches, device)
        # Masks are drawn here and not in the loader, which reads ahead: so the rate is that of this very step.
        first, final = self.mask_rates
        self.masking.mask_rate = first + (final - first) * self.state.global_step / self.state.max_steps
        features = [[{"input_ids": row} for row in batch["input_ids"].tolist()] for batch in batches]
        masked = [{"rows": self._prepare_inputs(self.masking(batch))} for batch in features]
        share_target_counts(masked)
        return [batch["rows"] for batch in masked], count

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthGroupedSampler:
        # Blocks have one length: what is left of the grouping is the seeded shuffle of each epoch.
        lengths = np.zeros(len(self.train_blocks), dtype=np.int64)
        return LengthGroupedSampler(lengths, self.args.train_batch_size, self.args.seed)

    def evaluate(self, *unused: Any, metric_key_prefix: str = "eval", **also_unused: Any) -> dict[str, float]:
        """Measure loss (nats a masked token) and top-1 accuracy on the held-out blocks."""
        metrics = evaluate_masked_lm(
            self.network, self.valid_blocks, self.eval_masking, self.args.per_device_eval_batch_size
        )
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in metrics.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


def _token_rows(blocks: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
    return {"input_ids": torch.tensor([block["input_ids"] for block in blocks])}
