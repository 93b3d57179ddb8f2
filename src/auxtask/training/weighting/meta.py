"""META-TARTAN: weights that follow the validation gradient."""

import numpy as np
import torch
from torch import Tensor

from auxtask.errors import AuxtaskError
from auxtask.training.weighting.base import GradientWeighting, Setting
from auxtask.training.weighting.dev_head import DevHead


class MetaWeighting(GradientWeighting):
    """META-TARTAN (Dery et al. 2022): a task gains weight where its gradient agrees with the validation one.

    The weights are softmax(w), w_i = 1 / (number of tasks) at first. For every batch the cosine between the
    gradient of each task and that of the validation loss, on the shared encoder, is gathered; after a step of the
    optimizer w_i goes up by the learning rate times its mean. The validation loss is that of a dev head, drawn
    anew for each step and trained on a batch of its own.

    Args:
        learning_rate: of w, above 0.
        batch_size: validation documents that give the gradient; None for as many as a training batch has, as in
            the reference. Fewer are faster.
        dev_learning_rate, dev_weight_decay, dev_batch_size, dev_steps: of the dev head, see `DevHead`.
        seed: of the validation batches and the dev heads.

    Raises:
        AuxtaskError: the learning rate is not above 0.
    """

    logits: Tensor
    cosines: Tensor
    batches: Tensor
    draws: Tensor

    def __init__(
        self,
        learning_rate: float = 0.01,
        batch_size: int | None = 16,
        dev_learning_rate: float = 1e-3,
        dev_weight_decay: float = 0.1,
        dev_batch_size: int = 32,
        dev_steps: int = 10,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if not learning_rate > 0:
            raise AuxtaskError(f"weighting.learning_rate={learning_rate} is not above 0; use for example 0.01")
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.dev_settings = (dev_learning_rate, dev_weight_decay, dev_steps)
        self.dev_batch_size = dev_batch_size
        self.seed = seed
        self._fitted = False

    def prepare(self, setting: Setting) -> None:
        """Start with equal weights."""
        super().prepare(setting)
        tasks = len(self.tasks)
        self.register_buffer("logits", torch.full((tasks,), 1 / tasks, dtype=torch.float64))
        self.register_buffer("cosines", torch.zeros(tasks, dtype=torch.float64))
        self.register_buffer("batches", torch.zeros((), dtype=torch.float64))
        self.register_buffer("draws", torch.zeros((), dtype=torch.int64))
        self.setting = setting
        learning_rate, weight_decay, max_steps = self.dev_settings
        self._dev_head = DevHead(setting.classifier, learning_rate, weight_decay, max_steps)

    def task_weights(self) -> Tensor:
        """Give softmax(w)."""
        return torch.softmax(self.logits, dim=0)

    def references(self) -> list[list[Tensor]]:
        """Give the gradient of the validation loss; the first time in a step, fit the dev head before."""
        generator = np.random.default_rng([self.seed, int(self.draws)])
        self.draws += 1
        if not self._fitted:
            self._dev_head.fit(self.setting.draw_validation(generator, self.dev_batch_size), generator)
            self._fitted = True
        size = self.batch_size or self.setting.batch_size
        return [self._dev_head.encoder_gradient(self.setting.draw_validation(generator, size))]

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
        self.logits += self.learning_rate * self.cosines / self.batches.clamp(min=1)
        self.cosines.zero_()
        self.batches.zero_()
        self._fitted = False
