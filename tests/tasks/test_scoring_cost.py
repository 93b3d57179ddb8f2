"""What scores cost before training: counts by hand, and the rows that the encoder's own embeddings see."""

from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest
from datasets import Dataset, DatasetDict
from torch.nn import Embedding
from torch.nn.modules.module import register_module_forward_pre_hook
from transformers import BertConfig, BertForSequenceClassification

from auxtask.data.encoding import encode
from auxtask.data.word_counts import WordCounts
from auxtask.likelihood.scorer import PLLScorer
from auxtask.masking.difference import annotate_difference
from auxtask.masking.entropy import EntropyMaskingCollator, annotate_uncertainties
from auxtask.masking.likelihood import L3MaskingCollator, annotate_likelihoods
from auxtask.masking.random import RTMCollator
from auxtask.masking.selective import SelectiveMaskingCollator, annotate_importances
from auxtask.masking.unit_likelihood import UnitLikelihoodMaskingCollator, annotate_unit_likelihoods
from auxtask.masking.word_scores import WordScoreCollator
from auxtask.tasks.masking import MaskingTask
from experiments import tools_of


@pytest.fixture
def splits(tokenizer, sentences):
    # The first sentence again: equal documents are scored once. Five times each, so that words can be anchors.
    texts = [*sentences, sentences[0]] * 5
    columns = {"text": texts, "label": [0, 1] * (len(texts) // 2) + [0] * (len(texts) % 2)}
    return DatasetDict({"train": encode(Dataset.from_dict(columns), tokenizer, max_length=None)})


@pytest.fixture
def tools(tokenizer, model_folder, tmp_path):
    folder = tmp_path / "classifier"
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertForSequenceClassification(BertConfig(vocab_size=len(tokenizer), **sizes)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return tools_of(model_folder, ["a", "b"], cache=tmp_path / "cache", fine_tuned=lambda: folder)


@contextmanager
def rows_seen(tokenizer):
    """Note the lengths of rows that reach a table of word embeddings, whoever calls the model.

    A model that is loaded reads random tokens to be checked; documents begin with their special token.
    """
    rows = []

    def note(module, inputs):
        if isinstance(module, Embedding) and module.num_embeddings == len(tokenizer):
            documents = inputs[0][:, 0] == tokenizer.cls_token_id
            rows.extend([inputs[0].shape[1]] * int(documents.sum()))

    handle = register_module_forward_pre_hook(note)
    try:
        yield rows
    finally:
        handle.remove()


def distinct_documents(split):
    found = {tuple(ids): words for ids, words in zip(split["input_ids"], split["word_ids"], strict=True)}
    return [(len(ids), sum(word >= 0 for word in words), len({*words} - {-1})) for ids, words in found.items()]


def words_as_units(split, tools):
    return split.add_column("unit_ids", split["word_ids"])


@pytest.mark.parametrize(
    ("masking", "annotate", "rows_of"),
    [
        (RTMCollator, None, lambda tokens, words: 0),
        (L3MaskingCollator, annotate_likelihoods, lambda tokens, words: tokens),
        (L3MaskingCollator, partial(annotate_likelihoods, metric="whole_word"), lambda tokens, words: words),
        (EntropyMaskingCollator, annotate_uncertainties, lambda tokens, words: tokens),
        (EntropyMaskingCollator, partial(annotate_uncertainties, metric="unmasked"), lambda tokens, words: 1),
        (UnitLikelihoodMaskingCollator, partial(annotate_unit_likelihoods, units=words_as_units),
         lambda tokens, words: tokens),
    ],
)  # fmt: skip
def test_rows_are_those_of_the_definition_and_those_that_are_read(
    masking, annotate, rows_of, splits, tools, tokenizer
):
    documents = distinct_documents(splits["train"])
    expected = sum(rows_of(tokens, words) for _, tokens, words in documents)
    expected_tokens = sum(length * rows_of(tokens, words) for length, tokens, words in documents)
    with rows_seen(tokenizer) as seen:
        facts = MaskingTask(masking, annotate).prepare(splits, tools).facts
    assert (len(seen), sum(seen)) == (expected, expected_tokens)
    assert facts["rows_per_document"] == pytest.approx(expected / len(splits["train"]))
    assert facts.get("tokens_per_row") == (pytest.approx(expected_tokens / expected) if expected else None)


def test_what_the_cache_knows_costs_the_same(splits, tools, tokenizer, masked_lm, tmp_path):
    def scorers(encoder, metric):
        return PLLScorer(masked_lm, tokenizer, metric, max_length=10, cache=tmp_path / "scores", progress=False)

    task = MaskingTask(L3MaskingCollator, annotate_likelihoods)
    facts, read = [], []
    for _ in range(2):
        with rows_seen(tokenizer) as seen:
            facts.append(task.prepare(splits, replace(tools, scorers=scorers)).facts)
        read.append(len(seen))
    assert facts[0] == facts[1]
    # Windows overlap, but each token is asked for in one of them.
    assert read == [round(facts[0]["rows_per_document"] * len(splits["train"])), 0]
    assert read[0] == sum(tokens for _, tokens, _ in distinct_documents(splits["train"]))
    assert facts[0]["tokens_per_row"] <= 10


def test_difference_masking_reads_each_word_and_each_anchor_once(splits, tools, tokenizer):
    annotate = partial(annotate_difference, anchors=4)
    with rows_seen(tokenizer) as seen:
        facts = MaskingTask(WordScoreCollator, annotate).prepare(splits, tools).facts
    words = len(WordCounts.of(splits["train"]).pieces)
    assert len(seen) == words + 4
    assert facts["rows_per_document"] == pytest.approx((words + 4) / len(splits["train"]))


def test_selective_masking_keeps_what_it_has_read(splits, tools, tokenizer):
    facts, read = [], []
    for _ in range(2):
        with rows_seen(tokenizer) as seen:
            facts.append(MaskingTask(SelectiveMaskingCollator, annotate_importances).prepare(splits, tools).facts)
        read.append(len(seen))
    assert facts[0] == facts[1]
    assert read == [round(facts[0]["rows_per_document"] * len(splits["train"])), 0]
    # Two for each document, and one for each token of those that get their class.
    lengths = [sum(word >= 0 for word in words) for words in splits["train"]["word_ids"]]
    assert 2 * len(lengths) <= read[0] < 2 * len(lengths) + sum(lengths)
