"""Find a vanilla encoder by name and load its tokenizer, its masked language model or a classifier on it."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from auxtask.errors import AuxtaskError, first_line
from auxtask.ground.hub_access import ask_hub
from auxtask.model.names import resolve
from auxtask.model.probe import MEND, check_parts
from auxtask.model.weights import check_weights, renew_head, vanilla_network, without_new_head

WHOLE = "use a whole checkpoint"


def _from_pretrained(auto_class: Any, name: str | Path, **arguments: Any) -> Any:
    source, place = called(name), resolve(name)
    if not Path(place).is_dir():
        ask_hub()
    try:
        return auto_class.from_pretrained(place, **arguments)
    except AuxtaskError:
        raise
    except (OSError, SafetensorError) as error:
        # One exception class covers "offline", "no such repository" and "no such file" in transformers.
        raise AuxtaskError(
            f"{source} cannot be loaded: {first_line(error)} "
            "(without a network use model=tiny or a local folder in model.name)"
        ) from error
    except (ValueError, KeyError) as error:
        raise AuxtaskError(f"{source} is no model that transformers knows: {first_line(error)}") from error


def load_with_report(
    auto_class: Any, name: str | Path, **arguments: Any
) -> tuple[PreTrainedModel, dict[str, Any]]:
    """Load a model in float32, with what `transformers` says about its weights."""
    _check_kind(auto_class, name, load_config(name))
    # A shape that does not fit is in the report, where it is not in the way of a new head.
    return _from_pretrained(
        auto_class,
        name,
        dtype="float32",
        output_loading_info=True,
        ignore_mismatched_sizes=True,
        **arguments,
    )


def _check_kind(auto_class: Any, name: str | Path, config: PretrainedConfig) -> None:
    kind = config.model_type
    if kind not in auto_class._model_mapping._model_mapping:
        raise AuxtaskError(
            f"{called(name)} cannot be used: transformers has no {auto_class.__name__} of {kind}; {MEND}"
        )


def called(name: str | Path) -> str:
    return f"model {str(name)!r}"


def load_tokenizer(name: str | Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a vanilla encoder.

    Args:
        name: as for `resolve`.

    Returns:
        A tokenizer that has a mask token and a padding token.

    Raises:
        AuxtaskError: it cannot be loaded, or has no mask token and so belongs to no masked language model.

    >>> load_tokenizer("tiny").mask_token
    '[MASK]'
    """
    tokenizer = _from_pretrained(AutoTokenizer, name)
    if tokenizer.mask_token_id is None:
        raise AuxtaskError(
            f"model {str(name)!r} has no mask token; auxtask needs a masked language model "
            "such as tiny, bert-base-uncased or roberta-base"
        )
    if tokenizer.pad_token_id is None:
        raise AuxtaskError(f"model {str(name)!r} has no padding token; give its tokenizer one and save it")
    if tokenizer.is_fast:
        # A sentence encoder's tokenizer.json may cut and fill every text to one length.
        tokenizer.backend_tokenizer.no_truncation()
        tokenizer.backend_tokenizer.no_padding()
    return tokenizer


def load_masked_lm(name: str | Path) -> PreTrainedModel:
    """Load the vanilla masked language model: encoder and vocabulary head, in float32.

    Args:
        name: as for `resolve`.

    Returns:
        A stock `AutoModelForMaskedLM` in eval mode, all of its weights from the checkpoint.

    Raises:
        AuxtaskError: it cannot be loaded, is no masked language model, lacks weights of its head or encoder, or
            its architecture cannot be used (`check_parts`).
    """
    model, report = load_with_report(AutoModelForMaskedLM, name)
    mend = "use a whole checkpoint with its masked-LM head; aux=stl and the N-gram tasks need no head"
    check_weights(model, report, called(name), mend)
    check_parts(model, called(name))
    return model


def load_classifier(name: str | Path, label_names: Sequence[str]) -> PreTrainedModel:
    """Load the encoder with a new classification head of its architecture's stock kind.

    Args:
        name: as for `resolve`; of a checkpoint with a classification head of its own the encoder is taken.
        label_names: the classes, in the order of their indices.

    Returns:
        A stock `AutoModelForSequenceClassification` in float32 whose configuration knows the label names.

    Raises:
        AuxtaskError: it cannot be loaded, lacks weights of its encoder, or its architecture cannot be used.
    """
    return _load_with_new_head(
        AutoModelForSequenceClassification, name, label_names, problem_type="single_label_classification"
    )


def load_tagger(name: str | Path, label_names: Sequence[str]) -> PreTrainedModel:
    """Load the encoder with a new token classification head of its architecture's stock kind.

    Args:
        name: as for `resolve`.
        label_names: the labels of a token, in the order of their indices.

    Returns:
        A stock `AutoModelForTokenClassification` in float32.

    Raises:
        AuxtaskError: as for `load_classifier`.
    """
    return _load_with_new_head(AutoModelForTokenClassification, name, label_names)


def load_encoder(name: str | Path) -> PreTrainedModel:
    """Load the encoder alone, as the masked language model has it, in float32; it needs no head.

    Args:
        name: as for `resolve`.

    Returns:
        The encoder in eval mode.

    Raises:
        AuxtaskError: as for `load_classifier`.
    """
    model, report = load_with_report(AutoModelForMaskedLM, name)
    check_weights(model, without_new_head(model, report), called(name), WHOLE)
    check_parts(model, called(name))
    encoder: Any = model.base_model
    return encoder


def load_trained_classifier(name: str | Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a classifier that is trained, and its tokenizer.

    Args:
        name: a folder or hub id.

    Returns:
        A stock `AutoModelForSequenceClassification` in eval mode and float32, all of its weights from the
        checkpoint, and the tokenizer.

    Raises:
        AuxtaskError: there is no classifier, or it lacks weights.
    """
    mend = "give the folder 'model' of a finished run"
    try:
        model, report = load_with_report(AutoModelForSequenceClassification, name)
        tokenizer = _from_pretrained(AutoTokenizer, name)
    except AuxtaskError as error:
        reason = first_line(error.__cause__ or error)
        raise AuxtaskError(f"'{name}' holds no classifier ({reason}); {mend}") from error
    check_weights(model, report, f"'{name}'", mend)
    return model, tokenizer


def _load_with_new_head(
    auto_class: Any, name: str | Path, label_names: Sequence[str], **arguments: Any
) -> PreTrainedModel:
    model, report = load_with_report(
        auto_class,
        name,
        num_labels=len(label_names),
        id2label=dict(enumerate(label_names)),
        label2id={label: index for index, label in enumerate(label_names)},
        **arguments,
    )
    check_weights(model, without_new_head(model, report), called(name), WHOLE)
    renew_head(model, report)
    check_parts(model, called(name))
    return model


def load_config(name: str | Path) -> PretrainedConfig:
    """Load the configuration of a vanilla encoder; arguments and errors as for `load_tokenizer`."""
    return _from_pretrained(AutoConfig, name)


def check_classifier(name: str | Path, max_length: int) -> None:
    """Refuse an encoder that cannot classify documents of a length, without loading its weights.

    Args:
        name: as for `resolve`.
        max_length: tokens of a document, special ones included.

    Raises:
        AuxtaskError: `transformers` has no classifier of its architecture, or it cannot read so many tokens, or
            the length leaves no room for a token between the special ones.

    >>> check_classifier("tiny", 100_000)
    Traceback (most recent call last):
    auxtask.errors.AuxtaskError: model.max_length=100000 is outside 3 to 512, what 'tiny' can read
    """
    config = load_config(name)
    _check_kind(AutoModelForSequenceClassification, name, config)
    longest = maximum_length(config)
    if not 3 <= max_length <= longest:
        raise AuxtaskError(f"model.max_length={max_length} is outside 3 to {longest}, what {str(name)!r} can read")


def maximum_length(config: PretrainedConfig) -> int:
    """Tell how many tokens, special ones included, the encoder can read at once.

    Args:
        config: the encoder's configuration.

    Returns:
        `max_position_embeddings`, less the positions that RoBERTa's family keeps for padding: its table of
        positions has a row for padding, and begins after it. Where no length is named, what memory allows.

    >>> from transformers import RobertaConfig
    >>> maximum_length(RobertaConfig(max_position_embeddings=514, pad_token_id=1))
    512
    """
    positions = getattr(config.get_text_config(), "max_position_embeddings", None)
    if positions is None:
        return sys.maxsize
    # A class of the user's own cannot be built from its configuration.
    network = vanilla_network(config) if type(config) in AutoModel._model_mapping else nn.Module()
    for name, module in network.named_modules():
        padding = getattr(module, "padding_idx", None)
        if name.endswith("position_embeddings") and padding is not None:
            return int(positions) - int(padding) - 1
    return int(positions)
