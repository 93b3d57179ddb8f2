"""Find a vanilla encoder by name and load its tokenizer, its masked language model or a classifier on it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from auxtask.errors import AuxtaskError
from auxtask.hub_access import ask_hub
from auxtask.model.names import resolve


def _from_pretrained(auto_class: Any, name: str | Path, **arguments: Any) -> Any:
    place = resolve(name)
    if not Path(place).is_dir():
        ask_hub()
    try:
        return auto_class.from_pretrained(place, **arguments)
    except OSError as error:
        # One exception class covers "offline", "no such repository" and "no such file" in transformers.
        reason = str(error).strip().splitlines()[0]
        raise AuxtaskError(
            f"model {str(name)!r} cannot be loaded: {reason} "
            "(without a network use model=tiny or a local folder in model.name)"
        ) from error
    except (ValueError, KeyError) as error:
        if isinstance(error, AuxtaskError):
            raise
        reason = str(error).strip().splitlines()[0]
        raise AuxtaskError(
            f"model {str(name)!r} is not a masked language model that transformers knows: {reason}"
        ) from error


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
    return tokenizer


def load_masked_lm(name: str | Path) -> PreTrainedModel:
    """Load the vanilla masked language model: encoder and vocabulary head, in float32.

    Args:
        name: as for `resolve`.

    Returns:
        A stock `AutoModelForMaskedLM` in eval mode.

    Raises:
        AuxtaskError: it cannot be loaded or is no masked language model.
    """
    return _from_pretrained(AutoModelForMaskedLM, name, dtype="float32")


def load_classifier(name: str | Path, label_names: Sequence[str]) -> PreTrainedModel:
    """Load the encoder with a new classification head of its architecture's stock kind.

    Args:
        name: as for `resolve`.
        label_names: the classes, in the order of their indices.

    Returns:
        A stock `AutoModelForSequenceClassification` in float32 whose configuration knows the label names.

    Raises:
        AuxtaskError: it cannot be loaded or its architecture has no classification head.
    """
    return _from_pretrained(
        AutoModelForSequenceClassification,
        name,
        problem_type="single_label_classification",
        **_labels(label_names),
    )


def load_tagger(name: str | Path, label_names: Sequence[str]) -> PreTrainedModel:
    """Load the encoder with a new token classification head of its architecture's stock kind.

    Args:
        name: as for `resolve`.
        label_names: the labels of a token, in the order of their indices.

    Returns:
        A stock `AutoModelForTokenClassification` in float32.

    Raises:
        AuxtaskError: it cannot be loaded or its architecture has no token classification head.
    """
    return _from_pretrained(AutoModelForTokenClassification, name, **_labels(label_names))


def _labels(label_names: Sequence[str]) -> dict[str, Any]:
    return {
        "dtype": "float32",
        "num_labels": len(label_names),
        "id2label": dict(enumerate(label_names)),
        "label2id": {label: index for index, label in enumerate(label_names)},
    }


def load_config(name: str | Path) -> PretrainedConfig:
    """Load the configuration of a vanilla encoder; arguments and errors as for `load_tokenizer`."""
    return _from_pretrained(AutoConfig, name)


def maximum_length(config: PretrainedConfig) -> int:
    """Tell how many tokens, special ones included, the encoder can read at once.

    Args:
        config: the encoder's configuration.

    Returns:
        `max_position_embeddings`, less the positions that RoBERTa's family keeps for padding.

    >>> from transformers import RobertaConfig
    >>> maximum_length(RobertaConfig(max_position_embeddings=514, pad_token_id=1))
    512
    """
    positions = int(config.max_position_embeddings)
    counts_from_padding = config.model_type in {
        "roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "roberta-prelayernorm", "data2vec-text",
        "longformer", "mpnet", "xmod", "ibert", "esm", "luke", "mluke", "lilt",
    }  # fmt: skip
    return positions - config.pad_token_id - 1 if counts_from_padding else positions
