"""Units of words that occur together more often than their parts explain (PMI-Masking)."""

from typing import cast, get_args

from datasets import Dataset

from auxtask.errors import AuxtaskError
from auxtask.ground.tools import Tools
from auxtask.ground.values import check_number, check_whole
from auxtask.masking.unit_ids import add_unit_ids, join_units, whole_documents
from auxtask.phrases.segmentation import Ngram, to_units
from auxtask.phrases.word_pmi import Score, find_pmi_spans


def annotate_pmi_units(
    dataset: Dataset, tools: Tools, coverage: float = 0.5, min_count: int = 10, score: Score = "squared"
) -> Dataset:
    """Add the column `unit_ids`: N-grams of two to five words of high PMI, and single words (Levine et al. 2021).

    Counted in all documents given, whole; they are truncated afterwards.

    Args:
        dataset: one split with the columns of `auxtask.data.encoding.encode`.
        tools: have the tokenizer.
        coverage: the share of all tokens in N-grams, in (0, 1), which says how many N-grams there are.
        min_count: rarer N-grams are left out.
        score: what N-grams are ranked by, `squared` or `plain`, see `auxtask.phrases.word_pmi.pmi_scores`.

    Returns:
        The data set with one column more.

    Raises:
        AuxtaskError: an argument is out of its range.
    """
    check_number("coverage", coverage, "(0, 1)", example=0.5)
    check_whole("min_count", min_count, least=1, example=10)
    if score not in get_args(Score):
        raise AuxtaskError(f"score={score!r} is unknown; use {' or '.join(get_args(Score))}")
    token_ids, word_ids = whole_documents(dataset, tools)
    documents = [
        cast("list[Ngram]", to_units(tokens, of_words, "cross_word"))
        for tokens, of_words in zip(token_ids, word_ids, strict=True)
    ]
    found = find_pmi_spans(documents, coverage, min_count, score)
    units = (join_units(of_words, spans) for of_words, spans in zip(word_ids, found, strict=True))
    return add_unit_ids(dataset, units, tools.tokenizer.truncation_side)
