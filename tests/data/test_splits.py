from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from auxtask.data.splits import complete_splits, stratified_split, validation_tail
from auxtask.errors import AuxtaskError


# n_train and n_valid as published for mr, 20ng, r8, r52 and ohsumed.
@pytest.mark.parametrize(
    ("n_train", "n_valid"), [(7108, 710), (11314, 1131), (5485, 548), (6532, 653), (3357, 335)]
)
def test_validation_tail_has_the_published_sizes(n_train, n_valid):
    train, valid = validation_tail(n_train)
    assert len(valid) == n_valid
    assert sorted(train + valid) == list(range(n_train))
    assert validation_tail(n_train) == (train, valid)


def test_validation_tail_is_a_shuffle_and_stays_the_same_one():
    _, valid = validation_tail(5485)
    # A uniform draw of 548 has mean 2742 and a standard error of 64.
    assert abs(sum(valid) / len(valid) - 2742) < 4 * 64
    assert valid[:5] == [5, 14, 18, 32, 58]


@given(st.lists(st.sampled_from("abcde"), min_size=2, max_size=80), st.data())
def test_stratified_split_keeps_shares_and_every_class(labels, data):
    sizes = Counter(labels)
    assume(len(labels) > len(sizes))
    n_aside = data.draw(st.integers(1, len(labels) - len(sizes)))
    kept, aside = stratified_split(labels, n_aside)
    assert sorted(kept + aside) == list(range(len(labels)))
    assert len(aside) == n_aside
    counts = Counter(labels[index] for index in aside)
    assert all(counts[label] < size for label, size in sizes.items())
    assert stratified_split(labels, n_aside) == (kept, aside)


def test_stratified_split_gives_each_large_class_its_share_to_a_document():
    labels = ["a"] * 503 + ["b"] * 91 + ["c"] * 47
    _, aside = stratified_split(labels, 128)
    counts = Counter(labels[index] for index in aside)
    for label, size in Counter(labels).items():
        assert abs(counts[label] - 128 * size / len(labels)) <= 1


def test_complete_splits_leaves_given_splits_alone():
    given_splits = {"train": [("x", "a"), ("y", "b")] * 10, "valid": [("v", "a")], "test": [("t", "b")]}
    assert complete_splits(given_splits) == given_splits


def test_complete_splits_sets_the_same_documents_aside_once():
    pairs = [(f"text {number}", "ab"[number % 2]) for number in range(50)]
    complete = complete_splits({"train": pairs}, valid_share=0.1, test_share=0.2)
    assert {split: len(part) for split, part in complete.items()} == {"train": 36, "test": 10, "valid": 4}
    assert sorted(pair for part in complete.values() for pair in part) == sorted(pairs)


def test_too_few_documents_and_impossible_shares_are_refused():
    with pytest.raises(AuxtaskError, match="1 of 2 documents in 2 classes cannot be set aside"):
        complete_splits({"train": [("x", "a"), ("y", "b")]})
    with pytest.raises(AuxtaskError, match=r"test_share=1.5 is outside \(0, 1\)"):
        complete_splits({"train": [("x", "a")] * 9}, test_share=1.5)
