"""Drawn splits: disjoint, whole, nested, stratified, groups on one side; folds as scikit-learn has them."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from auxtask.data.dataset import SPLITS, build_text_dataset
from auxtask.data.drawing import draw_fold, draw_fraction, draw_resplit, joined_groups, set_aside
from auxtask.data.redrawn import Drawing, redraw
from auxtask.data.splits import SPLIT_SEED
from auxtask.errors import AuxtaskError

LABELS = st.lists(st.sampled_from("abcd"), min_size=2, max_size=80)
SEEDS = st.integers(0, 2**32 - 1)


def grouped(labels, data):
    return data.draw(st.lists(st.integers(0, len(labels)), min_size=len(labels), max_size=len(labels)))


@given(LABELS, SEEDS, st.floats(0.01, 1), st.floats(0.01, 1))
def test_fractions_are_stratified_and_nested(labels, seed, one, other):
    small, large = (draw_fraction(labels, share, seed) for share in sorted((one, other)))
    assert set(small) <= set(large)
    counts = Counter(labels[document] for document in small)
    for label, size in Counter(labels).items():
        assert counts[label] >= 1
        assert abs(counts[label] - max(1, min(one, other) * size)) <= 0.5 + 1e-9
    assert draw_fraction(labels, 1, seed) == list(range(len(labels)))


@given(LABELS, SEEDS, st.floats(0.01, 1), st.floats(0.01, 1), st.data())
def test_fractions_of_groups_take_whole_groups_and_nest(labels, seed, one, other, data):
    groups = grouped(labels, data)
    small, large = (draw_fraction(labels, share, seed, groups) for share in sorted((one, other)))
    assert set(small) <= set(large)
    assert {labels[document] for document in small} == set(labels)
    for drawn in (small, large):
        taken = {groups[document] for document in drawn}
        assert drawn == [document for document, group in enumerate(groups) if group in taken]


def test_the_seed_draws_the_fraction():
    labels = ["a"] * 50 + ["b"] * 50
    drawn = [tuple(draw_fraction(labels, 0.1, seed)) for seed in range(20)]
    assert len(set(drawn)) == 20
    # A document is in each of 20 draws with a chance of .1: that one is in more than ten of them has one of 1e-6.
    assert max(Counter(document for one in drawn for document in one).values()) <= 10


@given(LABELS, SEEDS, st.data())
def test_what_is_set_aside_has_the_shares_of_the_classes(labels, seed, data):
    sizes = Counter(labels)
    number = data.draw(st.integers(1, len(labels)))
    assume(number <= len(labels) - len(sizes))
    kept, aside = set_aside(labels, number, seed)
    assert sorted([*kept, *aside]) == list(range(len(labels)))
    assert len(aside) == number
    counts = Counter(labels[document] for document in aside)
    assert all(counts[label] < size for label, size in sizes.items())
    exact = {label: number * size / len(labels) for label, size in sizes.items()}
    # Where no class would have to give its last document, each gives its share to within one.
    if all(exact[label] <= size - 1 for label, size in sizes.items()):
        assert all(abs(counts[label] - exact[label]) < 1 for label in sizes)


@given(LABELS, SEEDS, st.integers(1, 40), st.data())
def test_groups_are_set_aside_whole(labels, seed, number, data):
    groups = grouped(labels, data)
    try:
        kept, aside = set_aside(labels, number, seed, groups)
    except AuxtaskError:
        return
    assert sorted([*kept, *aside]) == list(range(len(labels)))
    assert not {groups[document] for document in kept} & {groups[document] for document in aside}
    assert {labels[document] for document in kept} == set(labels)


def test_one_of_a_few_large_groups_is_set_aside():
    labels, groups = list("abc") * 12, [at // 9 for at in range(36)]
    kept, aside = set_aside(labels, 4, seed=0, groups=groups)
    assert (len(kept), len({groups[document] for document in aside})) == (27, 1)


def test_folds_test_each_document_once_and_are_those_of_scikit_learn():
    labels = np.random.default_rng(0).choice(list("abc"), 200, p=[0.6, 0.3, 0.1]).tolist()
    drawn = [draw_fold(labels, 5, fold, n_valid=16) for fold in range(5)]
    assert sorted(document for fold in drawn for document in fold.test) == list(range(200))
    for fold in drawn:
        assert sorted([*fold.train, *fold.valid, *fold.test]) == list(range(200))
        assert len(fold.valid) == 16
        counts = Counter(labels[document] for document in fold.test)
        assert all(abs(counts[label] - size / 5) < 1 for label, size in Counter(labels).items())
    splitter = StratifiedKFold(5, shuffle=True, random_state=SPLIT_SEED)
    # scikit-learn numbers classes as they come.
    assert [fold.test for fold in drawn] == [test.tolist() for _, test in splitter.split(labels, labels)]


def test_folds_keep_groups_on_one_side():
    rng = np.random.default_rng(1)
    labels, groups = rng.choice(list("abc"), 300).tolist(), rng.integers(0, 60, 300).tolist()
    drawn = [draw_fold(labels, 5, fold, n_valid=24, groups=groups) for fold in range(5)]
    assert sorted(document for fold in drawn for document in fold.test) == list(range(300))
    for fold in drawn:
        sides = [{groups[document] for document in split} for split in fold]
        assert sum(map(len, sides)) == len(set(groups))
    splitter = StratifiedGroupKFold(5, shuffle=True, random_state=SPLIT_SEED)
    # Groups go by numbers in the order in which they come; scikit-learn sorts them.
    folds = splitter.split(
        labels, pd.factorize(np.array(labels, dtype=object))[0], pd.factorize(np.array(groups, dtype=object))[0]
    )
    assert [fold.test for fold in drawn] == [test.tolist() for _, test in folds]


def test_resplits_have_the_sizes_and_are_fresh_for_each_seed():
    labels = ["a"] * 120 + ["b"] * 60 + ["c"] * 20
    drawn = [draw_resplit(labels, n_valid=20, n_test=40, seed=seed) for seed in range(10)]
    for one in drawn:
        assert [len(split) for split in one] == [140, 20, 40]
        assert sorted(document for split in one for document in split) == list(range(200))
        assert Counter(labels[document] for document in one.test) == {"a": 24, "b": 12, "c": 4}
    assert len({tuple(one.test) for one in drawn}) == 10
    # The largest seed that the option allows.
    assert len(draw_resplit(labels, n_valid=20, n_test=40, seed=2**32 - 1).valid) == 20


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=40))
def test_joined_groups_are_connected_components(pairs):
    ones, others = zip(*pairs, strict=True)
    joined = joined_groups(ones, others) or list(range(len(pairs)))
    # Naively: spread until nothing changes.
    expected = list(range(len(pairs)))
    changed = True
    while changed:
        changed = False
        for i in range(len(pairs)):
            for j in range(len(pairs)):
                if (ones[i] == ones[j] or others[i] == others[j]) and expected[j] < expected[i]:
                    expected[i], changed = expected[j], True
    assert joined == expected


@pytest.fixture
def films():
    words = ("good", "bad", "odd")
    pairs = [(f"{word} film {at}", word) for at in range(40) for word in words]
    pairs[60:66] = [("A  film", "good"), ("a film", "good")] * 3
    splits = {"train": pairs[:80], "valid": pairs[80:90], "test": pairs[90:]}
    groups = {split: [text[-1] for text, _ in rows] for split, rows in splits.items()}
    return build_text_dataset(splits, name="films", provenance={}, groups=groups)


@pytest.mark.parametrize("drawing", [Drawing(resplit=3), Drawing(split="cv:3", fold=1)])
def test_a_redrawn_data_set_has_the_same_documents_and_groups_on_one_side(films, drawing):
    drawn = redraw(films, drawing, seed=0)
    rows = {
        name: sorted(
            (text, label)
            for split in SPLITS
            for text, label in zip(each[split]["text"], each[split]["label"], strict=True)
        )
        for name, each in (("films", films), ("drawn", drawn))
    }
    assert rows["films"] == rows["drawn"]
    sides = [{text[-1] for text in drawn[split]["text"]} for split in SPLITS]
    assert sum(map(len, sides)) == 11  # the digits and the end of "a film"
    assert {split: [text[-1] for text in drawn[split]["text"]] for split in SPLITS} == drawn.groups
    assert drawn.source == films.fingerprint != drawn.fingerprint


def test_copies_stay_on_one_side_without_a_word(films):
    films.groups = None
    for seed in range(20):
        drawn = redraw(films, Drawing(resplit=seed), seed=0)
        found = [{" ".join(text.lower().split()) for text in drawn[split]["text"]} for split in SPLITS]
        assert sum("a film" in texts for texts in found) == 1


def test_a_fraction_leaves_validation_and_test_alone_and_goes_with_a_resplit(films):
    films.groups = None
    drawn = redraw(films, Drawing(train_fraction=0.25), seed=1)
    assert [len(drawn[split]) for split in SPLITS][1:] == [10, 30]
    assert drawn["test"]["text"][:] == films["test"]["text"][:]
    whole = redraw(films, Drawing(resplit=2), seed=1)
    both = redraw(films, Drawing(resplit=2, train_fraction=0.25), seed=1)
    assert both["test"]["text"][:] == whole["test"]["text"][:]
    assert set(both["train"]["text"]) < set(whole["train"]["text"])


def test_neutral_values_change_nothing(films):
    assert redraw(films, Drawing(), seed=5) is films


@pytest.mark.parametrize(
    ("drawing", "said"),
    [
        ({"fold": 0}, "dataset.fold=0 is a fold of nothing"),
        ({"split": "cv:1", "fold": 0}, "dataset.split='cv:1' is no cross-validation"),
        ({"split": "cv:x", "fold": 0}, "dataset.split='cv:x' is no cross-validation"),
        ({"split": "cv:5"}, "does not say which fold"),
        ({"split": "cv:5", "fold": 5}, "dataset.fold=5 is outside 0 to 4"),
        ({"split": "cv:5", "fold": 0, "resplit": 1}, "both draw the test documents"),
    ],
)
def test_impossible_drawings_are_refused(drawing, said):
    with pytest.raises(AuxtaskError, match=said):
        Drawing(**drawing)


def test_more_folds_than_the_smallest_class_has_documents_are_refused():
    with pytest.raises(AuxtaskError, match="smallest class, 'b', has 3 of the documents"):
        draw_fold(["a"] * 20 + ["b"] * 3, 5, 0, 2)


def test_a_class_of_one_group_cannot_be_cross_validated():
    labels, groups = ["a"] * 20 + ["b"] * 5, [*range(20), *["x"] * 5]
    whole = StratifiedGroupKFold(5, shuffle=True, random_state=SPLIT_SEED)
    folds = list(
        whole.split(
            labels,
            pd.factorize(np.array(labels, dtype=object))[0],
            pd.factorize(np.array(groups, dtype=object))[0],
        )
    )
    [alone] = [fold for fold, (train, _) in enumerate(folds) if not any(labels[at] == "b" for at in train)]
    with pytest.raises(AuxtaskError, match="has a class in its test documents alone"):
        draw_fold(labels, 5, alone, 2, groups)
    assert {labels[at] for at in draw_fold(labels, 5, (alone + 1) % 5, 2, groups).train} == {"a", "b"}


def test_a_fraction_out_of_range_is_refused():
    for fraction in (0, 1.5):
        with pytest.raises(AuxtaskError, match="outside"):
            draw_fraction(["a", "b"], fraction, 0)
