"""The last layer at the scored positions alone: an exact saving that asks nothing about the architecture."""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from auxtask.model.heads import run_encoder


@contextmanager
def narrowed(modules: Sequence[nn.Module], row: Tensor, position: Tensor, shape: torch.Size) -> Iterator[None]:
    """Run some modules at chosen positions alone; everywhere else they answer zero.

    Args:
        modules: modules that treat every position by itself, from `pointwise_modules`.
        row, position: the chosen positions of a batch, shape (chosen,).
        shape: (rows, length) of the batch.
    """
    with ExitStack() as stack:
        for module in modules:
            forward = module.forward
            module.forward = _narrow(forward, row, position, shape)
            # The instance attribute goes and the method of the class is seen again.
            stack.callback(delattr, module, "forward")
        yield


def _narrow(forward: Callable[..., Any], row: Tensor, position: Tensor, shape: torch.Size) -> Callable[..., Any]:
    def choose(value: Any) -> Any:
        is_hidden = isinstance(value, Tensor) and value.ndim == 3 and value.shape[:2] == shape
        return value[row, position].unsqueeze(0) if is_hidden else value

    def narrow_forward(*arguments: Any, **named: Any) -> Tensor:
        output = forward(*map(choose, arguments), **{name: choose(value) for name, value in named.items()})
        full = output.new_zeros(*shape, output.shape[-1])
        full[row, position] = output.squeeze(0)
        return full

    return narrow_forward


@torch.inference_mode()
def pointwise_modules(model: PreTrainedModel) -> list[nn.Module]:
    """Find the parts of the last layer that may run at the scored positions alone.

    The output of the last layer is read at few positions. Keys and values must be computed everywhere; the
    queries, the output projection and the feed-forward block need not. Which modules these are is found by
    trial, in float64 on a copy of the layer, where "the same" means equal to rounding: from the layer down,
    a module is taken if the chosen outputs stay the same with it narrowed, else its children are tried.

    Args:
        model: any stock `AutoModelForMaskedLM`, in eval mode.

    Returns:
        Modules of the last layer; none where the layers share their weights or cannot be told apart.

    >>> from transformers import BertConfig, BertForMaskedLM
    >>> sizes = {"vocab_size": 9, "hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 16}
    >>> [type(module).__name__ for module in pointwise_modules(BertForMaskedLM(BertConfig(**sizes)).eval())]
    ['Linear', 'BertSelfOutput', 'BertIntermediate', 'BertOutput']
    """
    layer = _last_layer(model)
    if layer is None:
        return []
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    hook = layer.register_forward_pre_hook(
        lambda _, arguments, named: calls.append((arguments, named)), with_kwargs=True
    )
    shape = torch.Size((2, 7))
    generator = torch.Generator().manual_seed(0)
    config = model.config.get_text_config()
    input_ids = torch.randint(config.vocab_size, shape, generator=generator)
    # A padding token would make some models number their positions otherwise.
    input_ids[input_ids == config.pad_token_id] = (config.pad_token_id or 0) + 1
    try:
        run_encoder(model, input_ids=input_ids.to(model.device))
    finally:
        hook.remove()
    if len(calls) != 1:
        return []
    arguments, named = _to_float64(calls[0])
    trial = copy.deepcopy(layer).to("cpu", torch.float64)
    row, position = torch.tensor([0, 1]), torch.tensor([2, 5])

    def run(modules: Sequence[nn.Module]) -> Tensor:
        with narrowed(modules, row, position, shape):
            output = trial(*arguments, **named)
        return (output[0] if isinstance(output, tuple) else output)[row, position]

    def keeps_the_output(module: nn.Module) -> bool:
        called: list[bool] = []
        hook = module.register_forward_hook(lambda *_: called.append(True))
        try:
            output = run([*(trial.get_submodule(name) for name in found), module])
            return bool(called) and torch.allclose(output, expected, rtol=0, atol=tolerance)
        except (RuntimeError, ValueError, TypeError, IndexError, AttributeError):
            # Its inputs or outputs are not one vector a position.
            return False
        finally:
            hook.remove()

    def search(parent: nn.Module, prefix: str) -> None:
        for name, child in parent.named_children():
            if not any(True for _ in child.parameters()):
                continue
            if keeps_the_output(child):
                found.append(prefix + name)
            else:
                search(child, f"{prefix}{name}.")

    found: list[str] = []
    try:
        expected = run([])
    except (RuntimeError, ValueError):
        # A decoder's layer keeps what it saw and does not run again.
        return []
    tolerance = 1e-10 * float(expected.abs().max())
    search(trial, "")
    return [layer.get_submodule(name) for name in found]


def _last_layer(model: PreTrainedModel) -> nn.Module | None:
    """The last of the largest stack of modules, the encoder's layers."""
    stacks = [module for module in model.base_model.modules() if isinstance(module, nn.ModuleList) and len(module)]
    if not stacks:
        return None
    return max(stacks, key=lambda stack: sum(weight.numel() for weight in stack.parameters()))[-1]


def _to_float64(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.to("cpu", torch.float64 if value.is_floating_point() else value.dtype)
    if isinstance(value, dict):
        return {name: _to_float64(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(_to_float64(item) for item in value)
    return value
