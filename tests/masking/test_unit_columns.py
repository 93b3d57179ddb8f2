"""The column `unit_ids` and what is scored under it: N-grams, PMI and words against naive loops, the cache too."""

import functools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from datasets import Dataset
from scipy.stats import chisquare
from transformers import BertConfig, BertForMaskedLM

from auxtask.data.dataset import build_text_dataset
from auxtask.data.encoding import encode, encode_whole
from auxtask.errors import AuxtaskError
from auxtask.likelihood.scorer import PLLScorer
from auxtask.masking.likelihood import L3MaskingCollator, annotate_likelihoods
from auxtask.masking.ngram_units import annotate_ngram_units
from auxtask.masking.pmi_units import annotate_pmi_units
from auxtask.masking.random_units import annotate_random_units
from auxtask.masking.unit_ids import join_units
from auxtask.masking.unit_likelihood import UnitLikelihoodMaskingCollator, annotate_unit_likelihoods
from auxtask.masking.whole_units import WholeUnitMaskingCollator
from auxtask.phrases.extraction import NgramExtractor
from auxtask.phrases.labelers import AllPhraseLabeler
from auxtask.phrases.word_pmi import find_pmi_spans
from auxtask.tasks.base import OwnColumns, prepare
from auxtask.tasks.masking import MaskingTask
from experiments import tools_of
from oracles import naive_log_probs

TEXTS = [
    ("money supply rose and the bank said that rates fell", "finance"),
    ("the bank said that money supply fell in march", "finance"),
    ("a patient with heart failure was given a low dose", "medicine"),
    ("heart failure of the patient and a low dose", "medicine"),
    ("the patient said that the bank gave a low dose of money supply", "medicine"),
]
FURTHER = ["heart failure and money supply rose", "a parser of the sea"]
NGRAMS = NgramExtractor(num_merges=20)


@pytest.fixture
def dataset():
    return build_text_dataset(dict.fromkeys(("train", "valid", "test"), TEXTS), name="few", provenance={})


@pytest.fixture
def model(tokenizer):
    """A random BERT whose likelihoods differ by orders of magnitude."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    return BertForMaskedLM(BertConfig(vocab_size=len(tokenizer), initializer_range=0.4, **sizes)).eval()


@pytest.fixture
def tools(model_folder, model, dataset, tokenizer):
    made = tools_of(model_folder, dataset.label_names)
    return replace(made, scorers=lambda encoder, metric: PLLScorer(model, tokenizer, metric, progress=False))


def naive_units(word_ids, spans, words):
    """Units as sets that are joined pair by pair."""
    unit = list(range(len(word_ids)))
    for at in range(1, len(word_ids)):
        share_word = words == "join" and word_ids[at] == word_ids[at - 1]
        if share_word or any(start < at < end for start, end in spans):
            unit = [unit[at - 1] if each == unit[at] else each for each in unit]
    return [sorted(set(unit)).index(each) for each in unit]


def unlabelled(texts):
    return Dataset.from_dict({"text": texts})


@pytest.mark.parametrize("words", ["join", "ignore"])
@pytest.mark.parametrize("source", ["own_class", "union"])
@pytest.mark.parametrize("max_length", [64, 8])
def test_units_are_what_recognition_labels_joined_with_words(dataset, tools, words, source, max_length):
    encoded = encode(dataset, tools.tokenizer, max_length)["train"]
    found = annotate_ngram_units(encoded, tools, NGRAMS, source, words)["unit_ids"]
    token_ids, word_ids = encode_whole(encoded["text"], tools.tokenizer)
    inventory = NGRAMS.extract(token_ids, encoded["label"], class_names=list(tools.label_names))
    labeler = AllPhraseLabeler(inventory, span_source=source)
    split = joined = 0
    for row, tokens, whole in zip(encoded, token_ids, word_ids, strict=True):
        labels = labeler.label(tokens, row["label"])
        begins = [at for at, label in enumerate(labels) if label.startswith("B")]
        spans = []
        for begin in begins:
            end = begin + 1
            while end < len(labels) and labels[end].startswith("I"):
                end += 1
            spans.append((begin, end))
        units = naive_units(whole, spans, words)
        kept = len(row["input_ids"]) - 2
        assert found[encoded["text"].index(row["text"])] == [-1, *units[:kept], -1]
        joined += len(set(units)) < len(set(whole))
        split += len({*zip(whole, units, strict=True)}) > len(set(whole))
    assert joined > 0
    assert (split > 0) == (words == "ignore")


def test_documents_cut_on_the_left_keep_the_units_of_their_end(dataset, model_folder):
    tools = tools_of(model_folder, dataset.label_names)
    whole = annotate_ngram_units(encode(dataset, tools.tokenizer, None)["train"], tools, NGRAMS)["unit_ids"]
    tools.tokenizer.truncation_side = "left"
    cut = annotate_ngram_units(encode(dataset, tools.tokenizer, 8)["train"], tools, NGRAMS)["unit_ids"]
    for row, expected in zip(cut, whole, strict=True):
        assert row == [-1, *expected[-7:]]


def test_where_no_span_joins_words_units_are_words(dataset, tools):
    for row in encode(dataset, tools.tokenizer, None)["train"]["word_ids"]:
        assert join_units(row[1:-1], []).tolist() == row[1:-1]


def test_unlabelled_documents_have_the_n_grams_of_any_class_and_teach_none(dataset, tools):
    encoded = encode(dataset, tools.tokenizer, 64)["train"]
    labelled = annotate_ngram_units(encoded, tools, NGRAMS)["unit_ids"][:]
    task = MaskingTask(WholeUnitMaskingCollator, functools.partial(annotate_ngram_units, extractor=NGRAMS))
    prepared = prepare(dataset, {"units": task}, replace(tools, unlabelled=unlabelled(FURTHER)), 64)
    assert prepared.documents["train"]["units/unit_ids"][:] == labelled
    further = prepared.tasks["units"].collator.draw.documents
    tokens, words = encode_whole(FURTHER, tools.tokenizer)
    inventory = NGRAMS.extract(*[encode_whole(encoded["text"], tools.tokenizer)[0], encoded["label"]])
    for row, of_row, ids in zip(further["unit_ids"], words, tokens, strict=True):
        spans = [(start, start + len(ngram)) for start, ngram in inventory.spans(ids)]
        assert row[1:-1] == naive_units(of_row, spans, "join")
    # An N-gram of each class in one document.
    assert len(set(further["unit_ids"][0])) < len(set(words[0]))


def test_without_any_label_n_grams_are_those_of_the_corpus(dataset, tools):
    encoded = encode(unlabelled([text for text, _ in TEXTS]), tools.tokenizer, None)
    windows = encoded.remove_columns("text")
    found = annotate_ngram_units(windows, tools, NGRAMS)["unit_ids"][:]
    assert found == annotate_ngram_units(encoded, tools, NGRAMS)["unit_ids"][:]
    tokens, words = encode_whole(encoded["text"], tools.tokenizer)
    inventory = NgramExtractor(num_merges=20, scope="corpus").extract(tokens, [0] * len(tokens))
    for row, of_row, ids in zip(found, words, tokens, strict=True):
        spans = [(start, start + len(ngram)) for start, ngram in inventory.spans(ids)]
        assert row[1:-1] == naive_units(of_row, spans, "join")


@pytest.mark.parametrize("metric", ["word_l2r", "whole_word"])
def test_likelihoods_of_units_equal_a_naive_loop(dataset, tools, model, metric):
    encoded = encode(dataset, tools.tokenizer, 64)["train"]
    units = functools.partial(annotate_ngram_units, extractor=NGRAMS)
    annotated = annotate_unit_likelihoods(encoded, tools, units, metric)
    assert set(annotated.column_names) == {*encoded.column_names, "unit_ids", "likelihoods"}
    differing = 0
    for row in annotated:
        expected = np.exp(naive_log_probs(model, row["input_ids"], row["unit_ids"], metric, 4))
        np.testing.assert_allclose(row["likelihoods"], expected, rtol=1e-4)
        by_words = np.exp(naive_log_probs(model, row["input_ids"], row["word_ids"], metric, 4))
        differing += np.nanmax(np.abs(by_words - expected) / expected) > 1e-3
        # The chain rule: the product of a unit is that of reading it from left to right, its rest masked.
        pooled = UnitLikelihoodMaskingCollator(tools.tokenizer).priorities(row)
        for unit in set(row["unit_ids"]) - {-1}:
            inside = np.flatnonzero(np.array(row["unit_ids"]) == unit)
            score = 1 - np.prod(expected[inside]) ** (1 / len(inside))
            np.testing.assert_allclose(pooled[inside], score, rtol=1e-6)
    assert differing > 0


def test_other_boundaries_read_no_wrong_entry_of_the_cache(dataset, tools, model, tmp_path):
    scorer = PLLScorer(model, tools.tokenizer, cache=tmp_path, progress=False)
    kept = replace(tools, scorers=lambda encoder, metric: scorer)
    encoded = encode(dataset, tools.tokenizer, 64)["train"]
    annotate_likelihoods(encoded, kept)
    seen = {tuple(row) for row in encoded["word_ids"]}
    settings = [
        {"extractor": NGRAMS, "span_source": "own_class"},
        {"extractor": NGRAMS, "span_source": "union"},
        {"extractor": NGRAMS, "words": "ignore"},
        {"extractor": NgramExtractor(num_merges=2)},
    ]
    for setting in [*settings, settings[0]]:
        units = functools.partial(annotate_ngram_units, **setting)
        expected = annotate_unit_likelihoods(encoded, tools, units)
        found = annotate_unit_likelihoods(encoded, kept, units)
        for one, other in zip(found["likelihoods"], expected["likelihoods"], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)
        # A document is scored once under each of its partitions, whatever setting it came from.
        partitions = {tuple(row) for row in found["unit_ids"]}
        assert len(encoded) - scorer.summary.cached_documents == len(partitions - seen)
        seen |= partitions
    assert len(seen) > 2 * len(encoded)


def test_strategies_side_by_side_read_their_own_columns(dataset, tools):
    units = functools.partial(annotate_ngram_units, extractor=NGRAMS)
    likely = functools.partial(annotate_unit_likelihoods, units=units)
    collators = {
        "ngram_units": (UnitLikelihoodMaskingCollator, likely),
        "ngram_units_uniform": (WholeUnitMaskingCollator, units),
        "bounds": (L3MaskingCollator, likely),
        "pmi": (WholeUnitMaskingCollator, functools.partial(annotate_pmi_units, min_count=2)),
    }
    tasks = {
        name: MaskingTask(functools.partial(kind, mask_rate=0.3), add) for name, (kind, add) in collators.items()
    }
    prepared = prepare(dataset, tasks, tools, 32)
    train = prepared.documents["train"]
    for name, task in prepared.tasks.items():
        labels = OwnColumns(task.collator, name)(list(train))["labels"].numpy() != -100
        assert labels.any()
        whole = [
            set(row[: len(units)][np.array(units) == unit].tolist())
            for row, units in zip(labels, train[f"{name}/unit_ids"], strict=True)
            for unit in set(units)
        ]
        assert all(len(each) == 1 for each in whole) == (name != "bounds"), name


def test_pmi_units_are_the_spans_found_joined_with_words(dataset, tools):
    encoded = encode(dataset, tools.tokenizer, 12)["train"]
    found = annotate_pmi_units(encoded, tools, coverage=0.4, min_count=2)["unit_ids"]
    token_ids, word_ids = encode_whole(encoded["text"], tools.tokenizer)
    documents = [
        [tuple(np.array(tokens)[np.array(words) == word].tolist()) for word in range(max(words) + 1)]
        for tokens, words in zip(token_ids, word_ids, strict=True)
    ]
    spans = find_pmi_spans(documents, coverage=0.4, min_count=2)
    assert any(
        len({words[at] for at in range(*span)}) > 1
        for words, row in zip(word_ids, spans, strict=True)
        for span in row
    )
    for row, words, of_row in zip(found, word_ids, spans, strict=True):
        assert row == [-1, *naive_units(words, of_row, "join")[: len(row) - 2], -1]


def test_random_units_have_the_lengths_of_others_at_any_place(tools):
    # Ten tokens, with units of three and of two among them: 7 x 6 placements.
    fixed = [-1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, -1]
    rows = [[2, *np.random.default_rng(row).integers(20, 90, size=10).tolist(), 3] for row in range(840)]
    documents = Dataset.from_dict({"input_ids": rows, "word_ids": [[-1, *range(10), -1]] * len(rows)})

    def drawn(seed):
        units = annotate_random_units(
            documents,
            replace(tools, seed=seed),
            lambda given, _: given.add_column("unit_ids", [fixed] * len(rows)),
        )
        return units["unit_ids"][:]

    found = drawn(0)
    assert found == drawn(0) != drawn(1)
    places = Counter()
    for row in found:
        assert row[0] == row[-1] == -1
        lengths = np.bincount(row[1:-1])
        assert sorted(lengths) == [1, 1, 1, 1, 1, 2, 3]
        places[int(lengths.argmax()), int((lengths == 2).argmax())] += 1
    assert len(places) == 42
    assert chisquare(list(places.values())).pvalue > 1e-6


def test_arguments_are_checked_at_the_door(dataset, tools):
    encoded = encode(dataset, tools.tokenizer, 12)["train"]
    with pytest.raises(AuxtaskError, match="span_source='all' is unknown; use own_class or union"):
        annotate_ngram_units(encoded, tools, NGRAMS, span_source="all")
    with pytest.raises(AuxtaskError, match="words='split' is unknown; use join or ignore"):
        annotate_ngram_units(encoded, tools, NGRAMS, words="split")
    with pytest.raises(AuxtaskError, match=r"coverage=1 is outside \(0, 1\)"):
        annotate_pmi_units(encoded, tools, coverage=1)
    with pytest.raises(AuxtaskError, match="min_count=0 is below 1"):
        annotate_pmi_units(encoded, tools, min_count=0)
    with pytest.raises(AuxtaskError, match="score='cubed' is unknown; use squared or plain"):
        annotate_pmi_units(encoded, tools, score="cubed")
