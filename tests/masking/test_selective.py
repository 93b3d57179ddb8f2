"""Selective masking: the worked document, a loop that reads one row at a time, folds, and what is kept."""

from collections import Counter

import numpy as np
import pytest
import torch
from datasets import Dataset
from transformers import BertConfig, BertForSequenceClassification

from auxtask.data.encoding import encode
from auxtask.errors import AuxtaskError
from auxtask.masking import selective
from auxtask.masking.importance import importances
from auxtask.masking.mean_adjust import mean_adjust
from auxtask.masking.selective import SelectiveMaskingCollator, annotate_importances
from experiments import tools_of

# Of `the plot is truly awful`, for the class that is asked.
WEIGHTS = np.array([0, 0, 0, 0.5, 3.0])


def sigmoid(value):
    return 1 / (1 + np.exp(-value))


def bag_of_words(input_ids, attended):
    of_class = sigmoid(-1 + (WEIGHTS[input_ids] * attended).sum(axis=1))
    return np.stack([1 - of_class, of_class], axis=1)


def test_the_worked_document():
    ids, every = np.arange(5)[None], np.ones((1, 5), dtype=bool)
    found = importances(bag_of_words, ids, every, every, np.array([1]), delta=0.01)
    assert found.correct.all()
    assert found.important.tolist() == [[False, False, False, False, True]]
    np.testing.assert_allclose(found.gains, [[0, 0, 0, 0.1086, 0.5466]], atol=5e-5)
    np.testing.assert_allclose(mean_adjust(found.important[0].astype(float), 0.15), [0, 0, 0, 0, 0.75], atol=1e-12)
    np.testing.assert_allclose(mean_adjust(found.gains[0], 0.15), [0, 0, 0, 0.1243, 0.6257], atol=5e-5)
    # Where little is asked for, the token that comes first suffices, and the buffer stays as it was.
    near = importances(bag_of_words, ids, every, every, np.array([1]), delta=0.55)
    assert near.important.tolist() == [[False, False, False, True, True]]
    np.testing.assert_allclose(near.gains[0, 4], sigmoid(2.0) - sigmoid(-1), atol=1e-12)
    wrong = importances(bag_of_words, ids, every, every, np.array([0]), delta=0.01)
    assert not wrong.correct.any()
    assert not wrong.important.any()
    assert not wrong.gains.any()


@pytest.fixture
def classifier(tokenizer):
    torch.manual_seed(1)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = BertConfig(vocab_size=len(tokenizer), num_labels=2, initializer_range=0.6, **sizes)
    return BertForSequenceClassification(config).eval()


@pytest.fixture
def encoded(tokenizer, sentences):
    columns = {"text": [*sentences, sentences[0], ""], "label": [0, 1, 0, 1, 0, 1, 1, 0]}
    return encode(Dataset.from_dict(columns), tokenizer, max_length=None)


@pytest.fixture
def tools(classifier, tokenizer, model_folder, tmp_path):
    folder, asked = tmp_path / "classifier", []
    classifier.save_pretrained(folder)
    tokenizer.save_pretrained(folder)

    def fine_tuned(left_out=()):
        asked.append(list(left_out))
        return folder

    made = tools_of(model_folder, ["a", "b"], tokenizer, cache=tmp_path / "cache", fine_tuned=fine_tuned)
    return made, asked


def naive_importances(classifier, row, delta, score):
    """One row at a time, as the method is told."""

    def probability(ids):
        with torch.no_grad():
            return classifier(input_ids=torch.tensor([ids])).logits[0].double().softmax(0)

    (first, *inside, last), label = row["input_ids"], row["label"]
    whole = probability([first, *inside, last])
    if whole.argmax() != label:
        return [np.nan, *[1.0] * len(inside), np.nan]
    buffer, reached, scores = [], probability([first, last])[label], []
    for token in inside:
        now = probability([first, *buffer, token, last])[label]
        is_important = whole[label] - now < delta
        scores.append(float(is_important) if score == "important" else max(0.0, float(now - reached)))
        if not is_important:
            buffer, reached = [*buffer, token], now
    return [np.nan, *scores, np.nan]


@pytest.mark.parametrize(("score", "delta"), [("important", 0.05), ("important", 0.5), ("gain", 0.05)])
def test_importances_equal_a_loop_over_rows(classifier, encoded, tools, score, delta):
    found = annotate_importances(encoded, tools[0], delta=delta, score=score)["importances"]
    values = []
    for row, scores in zip(encoded, found, strict=True):
        expected = naive_importances(classifier, row, delta, score)
        np.testing.assert_allclose(scores, expected, atol=1e-5)
        values += expected
    # Some documents are told right and some wrong, and some tokens matter.
    assert len({round(value, 6) for value in values if not np.isnan(value)}) > 1
    assert tools[1] == [[]]


def test_documents_of_any_company_are_scored_alike(encoded, tools, monkeypatch):
    together = annotate_importances(encoded, tools[0], score="gain")["importances"]
    monkeypatch.setattr(selective, "DOCUMENTS_AT_ONCE", 1)
    alone = annotate_importances(encoded.select(range(7)), tools[0], score="gain")["importances"]
    for one, other in zip(alone, together, strict=False):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_document_without_a_label_is_masked_at_random(encoded, tools):
    labels = [None if row % 2 else label for row, label in enumerate(encoded["label"])]
    partly = encoded.remove_columns("label").add_column("label", labels)
    found = annotate_importances(partly, tools[0], score="gain")["importances"]
    known = annotate_importances(encoded, tools[0], score="gain")["importances"]
    for row, scores in enumerate(found):
        expected = [np.nan, *[1.0] * (len(scores) - 2), np.nan] if row % 2 else known[row]
        np.testing.assert_allclose(scores, expected, atol=1e-6)
    with pytest.raises(AuxtaskError, match="these documents have no labels; use rtm"):
        annotate_importances(encoded.remove_columns("label"), tools[0])


def test_with_folds_no_classifier_has_seen_what_it_scores_nor_a_copy_of_it(encoded, tools):
    made, asked = tools
    found = annotate_importances(encoded, made, score="gain", folds=3)["importances"]
    assert len(asked) == 3
    assert Counter(row for rows in asked for row in rows) == Counter(range(len(encoded)))
    # The first text stands twice.
    assert all((0 in rows) == (6 in rows) for rows in asked)
    for one, other in zip(found, annotate_importances(encoded, made, score="gain")["importances"], strict=True):
        # Here every fold has the same classifier.
        np.testing.assert_allclose(one, other, atol=1e-6)
    with pytest.raises(AuxtaskError, match="folds=9 is more than these documents can be split into"):
        annotate_importances(encoded, made, folds=9)


def test_what_was_scored_is_kept_by_classifier_documents_and_options(encoded, tools, monkeypatch):
    made, _ = tools
    first = annotate_importances(encoded, made)["importances"]
    monkeypatch.setattr(selective, "load", lambda *unused: pytest.fail("scored again"))
    again = annotate_importances(encoded, made)["importances"]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    relabelled = encoded.remove_columns("label").add_column("label", [1] * len(encoded))
    for dataset, options in ((encoded, {"delta": 0.1}), (encoded, {"score": "gain"}), (relabelled, {})):
        with pytest.raises(pytest.fail.Exception, match="scored again"):
            annotate_importances(dataset, made, **options)


def test_options_are_checked_at_the_door(encoded, tools, tokenizer):
    for options, message in (
        ({"delta": 2}, r"delta=2 is outside \[0, 1\]"),
        ({"score": "most"}, "score='most' is unknown; use important or gain"),
        ({"folds": 0}, "folds=0 is below 1"),
    ):
        with pytest.raises(AuxtaskError, match=message):
            annotate_importances(encoded, tools[0], **options)
    with pytest.raises(AuxtaskError, match="needs a column 'importances'"):
        SelectiveMaskingCollator(tokenizer)([{"input_ids": [2, 5, 3]}])
