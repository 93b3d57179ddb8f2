"""Attention and dropout as CPUs compute them fastest; on other devices they stay as they are."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

# The name under which `transformers` finds the attention below.
ATTENTION = "auxtask_cpu"
STEPS = 2**16  # probabilities of dropout are rounded to so many steps


class CpuDropout(nn.Dropout):
    """Dropout whose mask is drawn 16 bits a number: torch draws one number after the other, in ten times the time.

    The seed of a mask comes from torch's global generator, so a run that goes on draws what it would have drawn.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Set a share `p` of the numbers to 0 and scale the others up, in training; else change nothing."""
        return drop(input, self.p) if self.training else input


def _on_plain_cpu(values: Tensor) -> bool:
    return values.device.type == "cpu" and not torch.compiler.is_compiling()


def drop(values: Tensor, probability: float) -> Tensor:
    """Set each number to 0 with a probability, and scale the others so that the expectation stays.

    Args:
        values: any shape, floating.
        probability: in [0, 1]; on a CPU it is rounded to a multiple of 2^-16.

    Returns:
        The same shape, dtype and device.

    >>> drop(torch.ones(2, 3), 0.0)
    tensor([[1., 1., 1.],
            [1., 1., 1.]])
    """
    dropped = round(probability * STEPS)
    if not _on_plain_cpu(values) or dropped in (0, STEPS):
        return nn.functional.dropout(values, probability)
    generator = np.random.Generator(np.random.SFC64(int(torch.randint(2**62, ()))))
    words = generator.integers(2**64, size=-(-values.numel() // 4), dtype=np.uint64)
    drawn = torch.from_numpy(words.view(np.int16))[: values.numel()].view(values.shape)
    kept = (drawn >= dropped - STEPS // 2).to(values.dtype)
    return values * kept.mul_(STEPS / (STEPS - dropped))


def cpu_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **others: Any,
) -> tuple[Tensor, None]:
    """Compute scaled dot product attention in training on a CPU, as `transformers` calls it.

    torch's fused attention knows no dropout on CPUs, and its backward pass is slow in bfloat16. So attention with
    dropout is computed step by step, and attention without it in float32; where the network is compiled, both are
    computed step by step, and the compiler fuses the steps.

    Args:
        module: the attention layer.
        query, key, value: (documents, heads, length, width of a head).
        attention_mask: (documents, 1 or heads, length, length): bool, True where a token is seen, or a bias to
            add; None where every token sees all.
        dropout: probability with which a weight is set to 0.
        scaling: factor of the products; None for one over the square root of the width.
        **others: as for `transformers.integrations.sdpa_attention.sdpa_attention_forward`, which does the rest.

    Returns:
        (documents, length, heads, width of a head), and None in place of the weights.
    """
    stock = (module, query, key, value, attention_mask, dropout, scaling)
    if query.device.type != "cpu" or not torch.is_grad_enabled():
        return sdpa_attention_forward(*stock, **others)
    if not dropout and not torch.compiler.is_compiling():
        return _in_float32(*stock, **others)
    causal = others.get("is_causal")
    causal = getattr(module, "is_causal", False) if causal is None else causal
    if causal or others.get("position_bias") is not None or key.shape[1] != query.shape[1]:
        return sdpa_attention_forward(*stock, **others)
    scores = (query @ key.transpose(2, 3)) * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    if attention_mask is not None:
        if attention_mask.dtype == torch.bool:
            scores = scores.masked_fill(~attention_mask, torch.finfo(scores.dtype).min)
        else:
            scores = scores + attention_mask
    weights = drop(scores.softmax(dim=-1, dtype=torch.float32).to(query.dtype), dropout)
    return (weights @ value).transpose(1, 2).contiguous(), None


def _in_float32(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float,
    scaling: float | None,
    **others: Any,
) -> tuple[Tensor, None]:
    floats: dict[str, Any] = {
        name: each.float() if isinstance(each, Tensor) and each.is_floating_point() else each
        for name, each in others.items()
    }
    if attention_mask is not None and attention_mask.is_floating_point():
        attention_mask = attention_mask.float()
    # Autocast would turn them into bfloat16 again.
    with torch.autocast("cpu", enabled=False):
        output, _ = sdpa_attention_forward(
            module, query.float(), key.float(), value.float(), attention_mask, dropout, scaling, **floats
        )
    return output.to(query.dtype), None


AttentionInterface.register(ATTENTION, cpu_attention)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)


def train_fast_on_cpu(network: nn.Module) -> None:
    """Let a network use the attention and the dropout of this module.

    Args:
        network: of stock models; it is changed, its weights and their names are not. Attention stays where it is
            of another kind than torch's fused one.
    """
    for module in list(network.modules()):
        if isinstance(module, PreTrainedModel) and module.config._attn_implementation == "sdpa":
            module.set_attn_implementation(ATTENTION)
        for name, child in module.named_children():
            if type(child) is nn.Dropout:
                setattr(module, name, CpuDropout(child.p))
