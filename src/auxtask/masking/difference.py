"""Difference-Masking: words near to those that set a text apart from general text are masked more often."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor
from torch.nn.functional import normalize
from transformers import BatchEncoding

from auxtask.data.document_frequencies import DocumentFrequencies, general_frequencies
from auxtask.data.encoding import NO_WORD, encode_texts, frame_ids
from auxtask.data.word_counts import WordCounts
from auxtask.errors import AuxtaskError
from auxtask.ground.encoder_rows import need_rows
from auxtask.ground.machine import current_device, is_main_process
from auxtask.ground.tools import Tools
from auxtask.ground.values import check_whole
from auxtask.masking.word_scores import WORD_SCORES
from auxtask.model.encoding import encode_all, mean_vector
from auxtask.model.loading import load_encoder

Shape = Literal["rank", "cosine"]

# An anchor has letters alone and stands so often in the text.
LEAST_OCCURRENCES = 5
# Similarities are kept to so many digits: the same vector from another batch differs in the seventh.
DIGITS = 6


def tf_icf(occurrences: NDArray[np.int64], held_by: NDArray[np.int64], texts: int) -> NDArray[np.float64]:
    """Weigh words that are frequent here and rare in general text.

    tf ln((N + 1) / (n + 1)): term frequency, inverse corpus frequency.

    Args:
        occurrences: tf, how often each word stands in the text, shape (words,).
        held_by: n, how many general texts hold it, shape (words,).
        texts: N, general texts.

    Returns:
        At least 0, shape (words,).

    >>> tf_icf(np.array([30, 500]), np.array([20, 95_000]), 100_000).round(1).tolist()
    [254.1, 25.6]
    """
    return np.multiply(occurrences, np.log((texts + 1) / (held_by + 1)), dtype=np.float64)


def find_anchors(
    words: WordCounts, spelled: Sequence[str], general: DocumentFrequencies, number: int
) -> NDArray[np.int64]:
    """Find the words that set a text apart: those with the highest `tf_icf`.

    Args:
        words: of the text.
        spelled: each word type as it is written.
        general: what words are compared with.
        number: how many are wanted, at least 1; of equal weights the first by token ids go before.

    Returns:
        Word types, the heaviest first, shape (at most `number`,): words of letters alone that stand 5 times.

    Raises:
        AuxtaskError: there is no such word.
    """
    letters = np.array([word.isalpha() for word in spelled], dtype=bool)
    candidates = np.flatnonzero(letters & (words.totals >= LEAST_OCCURRENCES))
    if not len(candidates):
        raise AuxtaskError(
            f"no word of letters stands {LEAST_OCCURRENCES} times in {words.num_documents:,} documents, so none "
            "can be an anchor of Difference-Masking; give more text or use another aux, such as tfidf_words"
        )
    held_by = np.array([general.held_by(spelled[word]) for word in candidates.tolist()])
    weights = tf_icf(words.totals[candidates], held_by, general.texts)
    return candidates[np.argsort(-weights, kind="stable")[:number]]


@torch.no_grad()
def similarities(words: WordCounts, anchors: NDArray[np.int64], tools: Tools) -> NDArray[np.float64]:
    """Compare each word with the anchor that is most like it.

    A word's vector is the mean over its tokens of the vanilla encoder's last hidden states, where the word stands
    alone between special tokens: one short row a word type.

    Args:
        words: of the text.
        anchors: word types, at least one.
        tools: have the encoder and the tokenizer.

    Returns:
        The highest cosine over the anchors, in [-1, 1], shape (word types,).
    """
    device = current_device()
    encoder = load_encoder(tools.scored_by or tools.encoder).to(device)  # type: ignore[arg-type]
    frame = torch.tensor(sorted(frame_ids(tools.tokenizer)), device=device)
    alone = encode_texts(["a"], tools.tokenizer, None)
    inside = np.flatnonzero(np.array(alone["word_ids"][0]) != NO_WORD)
    before, behind = alone["input_ids"][0][: inside[0]], alone["input_ids"][0][inside[-1] + 1 :]
    rows = [[*before, *pieces, *behind] for pieces in words.pieces]
    read = [*(rows[each] for each in anchors), *rows]
    need_rows(len(read), sum(map(len, read)))

    def vectors(batch: BatchEncoding) -> Tensor:
        hidden_states = encoder(batch["input_ids"], attention_mask=batch["attention_mask"])[0]
        return normalize(mean_vector(hidden_states, ~torch.isin(batch["input_ids"], frame)), dim=-1)

    def encode(batch: BatchEncoding) -> tuple[Tensor]:
        return ((vectors(batch) @ of_anchors.T).amax(dim=-1),)

    [of_anchors] = encode_all(
        lambda batch: (vectors(batch),), [rows[each] for each in anchors], tools.tokenizer, device
    )
    [found] = encode_all(encode, rows, tools.tokenizer, device)
    return found.cpu().numpy().astype(np.float64).round(DIGITS)


def ranked(values: NDArray[np.float64], documents: NDArray[np.int64]) -> NDArray[np.float64]:
    """Rank values within each document: 1 for the smallest, equal ones share the mean of their ranks.

    Args:
        values: shape (entries,).
        documents: of each entry, ascending, shape (entries,).

    Returns:
        Shape (entries,).

    >>> ranked(np.array([0.8, 0.96, 0.96, 0.5]), np.array([0, 0, 0, 1])).tolist()
    [1.0, 2.5, 2.5, 1.0]
    """
    edges = [0, *(np.flatnonzero(np.diff(documents)) + 1).tolist(), len(documents)]
    return np.concatenate([rankdata(values[start:stop]) for start, stop in pairwise(edges)])


def annotate_difference(
    dataset: Dataset,
    tools: Tools,
    general: str | Path | None = None,
    anchors: int = 20,
    shape: Shape = "rank",
) -> Dataset:
    """Add the column `word_scores`: how near each token's word is to the anchors of the text.

    Difference-Masking (Wilf et al. 2023): anchors are words that are frequent in the task's text and rare in
    general text (`tf_icf`), and a word counts by its similarity to the anchor that is most like it. Says which
    they are.

    Args:
        dataset: one split with the columns of `auxtask.data.encoding.encode`.
        tools: have the tokenizer, the vanilla encoder and the cache.
        general: file or folder of general text, as `auxtask.data.texts.read_texts` takes it; None for the table of
            general English that is shipped.
        anchors: how many there are, at least 1.
        shape: `rank`: of the m distinct words of a document the nearest has the score m, the farthest 1, equally
            near ones share the mean; `cosine`: the similarity, 0 where it is negative. Vectors of a masked
            language model are much alike, so with `cosine` masking is nearly random.

    Returns:
        The data set with one column more: float32, at least 0, aligned with `input_ids`; not a number outside
        words.

    Raises:
        AuxtaskError: an argument is out of its range, the general text cannot be read, or no word can be an
            anchor.
    """
    check_whole("anchors", anchors, least=1, example=20)
    if shape not in get_args(Shape):
        raise AuxtaskError(f"shape={shape!r} is unknown; use {' or '.join(get_args(Shape))}")
    words = WordCounts.of(dataset)
    spelled = words.spelled(tools.tokenizer)
    found = find_anchors(words, spelled, general_frequencies(general, tools.cache), anchors)
    if is_main_process():
        print(f"anchors of Difference-Masking: {', '.join(spelled[word] for word in found)}", flush=True)
    similarity = similarities(words, found, tools)[words.types]
    if shape == "rank":
        return words.add_scores(dataset, WORD_SCORES, ranked(similarity, words.documents))
    return words.add_scores(dataset, WORD_SCORES, np.maximum(similarity, 0))
