"""Log-odds masking: words that tell a class from the others are masked more often."""

from typing import Literal, get_args

import numpy as np
from datasets import Dataset

from auxtask.data.word_counts import WordCounts
from auxtask.errors import AuxtaskError
from auxtask.ground.log_odds import log_odds_z_scores
from auxtask.ground.tools import Tools
from auxtask.ground.values import check_number
from auxtask.masking.word_scores import WORD_SCORES

Of = Literal["own", "any"]


def annotate_log_odds(
    dataset: Dataset, tools: Tools | None = None, of: Of = "own", least: float = 0.0, kappa: float = 1.0
) -> Dataset:
    """Add the column `word_scores`: how much each token's word speaks for the class of its document.

    The score is max(0, z) by `log_odds_z_scores`; masking by it is that of KE-MLM (Kawintiranon and Singh 2021).

    Args:
        dataset: one split with the columns of `auxtask.data.encoding.encode` and with `label`, null for documents
            without one: classes are counted over the others alone.
        tools: not needed.
        of: `own`, the class of the document; `any`, the class for which the word speaks most, as for all documents
            without a label.
        least: smaller z-scores count as 0; 1.96 keeps what is significant at 5 %.
        kappa: strength of the prior, above 0.

    Returns:
        The data set with one column more: float32, at least 0, aligned with `input_ids`; not a number outside
        words.

    Raises:
        AuxtaskError: an argument is out of its range, or no document has a label.

    >>> columns = {"input_ids": [[5, 6], [5, 7]], "word_ids": [[0, 1], [0, 1]], "label": [0, 1]}
    >>> [round(score, 4) for score in annotate_log_odds(Dataset.from_dict(columns))["word_scores"][0]]
    [0.0, 0.7481]
    """
    if of not in get_args(Of):
        raise AuxtaskError(f"of={of!r} is unknown; use {' or '.join(get_args(Of))}")
    check_number("least", least, "[0, inf)", example=1.96)
    check_number("kappa", kappa, "(0, inf)", example=1.0)
    labels = dataset["label"] if "label" in dataset.column_names else []
    classes = np.array([-1 if label is None else label for label in labels], dtype=np.int64)
    if not (classes >= 0).any():
        raise AuxtaskError("log-odds masking needs documents with a label, and none has one; use aux=tfidf_words")
    words = WordCounts.of(dataset)
    of_entries, number = classes[words.documents], len(words.pieces)
    counts = np.zeros((classes.max() + 1, number), dtype=np.int64)
    labelled = of_entries >= 0
    np.add.at(counts, (of_entries[labelled], words.types[labelled]), words.counts[labelled])
    evidence = log_odds_z_scores(counts, kappa)
    evidence[evidence < least] = 0
    scores = evidence.max(axis=0)[words.types]
    if of == "own":
        scores = np.where(labelled, evidence[of_entries, words.types], scores)
    return words.add_scores(dataset, WORD_SCORES, scores)
