"""What masked language modelling begins with and what it leaves: an encoder that may lack a head, and its rest."""

from pathlib import Path
from typing import Any

from torch import Tensor
from transformers import AutoModel, AutoModelForMaskedLM, PreTrainedModel

from auxtask.model.loading import called, load_with_report
from auxtask.model.probe import check_parts
from auxtask.model.weights import check_weights, vanilla_network, without_new_head


def load_masked_lm_or_new_head(name: str | Path, **overrides: Any) -> tuple[PreTrainedModel, bool]:
    """Load a masked language model of an encoder that may have no vocabulary head.

    Args:
        name: as for `resolve`.
        **overrides: fields of the model's configuration that are to differ.

    Returns:
        A stock `AutoModelForMaskedLM` in eval mode and float32, and whether its head is new, with random weights.

    Raises:
        AuxtaskError: it cannot be loaded, lacks weights of its encoder or a part of its head, or its architecture
            cannot be used.
    """
    model, report = load_with_report(AutoModelForMaskedLM, name, **overrides)
    encoder = {id(parameter) for parameter in model.base_model.parameters()}
    head = {key for key, value in model.named_parameters() if id(value) not in encoder}
    new_head = bool(head) and head <= set(report["missing_keys"])
    mend = "use a whole checkpoint, or one without any weight of the head: then a head is made"
    check_weights(model, without_new_head(model, report) if new_head else report, called(name), mend)
    check_parts(model, called(name))
    return model, new_head


def weights_beside_masked_lm(name: str | Path) -> dict[str, Tensor]:
    """Give what a checkpoint has in its encoder and no masked language model reads: BERT's pooling layer.

    Args:
        name: as for `resolve`.

    Returns:
        Weights by their names in a checkpoint of a model with a head; none where all is read.

    Raises:
        AuxtaskError: it cannot be loaded.
    """
    encoder, report = load_with_report(AutoModel, name)
    read = set(vanilla_network(encoder.config).base_model.state_dict()) | set(report["missing_keys"])
    return {
        f"{encoder.base_model_prefix}.{key}": value
        for key, value in encoder.state_dict().items()
        if key not in read
    }
