"""The dev head of META-TARTAN: it asks, of an encoder in training, where validation documents want it to go."""

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

    def fit(self, batch: Batch, generator: np.random.Generator) -> None:
        """Draw the head anew and train it on one batch, the encoder frozen: one forward pass serves all steps.

        Args:
            batch: `input_ids`, `attention_mask` and `labels` of validation documents.
            generator: draws the head, with the mean and the deviation that its tensors had at first.
        """
        with torch.no_grad():
            for value, (mean, deviation) in zip(self.parameters, self._moments, strict=True):
                drawn = generator.normal(mean, deviation, size=tuple(value.shape))
                value.copy_(torch.from_numpy(np.asarray(drawn)))
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

    def encoder_gradient(self, batch: Batch, loss_scale: float = 1.0) -> list[Tensor | None]:
        """Differentiate the loss of the head on a batch by the encoder, without dropout.

        Args:
            batch: `input_ids`, `attention_mask` and `labels` of validation documents.
            loss_scale: what the loss is multiplied with.

        Returns:
            For each trainable parameter of the encoder, in its order, the gradient; None where it plays no part.
        """
        with evaluating(self.encoder):
            loss = self.model(**batch).loss * loss_scale
            trainable = [value for value in self.encoder.parameters() if value.requires_grad]
            return task_gradients({"dev": loss}, trainable)["dev"]
