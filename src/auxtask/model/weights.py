"""Whether the weights of a network are those of its checkpoint: what is missing would be random, silently."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from transformers import AutoModel, AutoModelForMaskedLM, PretrainedConfig, PreTrainedModel

from auxtask.errors import AuxtaskError

NAMED = 3


def check_weights(model: PreTrainedModel, report: Mapping[str, Any], source: str, mend: str) -> None:
    """Refuse a network with a weight that its checkpoint does not give, or an encoder that leaves weights over.

    Args:
        model: the network, loaded.
        report: the loading information of `from_pretrained`, with the weights of a new head taken out.
        source: how the checkpoint is called, to begin the message with.
        mend: what to do about a missing weight, to end the message with.

    Raises:
        AuxtaskError: weights are missing, have another shape, or belong to another encoder than the network's.
    """
    # Buffers are computed; where they are kept, older checkpoints may lack them.
    weights = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    missing = sorted(weights & set(report["missing_keys"]))
    misshapen = sorted(name for name, *_ in report["mismatched_keys"] if name in weights)
    left_over = sorted(name for name in report["unexpected_keys"] if _is_of_encoder(model, name))
    other = "use a checkpoint whose config.json belongs to its weights"
    if misshapen:
        raise AuxtaskError(f"{source} has {_listed(misshapen)} of other shapes than its config.json says; {other}")
    if left_over:
        raise AuxtaskError(
            f"{source} has {_listed(left_over)} that its config.json has no place for in the encoder; {other}"
        )
    if missing:
        raise AuxtaskError(f"{source} lacks {_listed(missing)}, which would be random; {mend}")


def without_new_head(model: PreTrainedModel, report: Mapping[str, Any]) -> dict[str, Any]:
    """Take from a report all that a masked language model of the same architecture has not in its encoder.

    That is the new head, and with some architectures a pooling layer that the head alone reads.

    Args:
        model: a classifier or tagger.
        report: the loading information of `from_pretrained`.

    Returns:
        The report of the vanilla encoder.
    """
    prefix = model.base_model_prefix
    vanilla = {f"{prefix}.{name}" for name in vanilla_network(model.config).base_model.state_dict()}
    return {
        **report,
        "missing_keys": vanilla & set(report["missing_keys"]),
        # Some classifiers take a part of the encoder alone, by design.
        "unexpected_keys": set(report["unexpected_keys"]) - vanilla,
        "mismatched_keys": [entry for entry in report["mismatched_keys"] if entry[0] in vanilla],
    }


def renew_head(model: PreTrainedModel, report: Mapping[str, Any]) -> None:
    """Draw those weights of a new head that a checkpoint with a head of its own happened to give.

    Args:
        model: a classifier or tagger; changed in place.
        report: the loading information of `from_pretrained`.
    """
    known = set(vanilla_network(model.config).state_dict()) | set(report["missing_keys"])
    known |= {name for name, *_ in report["mismatched_keys"]}
    encoder = {id(parameter) for parameter in model.base_model.parameters()}
    found = [name for name, value in model.named_parameters() if id(value) not in encoder and name not in known]
    if found:
        fresh = type(model)(model.config).state_dict()
        model.load_state_dict({name: fresh[name] for name in found}, strict=False)


def vanilla_network(config: PretrainedConfig) -> PreTrainedModel:
    """Build a masked language model without weights: names and shapes alone, in milliseconds.

    Args:
        config: of its architecture.

    Returns:
        It, on the device `meta`; the bare encoder where the architecture has no masked language model.
    """
    known = type(config) in AutoModelForMaskedLM._model_mapping
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        return (AutoModelForMaskedLM if known else AutoModel).from_config(config)


def _is_of_encoder(model: PreTrainedModel, name: str) -> bool:
    """Tell whether a weight's name is one of the encoder's parts; a bare encoder's names come without prefix."""
    parts: dict[str, nn.Module] = dict(model.base_model.named_children())
    return name.removeprefix(f"{model.base_model_prefix}.").split(".")[0] in parts


def _listed(names: list[str]) -> str:
    weights = "1 weight" if len(names) == 1 else f"{len(names)} weights"
    return f"{weights} ({', '.join(names[:NAMED])}{', ...' if len(names) > NAMED else ''})"
