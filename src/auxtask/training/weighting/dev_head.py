"""What META-TARTAN asks of an encoder in training: where documents that are not trained on want it to go."""

import copy

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from auxtask.ground.machine import mean_over_processes
from auxtask.model.heads import evaluating, run_encoder, run_head
from auxtask.training.gradients import task_gradients
from auxtask.training.weighting.base import Batch


class DevHead:
    """A classification head of the main task's shape, trained from scratch on validation documents.

    On several processes each has its own part of every batch; what they find is averaged.

    Args:
        classifier: the main-task model; its encoder is read, its head is copied for its shape.
        learning_rate, weight_decay: of AdamW.
        max_steps: steps of a fit, at least 1.
        tolerance: a fit ends where the loss changes by less, in nats.
    """

    def __init__(
        self,
        classifier: PreTrainedModel,
        learning_rate: float = 1e-3,
        weight_decay: float = 0.1,
        max_steps: int = 10,
        tolerance: float = 1e-3,
    ) -> None:
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.max_steps = max_steps
        self.tolerance = tolerance
        self.encoder = classifier.base_model
        # The memo makes the copy share the encoder: only the head is new.
        self.model: PreTrainedModel = copy.deepcopy(classifier, {id(self.encoder): self.encoder})
        shared = {id(part) for part in (*self.encoder.modules(), *self.encoder.parameters())}
        self.parameters = [value for value in self.model.parameters() if id(value) not in shared]
        self._moments = [(value.mean().item(), value.std(correction=0).item()) for value in self.parameters]
        for module in self.model.modules():
            if id(module) not in shared:
                module.training = False

    @property
    def values(self) -> Tensor:
        """All numbers of the head, end to end."""
        return torch.cat([value.detach().flatten() for value in self.parameters])

    @values.setter
    def values(self, values: Tensor) -> None:
        with torch.no_grad():
            for value, part in zip(
                self.parameters, values.split([one.numel() for one in self.parameters]), strict=True
            ):
                value.copy_(part.view_as(value))

    def draw(self, generator: np.random.Generator) -> None:
        """Draw the head anew, with the mean and the deviation that its tensors had at first."""
        with torch.no_grad():
            for value, (mean, deviation) in zip(self.parameters, self._moments, strict=True):
                drawn = generator.normal(mean, deviation, size=tuple(value.shape))
                value.copy_(torch.from_numpy(np.asarray(drawn)))

    def fit(self, batch: Batch) -> None:
        """Train the head on one batch, the encoder frozen: one forward pass serves all steps.

        Args:
            batch: `input_ids`, `attention_mask` and `labels` of documents that are not trained on.
        """
        # The network may have moved to its device since the head was copied.
        self.model.to(self.encoder.device)  # type: ignore[arg-type]
        with evaluating(self.encoder):
            with torch.no_grad():
                rows = {name: batch[name] for name in ("input_ids", "attention_mask")}
                features = run_encoder(self.model, **rows)
            optimizer = torch.optim.AdamW(
                self.parameters, lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
            )
            last = float("inf")
            for _ in range(self.max_steps):
                loss = run_head(self.model, features, **rows, labels=batch["labels"]).loss
                gradients = task_gradients({"dev": loss}, self.parameters)["dev"]
                for value, gradient in zip(self.parameters, gradients, strict=True):
                    value.grad = gradient
                optimizer.step()
                if abs(last - (last := mean_over_processes(loss.detach()).item())) < self.tolerance:
                    break
        for value in self.parameters:
            value.grad = None


def encoder_gradient(model: PreTrainedModel, batch: Batch, loss_scale: float = 1.0) -> list[Tensor | None]:
    """Differentiate the loss of a classifier on a batch by its encoder, without dropout.

    Args:
        model: a stock classifier.
        batch: `input_ids`, `attention_mask` and `labels` of documents that are not trained on.
        loss_scale: what the loss is multiplied with.

    Returns:
        For each trainable parameter of the encoder, in its order, the gradient; None where it plays no part.
    """
    encoder = model.base_model
    # A dev head is always in eval mode, whatever the encoder is in: each gets its own back.
    with evaluating(encoder), evaluating(model):
        loss = model(**batch).loss * loss_scale
        trainable = [value for value in encoder.parameters() if value.requires_grad]
        return task_gradients({"dev": loss}, trainable)["dev"]
