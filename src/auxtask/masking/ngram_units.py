"""Units that the N-grams of the training text make."""

from dataclasses import replace
from typing import get_args

from datasets import Dataset

from auxtask.errors import AuxtaskError
from auxtask.ground.tools import Tools
from auxtask.masking.unit_ids import Words, add_unit_ids, join_units, whole_documents
from auxtask.phrases.extraction import NgramExtractor
from auxtask.phrases.labelers import SpanSource


def annotate_ngram_units(
    dataset: Dataset,
    tools: Tools,
    extractor: NgramExtractor,
    span_source: SpanSource = "own_class",
    words: Words = "join",
) -> Dataset:
    """Add the column `unit_ids`: neighbouring tokens are in one unit if they share an N-gram or a word.

    N-grams are learned in the labelled documents; where no document has a label, in all. Documents are whole when
    N-grams are learned and found, and truncated afterwards.

    Args:
        dataset: one split with the columns of `auxtask.data.encoding.encode`, and `label` where there are labels;
            None is that of an unlabelled document.
        tools: have the tokenizer and the names of the classes.
        extractor: finds the N-grams.
        span_source: `own_class` finds the N-grams of a labelled document with the merges of its class; `union`, as
            in unlabelled documents, takes the longest N-gram of any class.
        words: `join` keeps words whole; with `ignore` units are N-grams and single tokens.

    Returns:
        The data set with one column more.

    Raises:
        AuxtaskError: `span_source` or `words` is unknown, or there is no N-gram.
    """
    for name, value, kind in (("span_source", span_source, SpanSource), ("words", words, Words)):
        if value not in get_args(kind):
            raise AuxtaskError(f"{name}={value!r} is unknown; use {' or '.join(get_args(kind))}")
    token_ids, word_ids = whole_documents(dataset, tools)
    classes = dataset["label"][:] if "label" in dataset.column_names else [None] * len(dataset)
    labelled = [row for row, document_class in enumerate(classes) if document_class is not None]
    learned_in = labelled or range(len(dataset))
    inventory = (extractor if labelled else replace(extractor, scope="corpus")).extract(
        [token_ids[row] for row in learned_in],
        [classes[row] or 0 for row in learned_in],
        word_ids=[word_ids[row] for row in learned_in],
        class_names=list(tools.label_names),
        tokenizer=tools.tokenizer,
    )
    units = []
    for tokens, of_words, document_class in zip(token_ids, word_ids, classes, strict=True):
        source = document_class if span_source == "own_class" else None
        found = inventory.spans(tokens, source, of_words)
        spans = [(start, start + len(ngram)) for start, ngram in found]
        units.append(join_units(of_words, spans, words))
    return add_unit_ids(dataset, units, tools.tokenizer.truncation_side)
