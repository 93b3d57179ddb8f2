"""The optimizer of a training whose parts have rates of their own."""

from collections.abc import Callable

import torch
from torch import nn
from transformers import Trainer


def build_optimizer(
    trainer: Trainer, network: nn.Module, rate_and_decay: Callable[[nn.Parameter], tuple[float, float]]
) -> torch.optim.Optimizer:
    """Build the optimizer that a trainer's arguments name, with weight decay on all but biases and norms.

    Args:
        trainer: its arguments say which optimizer.
        network: what of it has a gradient is trained.
        rate_and_decay: from a parameter to its learning rate and its weight decay.

    Returns:
        The optimizer, with a group for each pair of rate and decay.
    """
    decayed = set(trainer.get_decay_parameter_names(network))
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            rate, decay = rate_and_decay(parameter)
            groups.setdefault((rate, decay if name in decayed else 0.0), []).append(parameter)
    optimizer_class, settings = trainer.get_optimizer_cls_and_kwargs(trainer.args)
    return optimizer_class(
        [
            {"params": parameters, "lr": rate, "weight_decay": decay}
            for (rate, decay), parameters in groups.items()
        ],
        **settings,
    )
