"""Strategies that count words: worked examples, loops from the definitions, exact rates, and no evidence."""

import math
from collections import Counter
from functools import partial

import numpy as np
import pytest
from datasets import Dataset, concatenate_datasets
from hydra.utils import instantiate
from omegaconf import OmegaConf

from auxtask.data.dataset import build_text_dataset
from auxtask.data.encoding import encode
from auxtask.data.word_counts import WordCounts
from auxtask.errors import AuxtaskError
from auxtask.ground.files import config_folder
from auxtask.ground.log_odds import log_odds_z_scores
from auxtask.masking.frequency import FrequencyMaskingCollator, annotate_frequencies
from auxtask.masking.keyword import annotate_keywords, keywords
from auxtask.masking.log_odds import annotate_log_odds
from auxtask.masking.mean_adjust import mean_adjust
from auxtask.masking.random import RTMCollator
from auxtask.masking.tfidf_words import annotate_tfidf
from auxtask.masking.word_scores import WordScoreCollator
from auxtask.tasks.base import prepare
from experiments import tools_of

NAMES = ("difference", "keyword", "log_odds", "tfidf_words")
RATES = (0.05, 0.15, 0.30, 0.40)


def worded(documents, vocabulary, **columns):
    """Documents of words, each word one token, as an encoded data set."""
    rows = [[vocabulary.index(word) for word in document.split()] for document in documents]
    return Dataset.from_dict({"input_ids": rows, "word_ids": [list(range(len(row))) for row in rows], **columns})


def probabilities(collator, feature, rate=0.15):
    scores = collator.priorities(feature)
    return collator.adjust([scores[~np.isnan(scores)]], rate)[0]


@pytest.mark.parametrize(
    ("gamma", "expected"),
    [
        (1, (0.1226, 0.2349, 0.0926, 0.0926, 0.1226, 0.2349)),
        (10, (0.0007, 0.4493, 0, 0, 0.0007, 0.4493)),
        (0, (0.15,) * 6),
    ],
)
def test_tfidf_of_the_worked_example(tokenizer, gamma, expected):
    documents = ["the oil prices rose the oil", "the prices", "the rose", "the"]
    split = annotate_tfidf(worded(documents, ["the", "oil", "prices", "rose"]))
    np.testing.assert_allclose(split["word_scores"][0], (2, 3.8326, 1.5108, 1.5108, 2, 3.8326), atol=5e-5)
    found = probabilities(WordScoreCollator(tokenizer, gamma=gamma), split[0])
    np.testing.assert_allclose(found, expected, atol=6e-5)


@pytest.mark.parametrize(
    ("on_list", "of_keywords", "of_others"), [(2, 0.75, 0), (4, 0.375, 0), (1, 1, 0.0556), (0, 0.15, 0.15)]
)
def test_keywords_of_the_worked_example(tokenizer, on_list, of_keywords, of_others):
    feature = {"input_ids": range(20, 30), "word_scores": [1.0] * on_list + [0.0] * (10 - on_list)}
    found = probabilities(WordScoreCollator(tokenizer), feature)
    np.testing.assert_allclose(found[:on_list], of_keywords, atol=5e-5)
    np.testing.assert_allclose(found[on_list:], of_others, atol=5e-5)


def test_log_odds_of_the_worked_example():
    counts = np.array([[8, 40, 12, 0, 0], [2, 150, 8, 20, 0]])
    z = log_odds_z_scores(counts)
    np.testing.assert_allclose(z[0], (2.0791, -3.0141, 1.9855, -1.4159, 0), atol=5e-5)
    np.testing.assert_allclose(z[1], -z[0])
    parser, the, corpus, _, unseen = np.maximum(z[0], 0)
    found = mean_adjust(np.array([the, parser, unseen, the, corpus]), 0.15)
    np.testing.assert_allclose(found, (0, 0.3836, 0, 0, 0.3664), atol=5e-5)


def naive_z(counts, word, own, kappa):
    """Word by word as the formula stands; `counts` by class, `own` the class against all others together."""
    rest = sum((each for name, each in counts.items() if name != own), Counter())
    prior = Counter({each: kappa * (counts[own][each] + rest[each]) for each in counts[own] | rest})
    own_odds, rest_odds = (
        (of[word] + prior[word]) / (of.total() + prior.total() - of[word] - prior[word])
        for of in (counts[own], rest)
    )
    variance = 1 / (counts[own][word] + prior[word]) + 1 / (rest[word] + prior[word])
    return (math.log(own_odds) - math.log(rest_odds)) / math.sqrt(variance)


@pytest.mark.parametrize(("of", "least", "kappa"), [("own", 0, 1), ("any", 0, 1), ("own", 0.5, 0.1)])
def test_log_odds_are_those_of_a_loop(of, least, kappa):
    rng, vocabulary = np.random.default_rng(0), [f"w{number}" for number in range(12)]
    labels = [0, 1, 2, 1, None, 0, None]
    documents = [" ".join(rng.choice(vocabulary[:-1], size=9)) for _ in labels]
    documents[4] += " w11"
    split = annotate_log_odds(worded(documents, vocabulary, label=labels), of=of, least=least, kappa=kappa)
    counts = {label: Counter() for label in range(3)}
    for document, label in zip(documents, labels, strict=True):
        if label is not None:
            counts[label].update(document.split())
    for document, label, scores in zip(documents, labels, split["word_scores"], strict=True):
        classes = range(3) if of == "any" or label is None else [label]
        for word, score in zip(document.split(), scores, strict=True):
            known = any(counts[each][word] for each in counts)
            z = max(naive_z(counts, word, each, kappa) for each in classes) if known else 0
            assert score == pytest.approx(z if z >= max(least, 0) else 0, abs=1e-6)


def test_one_class_alone_and_equal_use_leave_no_evidence(tokenizer, sentences):
    split = encode(Dataset.from_dict({"text": sentences, "label": [0] * 6}), tokenizer, None)
    for row in annotate_log_odds(split):
        np.testing.assert_array_equal(probabilities(WordScoreCollator(tokenizer), row), 0.15)
    counts = np.random.default_rng(0).integers(1, 99, size=(1, 50))
    assert not log_odds_z_scores(counts).any()
    assert not log_odds_z_scores(np.repeat(counts, 3, axis=0)).any()
    assert not log_odds_z_scores(np.array([[3], [4]])).any()
    assert np.isfinite(log_odds_z_scores(np.array([[3, 0], [0, 0]]))).all()


def test_keywords_are_those_of_a_loop():
    rng, vocabulary = np.random.default_rng(1), [f"w{number}" for number in range(40)]
    documents = [" ".join(rng.choice(vocabulary, size=rng.integers(0, 30))) for _ in range(25)]
    words = WordCounts.of(worded(documents, vocabulary))
    candidates = rng.random(len(words.pieces)) < 0.7
    allowed = {vocabulary[words.pieces[at][0]] for at in np.flatnonzero(candidates)}
    frequency = Counter(word for document in documents for word in set(document.split()))
    times = Counter()
    for document in documents:
        weight = {
            word: number * (math.log((1 + len(documents)) / (1 + frequency[word])) + 1)
            for word, number in Counter(document.split()).items()
            if word in allowed
        }
        times.update(sorted(weight, key=lambda word: (-weight[word], vocabulary.index(word)))[:3])
    for least in (1, 2, 4):
        found = keywords(words, candidates, top_k=3, min_documents=least)
        listed = {vocabulary[words.pieces[at][0]] for at in np.flatnonzero(found)}
        assert listed == {word for word, number in times.items() if number >= least}


def test_keywords_have_three_letters_and_are_told(tokenizer, model_folder, capsys):
    texts = ["the parser 1997 1997 1997 of of of of", "a parser 1997 1997 of of of . . .", "rates rose"]
    split = encode(Dataset.from_dict({"text": texts}), tokenizer, None)
    scored = annotate_keywords(split, tools_of(model_folder, ["a"], tokenizer), top_k=2)
    for text, word_ids, scores in zip(texts, scored["word_ids"], scored["word_scores"], strict=True):
        expected = [float(word >= 0 and text.split()[word] == "parser") for word in word_ids[1:-1]]
        assert scores[1:-1] == expected
    assert capsys.readouterr().out.startswith("keywords: 1 words, 9.5% of the text")


def task_of(name):
    """The task that the option of the command line names."""
    return instantiate(OmegaConf.load(config_folder() / "aux" / f"{name}.yaml")[name])


@pytest.fixture
def tools(model_folder, sentences):
    further = Dataset.from_dict({"text": [*sentences[:2], "unseen reviewers 42"]})
    return partial(tools_of, model_folder, ["a", "b"]), further


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("unlabelled", [False, True])
def test_rates_are_exact_and_masks_nested_in_every_document(name, unlabelled, tools, sentences):
    make, further = tools
    texts = [*sentences * 3, "2.5 !!", "tree"]
    pairs = [(text, "ab"[at % 2]) for at, text in enumerate(texts)]
    dataset = build_text_dataset(dict.fromkeys(("train", "valid", "test"), pairs), name="few", provenance={})
    tools = make(unlabelled=further if unlabelled else None)
    prepared = prepare(dataset, {name: task_of(name)}, tools, 32)
    collator = prepared.tasks[name].collator
    train = prepared.tasks[name].dataset["train"].select_columns(["input_ids", "attention_mask", "word_scores"])
    rows = list(train)
    if unlabelled:
        assert len(collator(rows)["input_ids"]) == 2 * len(rows) or len(further) < len(rows)
        rows += list(collator.draw.documents.select_columns(train.column_names))
        collator = collator.collator
    collator = collator.collator  # beneath the count of what is masked
    # Without a token, as an empty text is encoded.
    rows.append({"input_ids": rows[0]["input_ids"][:1] + rows[0]["input_ids"][-1:], "word_scores": [math.nan] * 2})
    before = np.zeros((len(rows), 1), dtype=bool)
    for rate in RATES:
        collator.mask_rate = rate
        selected = (collator(rows)["labels"] != -100).numpy()
        assert not (before & ~selected).any()
        before = selected
        for row in rows:
            found = probabilities(collator, row, rate)
            assert len(found) == len(row["input_ids"]) - 2
            assert not len(found) or found.mean() == pytest.approx(rate, abs=1e-12)
    if name != "keyword":
        assert len({score for row in rows for score in row["word_scores"]}) > 5


@pytest.mark.parametrize("kind", [RTMCollator, FrequencyMaskingCollator, WordScoreCollator])
def test_pieces_share_the_score_of_their_word_and_masks_are_nested(tokenizer, sentences, kind):
    split = encode(Dataset.from_dict({"text": sentences}), tokenizer, None)
    rows = list(annotate_tfidf(annotate_frequencies(split)))
    for row in rows:
        of_words = {}
        for word, score in zip(row["word_ids"], row["word_scores"], strict=True):
            assert of_words.setdefault(word, score) == score or word < 0
    for epoch in range(20):
        before = False
        for rate in RATES:
            collator = kind(tokenizer, rate, seed=3)
            collator.epoch = epoch
            selected = (collator(rows)["labels"] != -100).numpy()
            assert not (before & ~selected).any()
            before = selected


def test_labelled_documents_are_scored_as_without_the_unlabelled_by_log_odds(tokenizer, sentences):
    split = encode(Dataset.from_dict({"text": sentences, "label": [0, 1] * 3}), tokenizer, None)
    further = encode(Dataset.from_dict({"text": sentences[:3]}), tokenizer, None)
    both = annotate_log_odds(concatenate_datasets([split, further]))
    alone, either = annotate_log_odds(split), annotate_log_odds(split, of="any")
    for row in range(6):
        np.testing.assert_array_equal(both["word_scores"][row], alone["word_scores"][row])
    for row in range(3):
        np.testing.assert_array_equal(both["word_scores"][6 + row], either["word_scores"][row])


def test_what_cannot_be_is_refused(tokenizer, model_folder, sentences):
    split = encode(Dataset.from_dict({"text": sentences, "label": [0, 1] * 3}), tokenizer, None)
    tools = tools_of(model_folder, ["a", "b"], tokenizer)
    with pytest.raises(AuxtaskError, match=r"of='each' is unknown; use own or any"):
        annotate_log_odds(split, of="each")
    with pytest.raises(AuxtaskError, match=r"least=-1 is negative"):
        annotate_log_odds(split, least=-1)
    with pytest.raises(AuxtaskError, match=r"kappa=0 is outside \(0, inf\)"):
        annotate_log_odds(split, kappa=0)
    bare = split.remove_columns("label")
    for unlabelled in (bare, bare.add_column("label", [None] * 6)):
        with pytest.raises(AuxtaskError, match=r"needs documents with a label, and none has one"):
            annotate_log_odds(unlabelled)
    with pytest.raises(AuxtaskError, match=r"top_k=0 is below 1"):
        annotate_keywords(split, tools, top_k=0)
    with pytest.raises(AuxtaskError, match=r"gamma=-1 is negative"):
        WordScoreCollator(tokenizer, gamma=-1)
    with pytest.raises(AuxtaskError, match=r"needs a column 'word_scores' aligned .*annotate_tfidf"):
        WordScoreCollator(tokenizer)([split[0]])
