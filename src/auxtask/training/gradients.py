"""The gradient of each task apart, and the one combination of them that the optimizer follows."""

from collections.abc import Mapping, Sequence

import torch
import torch.distributed as dist
from accelerate import Accelerator
from torch import Tensor, nn

from auxtask.model.multitask import MultiTaskModel, apart
from auxtask.training.weighting.base import GradientWeighting


class TaskGradients:
    """The gradients of a batch, task by task, for a weighting that looks at them.

    Args:
        network: without a wrapper: gradients are averaged over processes here, task by task.
        batch: on the network's device, as for `MultiTaskModel`.
        accelerator: gives precision and the scale of float16 losses.

    Attributes:
        losses: a scalar by task, without its graph.
    """

    def __init__(
        self, network: MultiTaskModel, batch: Mapping[str, Mapping[str, Tensor]], accelerator: Accelerator
    ) -> None:
        network.train()
        self._accelerator = accelerator
        encoder = {id(parameter) for parameter in network.classifier.base_model.parameters()}
        self._parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        # The encoder's first, in the order in which it gives them itself.
        self._parameters.sort(key=lambda parameter: id(parameter) not in encoder)
        self._shared = sum(id(parameter) in encoder for parameter in self._parameters)
        self._scale = 1.0 if accelerator.scaler is None else accelerator.scaler.get_scale()
        self.losses: dict[str, Tensor] = {}
        self._gradients: dict[str, list[Tensor | None]] = {}
        for part in apart(batch):
            with accelerator.autocast():
                found = network(part)["losses"]
            self.losses |= {name: loss.detach() for name, loss in found.items()}
            scaled = {name: loss * self._scale for name, loss in found.items()}
            self._gradients |= task_gradients(scaled, self._parameters)

    def add_combination(self, weighting: GradientWeighting, steps: int) -> None:
        """Add to the `grad` of the parameters what a weighting makes of the gradients.

        Args:
            weighting: says what the shared encoder follows; the heads follow its plain weights.
            steps: batches of the optimizer's step, of which this is one.
        """
        of_tasks = [self._gradients[name] for name in weighting.task_names]
        with self._accelerator.autocast():
            references = weighting.references(self._scale)
        gram = gram_matrix([*(gradient[: self._shared] for gradient in of_tasks), *references]) / self._scale**2

        weights = weighting.task_weights().tolist()
        # What is not a number says nothing about the tasks; the check of the losses will stop the run.
        coefficients = weighting.shared_coefficients(gram).tolist() if gram.isfinite().all() else weights
        for chosen, factors in ((slice(self._shared), coefficients), (slice(self._shared, None), weights)):
            add_combination(
                self._parameters[chosen],
                [one[chosen] for one in of_tasks],
                [factor / steps for factor in factors],
            )


def task_gradients(
    losses: Mapping[str, Tensor], parameters: Sequence[nn.Parameter]
) -> dict[str, list[Tensor | None]]:
    """Differentiate each loss; on several processes the gradients are averaged.

    Args:
        losses: a scalar for each task; their graphs are freed.
        parameters: what to differentiate by.

    Returns:
        By task, for each parameter its gradient, or None where the loss does not depend on it.
    """
    names = list(losses)
    gradients: dict[str, list[Tensor | None]] = {
        name: list(
            torch.autograd.grad(losses[name], parameters, retain_graph=name != names[-1], allow_unused=True)
        )
        for name in names
    }
    if dist.is_available() and dist.is_initialized():
        for gradient in (one for of_task in gradients.values() for one in of_task if one is not None):
            dist.all_reduce(gradient)
            gradient /= dist.get_world_size()
    return gradients


def gram_matrix(gradients: Sequence[Sequence[Tensor | None]]) -> Tensor:
    """Compute the inner products of gradients.

    Args:
        gradients: each a list of tensors over the same parameters; None stands for zeros.

    Returns:
        float64 of shape (gradients, gradients), symmetric, on the CPU.

    >>> gram_matrix([[torch.tensor([1.0, 2.0]), None], [torch.tensor([3.0, 0.0]), torch.tensor([2.0])]]).tolist()
    [[5.0, 3.0], [3.0, 13.0]]
    """
    count = len(gradients)
    rows: list[list[Tensor]] = [[torch.zeros((), dtype=torch.float64)] * count for _ in range(count)]
    for i in range(count):
        for j in range(i + 1):
            products = [
                torch.dot(one.flatten(), other.flatten()).double()
                for one, other in zip(gradients[i], gradients[j], strict=True)
                if one is not None and other is not None
            ]
            rows[i][j] = rows[j][i] = torch.stack(products).sum() if products else rows[i][j]
    return torch.stack([torch.stack([value.cpu() for value in row]) for row in rows])


def add_combination(
    parameters: Sequence[nn.Parameter],
    gradients: Sequence[Sequence[Tensor | None]],
    coefficients: Sequence[float],
) -> None:
    """Add a combination of gradients to the `grad` of parameters.

    Args:
        parameters: what was differentiated by.
        gradients: for each task its gradients, aligned with `parameters`.
        coefficients: a factor for each task.

    >>> weight = nn.Parameter(torch.zeros(1))
    >>> add_combination([weight], [[torch.tensor([1.0])], [torch.tensor([2.0])]], [0.5, 2.0])
    >>> weight.grad
    tensor([4.5000])
    """
    for parameter, *of_tasks in zip(parameters, *gradients, strict=True):
        for gradient, coefficient in zip(of_tasks, coefficients, strict=True):
            if gradient is None:
                continue
            if parameter.grad is None:
                parameter.grad = coefficient * gradient
            else:
                parameter.grad.add_(gradient, alpha=coefficient)
