"""Run the encoder and the head of any stock `transformers` model apart: neither does needless work."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from auxtask.errors import AuxtaskError
from auxtask.ground.padding import IGNORE_INDEX


class _StandIn(nn.Module):
    """Stands where a stock model keeps its encoder."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        # Some heads read their encoder's embedding table (tied weights) or configuration.
        self.__dict__["encoder"] = encoder

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.__dict__["encoder"], name)


class _GivenOutput(_StandIn):
    """Answers with an output computed before."""

    def __init__(self, encoder: nn.Module, output: BaseModelOutput) -> None:
        super().__init__(encoder)
        self.output = output

    def forward(self, *args: Any, **kwargs: Any) -> BaseModelOutput:
        return self.output


class _CalledError(Exception):
    """What a model gives its encoder, said at the moment when it calls it."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        super().__init__("the encoder was called")
        self.arguments = arguments


class _Listener(_StandIn):
    """Tells what it is called with."""

    def forward(self, *args: Any, **kwargs: Any) -> BaseModelOutput:
        encoder = self.__dict__["encoder"]
        call = inspect.signature(type(encoder).forward).bind(encoder, *args, **kwargs)
        _, *named = (name for name in call.arguments if name != "kwargs")
        arguments = {name: call.arguments[name] for name in named} | call.arguments.get("kwargs", {})
        raise _CalledError({name: value for name, value in arguments.items() if value is not None})


@contextmanager
def _in_place_of_the_encoder(model: PreTrainedModel, stand_in: nn.Module) -> Iterator[None]:
    prefix = model.base_model_prefix
    encoder = model._modules[prefix]
    model._modules[prefix] = stand_in
    try:
        yield
    finally:
        model._modules[prefix] = encoder


def encoder_inputs(model: PreTrainedModel, **inputs: Any) -> dict[str, Any]:
    """Tell what a stock model would give its encoder.

    Args:
        model: a stock model with a head (`AutoModelForSequenceClassification`, `AutoModelForMaskedLM`, ...).
        **inputs: what it is called with, `input_ids` and `attention_mask` of shape (batch, length).

    Returns:
        The arguments of `model.base_model(...)` that are not None: often the same, but Longformer's classifier
        adds `global_attention_mask`.

    >>> import torch
    >>> from transformers import LongformerConfig, LongformerForSequenceClassification
    >>> sizes = {"vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    >>> model = LongformerForSequenceClassification(LongformerConfig(**sizes, attention_window=4))
    >>> encoder_inputs(model, input_ids=torch.tensor([[5, 6, 7]]))["global_attention_mask"].tolist()
    [[1, 0, 0]]
    """
    try:
        with _in_place_of_the_encoder(model, _Listener(model.base_model)):
            model(**inputs)
    except _CalledError as called:
        return called.arguments
    raise AssertionError(f"{type(model).__name__} does not call its encoder")


def run_encoder(model: PreTrainedModel, **inputs: Any) -> BaseModelOutput:
    """Run the encoder of a stock model as the model itself would.

    Args:
        model, **inputs: as for `encoder_inputs`.

    Returns:
        The encoder's output; hidden states of shape (batch, length, width) come first in it.
    """
    return model.base_model(**encoder_inputs(model, **inputs))


def run_head(model: PreTrainedModel, encoder_output: BaseModelOutput, **inputs: Any) -> Any:
    """Run what a stock model does after its encoder, on an encoder output computed before.

    Args:
        model: a stock model with a head (`AutoModelForSequenceClassification`, `AutoModelForMaskedLM`, ...).
        encoder_output: what `run_encoder` returned; hidden states of shape (batch, length, width).
        **inputs: what the head itself may read, `input_ids` and `attention_mask` of shape (batch, length).

    Returns:
        What `model(...)` returns.

    >>> import torch
    >>> from transformers import BertConfig, BertForMaskedLM
    >>> config = BertConfig(vocab_size=30, hidden_size=8, num_hidden_layers=1, num_attention_heads=2)
    >>> model, ids = BertForMaskedLM(config).eval(), torch.tensor([[1, 2, 3]])
    >>> torch.equal(run_head(model, run_encoder(model, input_ids=ids)).logits, model(ids).logits)
    True
    """
    if "input_ids" not in inputs:
        # Hidden states of chosen positions belong to no ids; a stock model wants some input.
        inputs["inputs_embeds"] = encoder_output[0]
    with _in_place_of_the_encoder(model, _GivenOutput(model.base_model, encoder_output)):
        return model(**inputs)


@contextmanager
def output_embeddings_constant(model: PreTrainedModel) -> Iterator[None]:
    """Let no gradient reach the output embeddings, tied or not, while the head of a masked language model runs.

    Args:
        model: any stock `AutoModelForMaskedLM`; its encoder must not run meanwhile.
    """
    # Where a head has no decoder, it multiplies with the input embeddings themselves.
    table: Any = _decoder(model) or model.get_input_embeddings()
    weight = table._parameters["weight"]
    table._parameters["weight"] = weight.detach()
    try:
        yield
    finally:
        table._parameters["weight"] = weight


def separate_output_embeddings(model: PreTrainedModel) -> None:
    """Give a masked language model output embeddings of its own: equal to the input embeddings, no longer tied.

    Args:
        model: any stock `AutoModelForMaskedLM`; changed in place.

    Raises:
        AuxtaskError: its head has no output embeddings beside the input embeddings.

    >>> from transformers import BertConfig, BertForMaskedLM
    >>> config = BertConfig(vocab_size=30, hidden_size=8, num_hidden_layers=1, num_attention_heads=2)
    >>> model = BertForMaskedLM(config)
    >>> separate_output_embeddings(model)
    >>> model.tie_weights()
    >>> model.get_output_embeddings().weight is model.get_input_embeddings().weight
    False
    """
    decoder = _decoder(model)
    if decoder is None:
        raise AuxtaskError(
            f"decoder=separate: the vocabulary head of {type(model).__name__} has no output embeddings of its "
            "own; use decoder=tied or decoder=detached"
        )
    decoder.weight = nn.Parameter(decoder.weight.detach().clone())
    model.config.tie_word_embeddings = False


def _decoder(model: PreTrainedModel) -> Any:
    """The module with a row for each token of the vocabulary that ends the head; None where there is none."""
    module: Any = model.get_output_embeddings()
    # Some heads answer with a layer of another size.
    vocabulary = model.config.get_text_config().vocab_size
    return module if module is not None and module.weight.shape[0] == vocabulary else None


class HiddenStates(BaseModelOutput):
    """Hidden states and nothing else: whatever more a head hands on from its encoder is None."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def vocabulary_logits(model: PreTrainedModel, hidden_states: Tensor) -> Tensor:
    """Run the vocabulary head of a masked language model on chosen positions alone.

    Args:
        model: any stock `AutoModelForMaskedLM`.
        hidden_states: (positions, width), gathered from the encoder's last layer.

    Returns:
        Logits of shape (positions, vocabulary); the full (batch, length, vocabulary) is never made.
    """
    return run_head(model, HiddenStates(last_hidden_state=hidden_states.unsqueeze(0))).logits.squeeze(0)


def masked_lm_loss(
    model: PreTrainedModel, hidden_states: Tensor, labels: Tensor, targets: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy over the positions to be predicted; the vocabulary head runs on those alone.

    Args:
        model: any stock `AutoModelForMaskedLM`.
        hidden_states: (batch, length, width), the encoder's last layer.
        labels: (batch, length), int64; -100 where nothing is to be predicted.
        targets: what the sum is divided by, see `share_target_counts`; None for the number of positions.

    Returns:
        The loss, a float32 scalar (0 and connected to the graph where nothing is to be predicted), and the
        logits of shape (predicted positions, vocabulary).
    """
    chosen = labels != IGNORE_INDEX
    logits = vocabulary_logits(model, hidden_states[chosen])
    total = F.cross_entropy(logits.float(), labels[chosen], reduction="sum")
    return mean_loss(total, chosen.sum() if targets is None else targets), logits


def store_shared_tensors_once(module: nn.Module) -> None:
    """Let `state_dict` hold each tied or shared tensor under one name, and `load_state_dict` accept that.

    safetensors refuses two names of one tensor, and a network whose heads share an encoder is full of them.

    Args:
        module: the network; its `state_dict` and `load_state_dict` change.
    """
    module.register_state_dict_post_hook(_drop_aliases)
    module.register_load_state_dict_post_hook(_forgive_aliases)


def _drop_aliases(module: nn.Module, state_dict: dict[str, Any], prefix: str, metadata: dict[str, Any]) -> None:
    seen: set[int] = set()
    for name in list(state_dict):
        pointer = state_dict[name].data_ptr()
        if pointer in seen:
            del state_dict[name]
        seen.add(pointer)


def _forgive_aliases(module: nn.Module, keys: Any) -> None:
    tensors: dict[str, Tensor] = dict(module.named_buffers(remove_duplicate=False))
    tensors |= dict(module.named_parameters(remove_duplicate=False))
    loaded = {id(tensor) for name, tensor in tensors.items() if name not in set(keys.missing_keys)}
    keys.missing_keys[:] = [name for name in keys.missing_keys if id(tensors.get(name)) not in loaded]


def mean_loss(total: Tensor, targets: Tensor) -> Tensor:
    """Divide a summed loss by the number of its targets.

    Args:
        total: a scalar with its graph.
        targets: a scalar, from `share_target_counts` or `count_targets`.

    Returns:
        The loss; 0, connected to the graph, where there is nothing to predict.

    >>> import torch
    >>> mean_loss(torch.tensor(6.0), torch.tensor(3.0)), mean_loss(torch.tensor(0.0), torch.tensor(0.0))
    (tensor(2.), tensor(0.))
    """
    return total / targets.masked_fill(targets == 0, 1.0)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Hold a model in eval mode and give it back as it was."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
