"""Which tokens decide the class of a document, as a fine-tuned classifier sees it (Gu et al. 2020)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from auxtask.ground.encoder_rows import need_rows
from auxtask.model.classifier import Classifier

Tokens = NDArray[np.int64]
# From token ids and which of them count, both (rows, length), to class probabilities, (rows, classes).
Classify = Callable[[Tokens, NDArray[np.bool_]], NDArray[np.floating]]


@dataclass(frozen=True)
class Importances:
    """What the tokens of some documents do for their class.

    Args:
        correct: whether the whole document is given its class, shape (documents,).
        important: tokens that bring the class as near as the whole document does, shape (documents, length).
        gains: what each token adds to the probability of the class, at least 0, same shape.
    """

    correct: NDArray[np.bool_]
    important: NDArray[np.bool_]
    gains: NDArray[np.float64]


def importances(
    classify: Classify,
    input_ids: Tokens,
    attended: NDArray[np.bool_],
    maskable: NDArray[np.bool_],
    labels: Tokens,
    delta: float,
) -> Importances:
    """Read documents from left to right with a buffer b, and ask what each token does (Gu et al. 2020).

    The buffer is empty at first. Token t is important where P(y|whole) - P(y|b + t) < delta; any other is kept in
    b. Its gain is max(0, P(y|b + t) - P(y|b)). All documents go on together. A token costs a row that is as long
    as the buffer, so that a document costs as many rows as it has tokens, and two more.

    Args:
        classify: gives class probabilities.
        input_ids: padded on the right, shape (documents, length), int64.
        attended: False at padding, same shape.
        maskable: the tokens that are asked for; the others, the special ones, stay in the buffer throughout.
        labels: the classes, shape (documents,), int64.
        delta: in [0, 1].

    Returns:
        The importances; nothing is important, and no gain above 0, where the document is not given its class.

    >>> weights = np.array([0.0, 3.0, 0.5])  # of the tokens 0, 1 and 2, for class 1
    >>> def classify(ids, attended):
    ...     evidence = 1 / (1 + np.exp(1 - (weights[ids] * attended).sum(axis=1)))
    ...     return np.stack([1 - evidence, evidence], axis=1)
    >>> every = np.ones((1, 3), dtype=bool)
    >>> found = importances(classify, np.array([[0, 2, 1]]), every, every, np.array([1]), delta=0.01)
    >>> found.important.tolist(), found.gains.round(4).tolist()
    ([[False, False, True]], [[0.0, 0.1086, 0.5466]])
    """

    def of_class(documents: Tokens, shown: NDArray[np.bool_]) -> NDArray[np.float64]:
        longest = int(shown.sum(axis=1).max(initial=1))
        order = np.argsort(~shown, axis=1, kind="stable")[:, :longest]
        rows = np.take_along_axis(input_ids[documents], order, axis=1)
        probabilities = classify(rows, np.take_along_axis(shown, order, axis=1))
        return probabilities[np.arange(len(documents)), labels[documents]].astype(np.float64)

    probabilities = classify(input_ids, attended)
    whole = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    buffer = attended & ~maskable
    reached = of_class(np.arange(len(labels)), buffer)
    important, gains = np.zeros(maskable.shape, dtype=bool), np.zeros(maskable.shape)
    for position in range(maskable.shape[1]):
        asked = np.flatnonzero(maskable[:, position] & correct)
        if not len(asked):
            continue
        shown = buffer[asked]
        shown[:, position] = True
        found = of_class(asked, shown)
        gains[asked, position] = np.maximum(found - reached[asked], 0)
        suffices = whole[asked] - found < delta
        important[asked, position] = suffices
        kept = asked[~suffices]
        buffer[kept, position], reached[kept] = True, found[~suffices]
    return Importances(correct, important, gains)


def classify_rows(classifier: Classifier) -> Classify:
    """Let a classifier read rows of token ids.

    Args:
        classifier: on its device.

    Returns:
        The function that `importances` takes.
    """

    @torch.inference_mode()
    def classify(input_ids: Tokens, attended: NDArray[np.bool_]) -> NDArray[np.float32]:
        need_rows(len(attended), int(attended.sum()))
        # Some models count positions by what is no padding token, and some read the last that is none.
        rows = np.where(attended, input_ids, classifier.tokenizer.pad_token_id or 0)
        device = classifier.model.device
        mask = torch.from_numpy(attended.astype(np.int64)).to(device)
        logits = classifier.model(input_ids=torch.from_numpy(rows).to(device), attention_mask=mask).logits
        return logits.float().softmax(dim=-1).cpu().numpy()

    return classify
