"""Do the auxiliary tasks pull the shared encoder where the main task does? Their gradients, measured."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from accelerate.utils import send_to_device
from datasets import Dataset
from torch import Tensor

from auxtask.ground.names import MAIN
from auxtask.model.heads import evaluating
from auxtask.model.multitask import MultiTaskModel, apart
from auxtask.training.batches import share_target_counts
from auxtask.training.gradients import gram_matrix, task_gradients


def gradient_alignment(
    network: MultiTaskModel,
    collate: Callable[[Sequence[Mapping[str, Any]]], dict[str, dict[str, Tensor]]],
    documents: Dataset,
    batch_size: int,
) -> dict[str, dict[str, float]]:
    """Compare the gradient of each auxiliary task with that of the main task, over the shared encoder.

    Gradients are of the mean losses over all targets in the documents, without dropout, in float32 and before any
    weight: Du et al. (2018) keep an
    auxiliary task where the cosine is positive alone.

    Args:
        network: is left as it was, its gradients included.
        collate: documents to a batch with a part for each task, as in training.
        documents: training documents, as from `spread_documents`.
        batch_size: documents of a pass.

    Returns:
        By auxiliary task `gradient_cosine`, in [-1, 1], and `gradient_norm_ratio`, the length of its gradient over
        that of the main task's; nothing for a task without a gradient.
    """
    encoder = [each for each in network.classifier.base_model.parameters() if each.requires_grad]
    batches: list[dict[str, Any]] = [
        dict(collate([documents[at] for at in range(start, min(start + batch_size, len(documents)))]))
        for start in range(0, len(documents), batch_size)
    ]
    share_target_counts(batches)
    sums: dict[str, list[Tensor | None]] = {}
    with evaluating(network):
        for batch in batches:
            for part in apart(send_to_device(batch, network.classifier.device)):
                with torch.enable_grad():
                    losses = network(part)["losses"]
                for name, gradients in task_gradients(losses, encoder).items():
                    sums[name] = _added(sums[name], gradients) if name in sums else gradients
    gram = gram_matrix(list(sums.values()))
    norms = dict(zip(sums, gram.diagonal().sqrt().tolist(), strict=True))
    main = list(sums).index(MAIN)
    return {
        name: {
            "gradient_cosine": float(gram[main, at]) / (norms[name] * norms[MAIN]),
            "gradient_norm_ratio": norms[name] / norms[MAIN],
        }
        for at, name in enumerate(sums)
        if name != MAIN and norms[name] * norms[MAIN] > 0
    }


def _added(sums: Sequence[Tensor | None], gradients: Sequence[Tensor | None]) -> list[Tensor | None]:
    return [
        one if other is None else other if one is None else one + other
        for one, other in zip(sums, gradients, strict=True)
    ]
