"""Muon for the matrices of an encoder's layers, AdamW for everything else, as one optimizer."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim import AdamW, Muon, Optimizer


class MuonWithAdamW(Optimizer):
    """Step the matrices of the hidden layers by Muon and all other parameters by AdamW.

    Muon (Jordan et al. 2024) orthogonalises the momentum of a weight matrix, so that every direction of it learns
    at one speed; embeddings, the vocabulary head, norms and biases have no use for that. One optimizer with the
    parameter groups and the state of both, so that schedulers and checkpoints see nothing special.

    Args:
        model: a masked language model; its hidden layers are what the longest `nn.ModuleList` holds.
        matrix_learning_rate: of Muon, in the measure of Jordan et al., about 0.02.
        learning_rate: of AdamW.
        weight_decay: decoupled; on all parameters of two or more dimensions.
        betas: of AdamW.
        eps: of AdamW.

    >>> from transformers import BertConfig, BertForMaskedLM
    >>> sizes = {"hidden_size": 4, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    >>> config = BertConfig(vocab_size=9, **sizes)
    >>> [len(group["params"]) for group in MuonWithAdamW(BertForMaskedLM(config), 0.02, 1e-3).param_groups]
    [6, 4, 16]
    """

    def __init__(
        self,
        model: nn.Module,
        matrix_learning_rate: float,
        learning_rate: float,
        weight_decay: float = 0.0,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        layers = max((module for module in model.modules() if isinstance(module, nn.ModuleList)), key=len)
        hidden = {id(parameter) for parameter in layers.parameters() if parameter.ndim == 2}
        rest = [parameter for parameter in model.parameters() if id(parameter) not in hidden]
        muon = Muon(
            [parameter for parameter in model.parameters() if id(parameter) in hidden],
            lr=matrix_learning_rate,
            weight_decay=weight_decay,
        )
        others = AdamW(
            [
                {"params": [parameter for parameter in rest if parameter.ndim > 1], "weight_decay": weight_decay},
                {"params": [parameter for parameter in rest if parameter.ndim < 2], "weight_decay": 0.0},
            ],
            lr=learning_rate,
            betas=betas,
            eps=eps,
            fused=True,
        )
        self.parts: list[tuple[Optimizer, int]] = [(muon, 1), (others, 2)]
        super().__init__([*muon.param_groups, *others.param_groups], defaults={})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """Update all parameters once.

        Args:
            closure: computes the loss anew, as in every torch optimizer.

        Returns:
            The closure's loss, None without one.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        start = 0
        for part, groups in self.parts:
            # Linked at each step, because loading a checkpoint replaces the groups and the state.
            part.param_groups = self.param_groups[start : start + groups]
            part.state = self.state
            part.step()
            start += groups
        return loss
