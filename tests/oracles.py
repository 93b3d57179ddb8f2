"""Naive reference loops: written from the definitions alone, slow, and independent of the code under test."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel


def masked_positions(word_ids: Sequence[int], target: int, metric: str) -> set[int]:
    """The positions masked when `target` is predicted."""
    word = {position for position, index in enumerate(word_ids) if index == word_ids[target]}
    match metric:
        case "original":
            return {target}
        case "whole_word":
            return word
        case "word_l2r":
            return {position for position in word if position >= target}
        case "unmasked":
            return set()
    raise ValueError(metric)


@torch.no_grad()
def naive_predictions(
    model: PreTrainedModel, input_ids: Sequence[int], word_ids: Sequence[int], metric: str, mask_token_id: int
) -> dict[int, NDArray[np.float64]]:
    """One row at a time through the whole stock model: the log-softmax over all tokens, by position."""
    log_probs = {}
    for target, word in enumerate(word_ids):
        if word < 0:
            continue
        masked = masked_positions(word_ids, target, metric)
        row = [mask_token_id if position in masked else token for position, token in enumerate(input_ids)]
        logits = model(input_ids=torch.tensor([row]), attention_mask=torch.ones(1, len(row))).logits
        log_probs[target] = logits[0, target].double().log_softmax(0).numpy()
    return log_probs


def naive_log_probs(
    model: PreTrainedModel, input_ids: Sequence[int], word_ids: Sequence[int], metric: str, mask_token_id: int
) -> NDArray[np.float64]:
    """The logarithm of each token's probability; not a number at special tokens."""
    log_probs = np.full(len(input_ids), np.nan)
    for target, predicted in naive_predictions(model, input_ids, word_ids, metric, mask_token_id).items():
        log_probs[target] = predicted[input_ids[target]]
    return log_probs


def naive_edges(
    documents: Sequence[Sequence[str]], window: int, pair_count: str
) -> tuple[dict[tuple[str, str], float], dict[tuple[int, str], float]]:
    """PMI by pair of words in sorted order and TF-IDF by document and word, window by window with Counters."""
    windows = [
        document[start : start + window]
        for document in documents
        for start in range(max(1, len(document) - window + 1))
    ]
    singles, pairs = Counter(), Counter()
    for words in windows:
        singles.update(set(words))
        tokens = sorted(set(words)) if pair_count == "windows" else words
        pairs.update(tuple(sorted(pair)) for pair in combinations(tokens, 2) if pair[0] != pair[1])
    pmi = {
        (one, other): math.log(count * len(windows) / (singles[one] * singles[other]))
        for (one, other), count in pairs.items()
    }
    frequency = Counter(word for document in documents for word in set(document))
    tfidf = {
        (number, word): count * math.log(len(documents) / frequency[word])
        for number, document in enumerate(documents)
        for word, count in Counter(document).items()
    }
    return {pair: value for pair, value in pmi.items() if value > 0}, {
        edge: value for edge, value in tfidf.items() if value > 0
    }
