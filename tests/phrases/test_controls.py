"""Controls of recognition: what each of them changes of the labels, and what it leaves as it was."""

from collections import Counter, defaultdict
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from auxtask.errors import AuxtaskError
from auxtask.ground.log_odds import log_odds_z_scores
from auxtask.phrases.bio import labels_to_spans, spans_to_labels
from auxtask.phrases.class_agnostic import ClassAgnosticExtractor, match_ngrams
from auxtask.phrases.extraction import NgramExtractor
from auxtask.phrases.labelers import BitLabelLabeler
from auxtask.phrases.random_spans import random_spans, random_starts
from auxtask.phrases.shuffled_labels import shuffle_labels

SPANS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4), st.sampled_from("abc")), max_size=6)


@st.composite
def labelled_rows(draw):
    """Labels of some documents, with spans of several types, also side by side."""
    rows = []
    for _ in range(draw(st.integers(1, 5))):
        spans, at = [], 0
        for gap, length, kind in draw(SPANS):
            spans.append((at + gap, at + gap + length, kind))
            at += gap + length
        rows.append(spans_to_labels(at + draw(st.integers(0, 3)), spans))
    return rows


def ids_of(rows):
    return [list(range(number, number + len(row))) for number, row in enumerate(rows)]


@given(labelled_rows(), st.integers(0, 99))
def test_shuffled_types_leave_spans_and_frequencies(rows, seed):
    shuffled = shuffle_labels(rows, ids_of(rows), seed)
    assert [[label[0] for label in row] for row in shuffled] == [[label[0] for label in row] for row in rows]
    types = [Counter(kind for row in every for *_, kind in labels_to_spans(row)) for every in (rows, shuffled)]
    assert types[0] == types[1]
    assert shuffled == shuffle_labels(rows, ids_of(rows), seed)


def test_types_are_shuffled_over_all_documents():
    rows = [["B-a"] * 50, ["B-b"] * 50]
    first, second = shuffle_labels(rows, ids_of(rows), 0)
    assert first.count("B-b") == second.count("B-a")
    assert 10 < first.count("B-b") < 40
    assert first != shuffle_labels(rows, ids_of(rows), 1)[0]


@given(labelled_rows(), st.integers(0, 99))
def test_every_document_gets_the_labels_of_another(rows, seed):
    # Each token of a row says whose it is.
    rows = [[f"B-{number}"] * (len(row) + 1) for number, row in enumerate(rows)]
    shuffled = shuffle_labels(rows, ids_of(rows), seed, shuffle="documents")
    givers = [row[0].removeprefix("B-") for row in shuffled]
    assert sorted(givers) == sorted(map(str, range(len(rows))))
    assert len(rows) == 1 or all(giver != str(number) for number, giver in enumerate(givers))
    for row, before, giver in zip(shuffled, rows, map(int, givers), strict=True):
        given_labels = min(len(rows[giver]), len(before))
        assert row == rows[giver][:given_labels] + ["O"] * (len(before) - given_labels)


def test_nothing_else_is_shuffled():
    with pytest.raises(AuxtaskError, match="shuffle='spans' is unknown; use types or documents"):
        shuffle_labels([["O"]], [[5]], 0, shuffle="spans")


@given(labelled_rows(), st.integers(0, 99))
def test_random_spans_are_as_many_as_long_and_of_the_same_types(rows, seed):
    moved = random_spans(rows, ids_of(rows), seed)
    for row, before in zip(moved, rows, strict=True):
        assert len(row) == len(before)
        kinds = [
            Counter((end - start, kind) for start, end, kind in labels_to_spans(each)) for each in (row, before)
        ]
        assert kinds[0] == kinds[1]


def test_places_depend_on_the_seed_and_on_the_document_alone():
    row, ids = ["B-a", "I-a", *["O"] * 40], list(range(42))
    moved = random_spans([row, row, row], [ids, ids[::-1], ids], 3)
    assert moved[0] == moved[2] == random_spans([row], [ids], 3)[0]
    assert moved[0] != moved[1]
    assert moved[0] != random_spans([row], [ids], 4)[0]


def test_places_are_uniform_over_all_placements():
    generator = np.random.default_rng(0)
    placements = {
        (first, second)
        for first, second in product(range(8), range(9))
        if first + 3 <= second or second + 2 <= first
    }
    assert len(placements) == 42
    draws = Counter(tuple(random_starts(10, np.array([3, 2]), generator).tolist()) for _ in range(8400))
    assert set(draws) == placements
    assert chisquare(list(draws.values())).pvalue > 0.01


def test_a_document_full_of_spans_only_changes_their_order():
    assert set(
        map(tuple, random_spans([["B-a", "I-a", "B-b"]] * 9, [[number] * 3 for number in range(9)], 0))
    ) == {
        ("B-a", "I-a", "B-b"),
        ("B-b", "B-a", "I-a"),
    }


def test_a_worked_match():
    wanted = {(1, 2): {0: 12}, (1, 3): {0: 8}, (2, 3): {0: 4, 1: 4}, (4, 5): {1: 2}, (1, 2, 3): {0: 5}}
    candidates = {
        (6, 7): {0: 10, 1: 90},  # nearest to 12 and to 8 in class 0: the most frequent takes it
        (6, 8): {0: 11, 1: 0},  # 11 / 8 is below 1.5
        (7, 8): {0: 3, 1: 3},  # 8 / 6 in both classes together
        (8, 9): {0: 50, 1: 4},  # twice as frequent as (4, 5)
    }
    # (1, 2) goes first, (6, 8) being nearer to 12 than (6, 7); there is no other of three tokens.
    assert match_ngrams(wanted, candidates, 1.5) == {(1, 2): (6, 8), (1, 3): (6, 7), (2, 3): (7, 8)}
    assert match_ngrams(wanted, candidates, 1.0) == {}
    assert match_ngrams(wanted, candidates, 2.0)[4, 5] == (8, 9)
    assert match_ngrams({(1, 2): {0: 3}}, {(3, 4): {0: 2}}, 1.5) == {(1, 2): (3, 4)}


COUNTS = st.dictionaries(st.integers(0, 2), st.integers(1, 12), min_size=1)
NGRAMS = st.lists(st.integers(1, 3), min_size=2, max_size=3).map(tuple)
FREQUENCIES = st.dictionaries(NGRAMS, COUNTS, max_size=8)


@given(FREQUENCIES, FREQUENCIES, st.sampled_from([1.0, 1.5, 3.0]))
def test_matches_are_those_of_a_naive_loop(wanted, candidates, max_factor):
    left, expected = sorted(candidates), {}
    for ngram in sorted(wanted, key=lambda ngram: (-sum(wanted[ngram].values()), ngram)):
        frequency = sum(wanted[ngram].values())
        best = None
        for candidate in left:
            found = sum(candidates[candidate].get(at, 0) for at in wanted[ngram])
            factor = max(found, frequency) / min(found, frequency) if found else float("inf")
            if len(candidate) == len(ngram) and factor <= max_factor and (best is None or factor < best[0]):
                best = factor, candidate
        if best is not None:
            expected[ngram] = best[1]
            left.remove(best[1])
    assert match_ngrams(wanted, candidates, max_factor) == expected


@pytest.fixture(scope="module")
def training():
    """Documents of two classes: a third of the tokens belongs to the class, the others are anyone's."""
    rng = np.random.default_rng(0)
    documents, classes = [], []
    for number in range(200):
        own = 100 + 10 * (number % 2) + rng.integers(0, 4, 8)
        shared = 50 + rng.integers(0, 6, 16)
        documents.append(np.concatenate([own, shared]).tolist())
        classes.append(number % 2)
    return documents, classes


def test_class_agnostic_ngrams_take_over_the_classes_of_their_partners(training, capsys):
    documents, classes = training
    reference = NgramExtractor(num_merges=40).extract(documents, classes)
    corpus = NgramExtractor(num_merges=400, scope="corpus").extract(documents, classes)
    inventory = ClassAgnosticExtractor(NgramExtractor(num_merges=40), num_merges=400).extract(documents, classes)

    names = list(corpus)
    z = log_odds_z_scores([[corpus.frequencies[name].get(at, 0) for name in names] for at in (0, 1)])
    agnostic = {
        name: corpus.frequencies[name] for name, both in zip(names, z.T, strict=True) if abs(both).max() < 1.96
    }
    partners = match_ngrams(reference.frequencies, agnostic, 1.5)
    assert 10 < len(partners) < len(reference)
    assert set(inventory) == set(partners.values())
    for ngram, partner in partners.items():
        assert inventory.classes(partner) == reference.classes(ngram)
        assert len(partner) == len(ngram)
        assert 1 / 1.5 <= inventory.frequency(partner) / reference.frequency(ngram) <= 1.5
    share = 1 - len(partners) / len(reference)
    assert capsys.readouterr().out == f"{share:.1%} of {len(reference)} N-grams have no class-agnostic partner\n"

    # What the inventory counts is what is labelled.
    labelled = defaultdict(Counter)
    for document, at in zip(documents, classes, strict=True):
        labels = BitLabelLabeler(inventory).label(document, at)
        for start, end, kind in labels_to_spans(labels):
            ngram = tuple(document[start:end])
            assert kind == "".join(str(int(at in inventory.classes(ngram))) for at in (0, 1))
            labelled[ngram][at] += 1
    found = {
        ngram: {at: count for at, count in of.items() if count} for ngram, of in inventory.frequencies.items()
    }
    assert labelled == found


def test_no_class_agnostic_ngram_at_all():
    with pytest.raises(AuxtaskError, match="none of 0 class-agnostic N-grams is as frequent as one of the 2"):
        ClassAgnosticExtractor().extract([[1, 2]] * 20 + [[3, 4]] * 20, [0] * 20 + [1] * 20)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"num_merges": 0}, "num_merges=0"), ({"max_z": 0}, "max_z=0"), ({"max_factor": 0.5}, "max_factor=0.5")],
)
def test_options_out_of_range(options, message):
    with pytest.raises(AuxtaskError, match=message):
        ClassAgnosticExtractor(**options)
