"""META-TARTAN: weights that follow the validation gradient."""

import math

import numpy as np
import torch
from torch import Tensor

from auxtask.errors import AuxtaskError
from auxtask.training.weighting.base import Batch, GradientWeighting, TrainingFacts
from auxtask.training.weighting.dev_head import DevHead, encoder_gradient

DEV_HEADS = ("fresh", "warm", "main")


class MetaWeighting(GradientWeighting):
    """META-TARTAN (Dery et al. 2022): a task gains weight where its gradient agrees with the validation one.

    The weights are softmax(w), w_i = 1 / (number of tasks) at first. For every batch the cosine between the
    gradient of each task and that of the validation loss, on the shared encoder, is gathered; after a step of the
    optimizer w_i goes up by the learning rate times its mean. The validation loss is that of a dev head, drawn
    anew for each step and trained on a batch of its own, as published. A head that is hardly trained hardly tells
    the tasks apart; one that is trained on from step to step, or the main task's own, does, and the latter costs
    nothing.

    Args:
        learning_rate: of w, above 0.
        batch_share: how many validation documents give the gradient, for each document of a training batch; above
            0, and 1 in the reference. Fewer are faster.
        dev_batch_share: how many train the dev head, likewise; 32 beside 64 in the reference.
        dev_learning_rate, dev_weight_decay, dev_steps: of the dev head, see `DevHead`.
        seed: of the validation batches and the dev heads.
        dev_head: `fresh` is drawn anew in every step, `warm` goes on from the step before, and `main` is the main
            task's own head, which needs no training.
        through_softmax: whether w follows its own gradient, a_i (cos_i - sum_j a_j cos_j) with a = softmax(w), in
            place of the cosines.
        meta_share: share of the training documents that is held back in place of the validation documents, which
            then choose the checkpoint alone; in [0, 1).

    Raises:
        AuxtaskError: the learning rate or a share is out of range, or the dev head is none of the three.
    """

    logits: Tensor
    cosines: Tensor
    batches: Tensor
    draws: Tensor
    head_values: Tensor

    def __init__(
        self,
        learning_rate: float = 0.01,
        batch_share: float = 0.5,
        dev_batch_share: float = 0.5,
        dev_learning_rate: float = 1e-3,
        dev_weight_decay: float = 0.1,
        dev_steps: int = 10,
        seed: int = 0,
        dev_head: str = "fresh",
        through_softmax: bool = False,
        meta_share: float = 0.0,
    ) -> None:
        super().__init__()
        if not learning_rate > 0:
            raise AuxtaskError(f"weighting.learning_rate={learning_rate} is not above 0; use for example 0.01")
        for name, share in {"batch_share": batch_share, "dev_batch_share": dev_batch_share}.items():
            if not share > 0:
                raise AuxtaskError(f"weighting.{name}={share} is not above 0; use for example 0.5")
        if dev_head not in DEV_HEADS:
            raise AuxtaskError(f"weighting.dev_head={dev_head!r} is unknown; use {', '.join(DEV_HEADS)}")
        if not 0 <= meta_share < 1:
            raise AuxtaskError(f"weighting.meta_share={meta_share} is outside [0, 1); use for example 0.1")
        self.learning_rate = learning_rate
        self.batch_share = batch_share
        self.dev_batch_share = dev_batch_share
        self.dev_learning_rate = dev_learning_rate
        self.dev_weight_decay = dev_weight_decay
        self.dev_steps = dev_steps
        self.seed = seed
        self.dev_head = dev_head
        self.through_softmax = through_softmax
        self.meta_share = meta_share
        self._fitted = False

    def prepare(self, facts: TrainingFacts) -> None:
        """Start with equal weights."""
        super().prepare(facts)
        tasks = len(self.task_names)
        self.register_buffer("logits", torch.full((tasks,), 1 / tasks, dtype=torch.float64))
        self.register_buffer("cosines", torch.zeros(tasks, dtype=torch.float64))
        self.register_buffer("batches", torch.zeros((), dtype=torch.float64))
        self.register_buffer("draws", torch.zeros((), dtype=torch.int64))
        self.facts = facts
        self._head = DevHead(facts.classifier, self.dev_learning_rate, self.dev_weight_decay, self.dev_steps)
        if self.dev_head == "warm":
            self.register_buffer("head_values", self._head.values)

    def task_weights(self) -> Tensor:
        """Give softmax(w)."""
        return torch.softmax(self.logits, dim=0)

    def references(self, loss_scale: float) -> list[list[Tensor | None]]:
        """Give the gradient of the validation loss; the first time in a step, fit the dev head before."""
        generator = np.random.default_rng([self.seed, int(self.draws)])
        if self.dev_head != "main" and not self._fitted:
            self._fit(generator)
            self._fitted = True
        self.draws += 1
        model = self.facts.classifier if self.dev_head == "main" else self._head.model
        return [encoder_gradient(model, self._draw(generator, self.batch_share), loss_scale)]

    def _fit(self, generator: np.random.Generator) -> None:
        batch = self._draw(generator, self.dev_batch_share)
        if self.dev_head == "fresh" or self.draws == 0:
            self._head.draw(generator)
        else:
            # After a resume the buffer alone knows it.
            self._head.values = self.head_values
        self._head.fit(batch)
        if self.dev_head == "warm":
            self.head_values.copy_(self._head.values)

    def _draw(self, generator: np.random.Generator, share: float) -> Batch:
        return self.facts.draw_validation(generator, math.ceil(share * self.facts.batch_size))

    def shared_coefficients(self, gram: Tensor) -> Tensor:
        """Gather the cosines with the validation gradient; follow the weights as they are."""
        norms = gram.diagonal().sqrt()
        scale = norms[:-1] * norms[-1]
        # A gradient of norm 0 points nowhere.
        cosines = torch.where(scale > 0, gram[:-1, -1] / scale, 0.0)
        self.cosines += cosines.to(self.cosines.device)
        self.batches += 1
        return self.task_weights()

    def update(self) -> None:
        """Take a step up the mean cosine; the next one needs a new dev head."""
        step = self.learning_rate * self.cosines / self.batches.clamp(min=1)
        if self.through_softmax:
            weights = self.task_weights()
            step = weights * (step - (weights * step).sum())
        self.logits += step
        self.cosines.zero_()
        self.batches.zero_()
        self._fitted = False
