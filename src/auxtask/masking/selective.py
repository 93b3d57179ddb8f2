"""Selective masking: the tokens that decide the class of their document are masked first."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray
from tqdm.auto import tqdm

from auxtask.data.arrow import flatten_lists
from auxtask.data.copies import text_digests
from auxtask.data.padding import add_token_column
from auxtask.errors import AuxtaskError
from auxtask.ground.encoder_rows import counting_rows, need_rows
from auxtask.ground.files import atomic_path
from auxtask.ground.machine import current_device
from auxtask.ground.padding import pad
from auxtask.ground.tools import Tools
from auxtask.ground.values import check_number, check_whole
from auxtask.masking.collator import Feature, Priorities, TokenMaskingCollator, aligned_column
from auxtask.masking.importance import classify_rows, importances
from auxtask.model.classifier import load
from auxtask.model.fingerprint import fingerprint

SCORES = ("important", "gain")
# Documents that are read together, those of like length.
DOCUMENTS_AT_ONCE = 128


@dataclass
class SelectiveMaskingCollator(TokenMaskingCollator):
    """Mask the tokens that a fine-tuned classifier needs to tell the class of a document (Gu et al. 2020).

    Importances come in the column `importances` that `annotate_importances` adds. Where fewer tokens are important
    than the mask rate asks for, all of them are masked and the others share the rest.

    Args:
        tokenizer, mask_rate, seed, adjust: see `TokenMaskingCollator`.

    Raises:
        AuxtaskError: a document has no importances, or not one for each of its tokens.

    >>> from auxtask.model.loading import load_tokenizer
    >>> feature = {"input_ids": [2, 900, 901, 3], "importances": [float("nan"), 1.0, 0.0, float("nan")]}
    >>> SelectiveMaskingCollator(load_tokenizer("tiny")).priorities(feature).tolist()
    [nan, 1.0, 0.0, nan]
    """

    def priorities(self, feature: Feature) -> Priorities:
        """Rank every token by its importance; special tokens are never masked."""
        return aligned_column(feature, "importances", "annotate_importances(dataset, tools)")


def annotate_importances(
    dataset: Dataset, tools: Tools, delta: float = 0.01, score: str = "important", folds: int = 1
) -> Dataset:
    """Add the column `importances`: what each token does for the class of its document (Gu et al. 2020).

    The classifier is the single-task run of the same seed. A document that it gives another class has equal
    scores, and so has a document without a label: random token masking. The scores are kept in the cache by the
    classifier and the documents.

    Args:
        dataset: one split with `text`, `label` and the columns of `auxtask.data.encoding.encode`, unpadded.
        tools: have the classifier, the cache and the seed that draws the folds.
        delta: a token is important if with it the probability of the class comes so near that of the whole
            document, in [0, 1].
        score: `important`, 0 or 1, or `gain`, what the token adds to the probability (`importances`).
        folds: 1 for one classifier of all documents, as published. More for as many classifiers, each of which
            scores the documents that it has not seen; copies of a text go together.

    Returns:
        The data set with one column more: float32 in [0, 1], aligned with `input_ids`, not a number at special
        tokens.

    Raises:
        AuxtaskError: no document has a label, an option is out of range, or a fold would be empty.
    """
    check_number("delta", delta, "[0, 1]", example=0.01)
    check_whole("folds", folds, least=1, example=5)
    if score not in SCORES:
        raise AuxtaskError(f"score={score!r} is unknown; use {' or '.join(SCORES)}")
    classes = dataset["label"] if "label" in dataset.column_names else [None] * len(dataset)
    labels = np.array([-1 if label is None else label for label in classes], dtype=np.int64)
    if (labels < 0).all():
        raise AuxtaskError("selective masking asks a classifier, and these documents have no labels; use rtm")
    token_ids, offsets = flatten_lists(dataset, "input_ids")
    maskable = flatten_lists(dataset, "word_ids")[0] >= 0
    values = np.where(maskable, 1.0, np.nan).astype(np.float32)
    for rows, folder in _classifiers(dataset, labels, tools, folds):
        parts = [slice(offsets[row], offsets[row + 1]) for row in rows.tolist()]
        documents = _Documents(
            [token_ids[part] for part in parts], [maskable[part] for part in parts], labels[rows]
        )
        scores = _cached_scores(folder, documents, delta, score, tools.cache / "importances")
        for part, of_document in zip(parts, scores, strict=True):
            values[part] = of_document
    return add_token_column(dataset, "importances", values)


@dataclass(frozen=True)
class _Documents:
    """Labelled documents: the token ids of each, which of them can be masked, and the classes."""

    token_ids: list[NDArray[np.int64]]
    maskable: list[NDArray[np.bool_]]
    labels: NDArray[np.int64]


def _classifiers(
    dataset: Dataset, labels: NDArray[np.int64], tools: Tools, folds: int
) -> Iterator[tuple[NDArray[np.int64], Path]]:
    """Give labelled documents by their numbers, and the folder of the classifier that scores them."""
    labelled = np.flatnonzero(labels >= 0)
    if folds == 1:
        yield labelled, tools.fine_tuned()
        return
    from sklearn.model_selection import (
        StratifiedGroupKFold,  # it takes a second, which one classifier does without
    )

    numbers: dict[int, int] = {}
    texts = dataset.select(labelled)["text"]
    groups = [numbers.setdefault(digest, len(numbers)) for digest in text_digests(texts)]
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=tools.seed)
    try:
        parts = [held_out for _, held_out in splitter.split(labelled, labels[labelled], groups)]
    except ValueError as error:
        raise AuxtaskError(f"folds={folds} is more than these documents can be split into; use fewer") from error
    for held_out in parts:
        yield labelled[held_out], tools.fine_tuned(left_out=labelled[held_out].tolist())


def _cached_scores(
    folder: Path, documents: _Documents, delta: float, score: str, cache: Path
) -> list[NDArray[np.float32]]:
    ends = np.cumsum([len(document) for document in documents.token_ids])
    digest = hashlib.sha256(f"2\n{fingerprint(folder)}\n{delta}\n{score}\n".encode())
    content = (ends, np.concatenate(documents.token_ids), np.concatenate(documents.maskable), documents.labels)
    for array in content:
        digest.update(array.tobytes())
    path = cache / f"{digest.hexdigest()[:32]}.npz"
    if path.exists():
        with np.load(path) as kept:
            scores, read = kept["scores"], kept["read"]
        need_rows(*read.tolist())
        return np.split(scores, ends[:-1])
    with counting_rows() as count:
        scores = np.concatenate(_scores(folder, documents, delta, score))
    with atomic_path(path) as temporary:
        np.savez(temporary, scores=scores, read=[count.rows, count.tokens])
    return np.split(scores, ends[:-1])


def _scores(folder: Path, documents: _Documents, delta: float, score: str) -> list[NDArray[np.float32]]:
    """Score the tokens of each document, shape (tokens,), in their order."""
    classify = classify_rows(load(folder, current_device()))
    lengths = np.array([len(document) for document in documents.token_ids])
    by_length = np.argsort(-lengths, kind="stable")
    scores: list[NDArray[np.float32]] = [np.zeros(0, np.float32)] * len(lengths)
    for start in tqdm(range(0, len(lengths), DOCUMENTS_AT_ONCE), desc="Selecting", delay=1):
        chosen = by_length[start : start + DOCUMENTS_AT_ONCE]
        input_ids = pad([documents.token_ids[row] for row in chosen], 0)
        maskable = pad([documents.maskable[row] for row in chosen], 0).astype(bool)
        attended = np.arange(input_ids.shape[1]) < lengths[chosen][:, None]
        found = importances(classify, input_ids, attended, maskable, documents.labels[chosen], delta)
        of_tokens = found.gains if score == "gain" else found.important.astype(np.float64)
        # A document of another class than its own tells nothing of its tokens.
        of_tokens = np.where(found.correct[:, None], of_tokens, 1.0)
        of_tokens[~maskable] = np.nan
        for row, document in zip(chosen.tolist(), of_tokens, strict=True):
            scores[row] = document[: lengths[row]].astype(np.float32)
    return scores
