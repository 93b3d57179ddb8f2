"""Counts against naive loops, and against the numbers known of the real data sets."""

import unicodedata

import pytest
from hydra.utils import instantiate
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from auxtask.data.copies import copies_in_test, repeated_texts
from auxtask.data.counts import counts_line, document_counts, token_counts
from auxtask.data.dataset import SPLITS, build_text_dataset
from auxtask.data.encoding import encode
from auxtask.ground.files import config_folder

WORDS = ["A", "a", "é", "e\u0301", "ﬁ", "fi", "\u00a0", " ", "\n", "Ａ", "b"]


def naive_key(text):
    text = unicodedata.normalize("NFKC", text).lower()
    while "  " in (text := "".join(" " if mark.isspace() else mark for mark in text)):
        text = text.replace("  ", " ")
    return text.strip()


texts = st.lists(st.lists(st.sampled_from(WORDS), max_size=4).map("".join), max_size=6)


@settings(max_examples=300, deadline=None)
@given(texts, texts, texts)
def test_copies_are_those_of_a_naive_loop(train, valid, test):
    found = copies_in_test({"train": train, "valid": valid, "test": test})
    seen = [naive_key(text) for text in train], [naive_key(text) for text in train + valid]
    for where, keys in zip(("train", "train_or_valid"), seen, strict=True):
        assert found[where].tolist() == [naive_key(text) in keys for text in test]


@settings(max_examples=100, deadline=None)
@given(texts)
def test_repeated_texts_are_those_of_a_naive_loop(test):
    keys = [naive_key(text) for text in test]
    expected = [[at for at, other in enumerate(keys) if other == key] for key in dict.fromkeys(keys)]
    assert repeated_texts(test) == [group for group in expected if len(group) > 1]


def build(train, valid, test, **provenance):
    splits = {"train": train, "valid": valid, "test": test}
    return build_text_dataset(splits, name="films", provenance=provenance)


def test_each_count_of_a_data_set_that_has_them_all():
    train = [("one", "a"), ("two", "a"), ("three", "A "), ("four", "b"), ("five", "c"), ("six", "c")]
    intake = {"train": {"rows": 9, "no_text": 2, "no_label": 1, "layout": ""}}
    dataset = build(train, [("VALID", "a")], [("  ONE", "b"), ("valid", "a"), ("new", "A ")], intake=intake)
    counts = document_counts(dataset)
    assert counts == {
        "documents": {"train": 6, "valid": 1, "test": 3},
        "dropped": 3,
        "copies": {"train": 1, "train_or_valid": 2},
        "absent_classes": ["c"],
        "single_document_classes": ["A ", "b"],
        "label_variants": [["A ", "a"]],
    }
    assert counts_line("films", counts) == (
        "films: 6 train, 1 valid and 3 test documents; 3 rows without text or label dropped; 2 test documents are "
        "also in train or valid (1 in train); 1 of the classes not in test: 'c'; 2 of the classes with one train "
        "document: 'A ', 'b'; labels that differ by white space or case alone: 'A ' = 'a'"
    )


def test_a_label_cannot_break_the_line_or_the_terminal():
    pairs = [("one", "a\n\x1b[31m\u202eb"), ("two", "c")]
    line = counts_line("films", document_counts(build(pairs, pairs, pairs[1:])))
    assert line.isprintable()


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("max_length", [3, 5, 12])
def test_cut_and_empty_texts_are_those_of_encoding_each_whole(tokenizer, sentences, max_length, side):
    documents = [*sentences, "the", "the film", "\u200b", "the of the"]
    pairs = [(text, "ab"[number % 2]) for number, text in enumerate(documents)]
    dataset = build(pairs, pairs[:3], pairs[4:])
    tokenizer.truncation_side, before = side, tokenizer.truncation_side
    try:
        counts = token_counts(encode(dataset, tokenizer, max_length), tokenizer, max_length)
    finally:
        tokenizer.truncation_side = before
    whole = [len(tokenizer(text)["input_ids"]) for split in SPLITS for text in dataset[split]["text"]]
    cut = [length - max_length for length in whole if length > max_length]
    assert counts == {
        "max_length": max_length,
        "cut": {
            "documents": len(cut),
            "tokens": sum(cut),
            "document_share": len(cut) / len(whole),
            "token_share": sum(cut) / sum(whole),
        },
        "empty": sum(length == 2 for length in whole),
    }
    assert counts["empty"] == 2


KNOWN = {
    "acl_arc": (52, 54), "imdb": (118, 166), "r8": (4, 4), "r52": (6, 6), "mr": (0, 0), "20ng": (0, 0),
    "ohsumed": (0, 0),
}  # fmt: skip


@pytest.mark.data
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.ci] * (name in ("imdb", "20ng"))) for name in KNOWN]
)
def test_copies_in_the_real_data_sets(data_folder, name):
    config = OmegaConf.load(config_folder() / "dataset" / f"{name}.yaml")
    counts = document_counts(instantiate(config, data_folder=str(data_folder)))
    assert (counts["copies"]["train"], counts["copies"]["train_or_valid"]) == KNOWN[name]
