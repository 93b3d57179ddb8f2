"""Bootstrap, intervals and correction against slow or exact oracles."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from auxtask.evaluation.comparisons import units_of
from auxtask.evaluation.significance import (
    Resamples,
    crossed_bootstrap,
    detectable,
    detectable_by_pair,
    draw_counts,
    holm,
    null_error,
)


def resamples_of(gold, num_classes, count, seed):
    return Resamples(gold, num_classes, draw_counts(len(gold), count, seed))


def all_draws(units):
    """Every way to draw as many units as there are, as counts; the units themselves first."""
    drawn = [np.bincount(each, minlength=units) for each in product(range(units), repeat=units)]
    return np.array([np.ones(units, dtype=int), *drawn])


def crossed_replicates(table):
    """Every equally likely replicate of a table of differences, (seeds, documents): a mean over its cells."""
    seeds, documents = table.shape
    return [
        np.mean([table[seed, document] for seed in of_seeds for document in of_documents])
        for of_documents in product(range(documents), repeat=documents)
        for of_seeds in product(range(seeds), repeat=seeds)
    ]


def enumerated(table):
    """Scores of two methods whose difference is a table, over all draws of documents crossed with all of seeds."""
    seeds, documents = table.shape
    of_documents, of_seeds = all_draws(documents), all_draws(seeds)
    scores = of_documents[1:] @ table.T / documents
    crossed = [(row, draw) for row in scores for draw in of_seeds[1:]]
    first = np.array([table.mean(axis=1), *(row for row, _ in crossed)])
    return first, np.zeros_like(first), np.array([of_seeds[0], *(draw for _, draw in crossed)])


def test_resampled_scores_are_those_of_the_drawn_documents():
    generator = np.random.default_rng(5)
    gold, predicted = generator.integers(4, size=30), generator.integers(4, size=30)
    scores = resamples_of(gold, 5, 20, seed=7).scores(predicted)
    same_draws = np.random.default_rng(7)
    rows = [np.arange(30), *(same_draws.integers(30, size=30) for _ in range(20))]
    for at, row in enumerate(rows):
        macro = f1_score(gold[row], predicted[row], labels=range(5), average="macro", zero_division=0)
        assert scores["macro_f1"][at] == pytest.approx(macro, abs=1e-12)
        assert scores["micro_f1"][at] == pytest.approx(np.mean(gold[row] == predicted[row]), abs=1e-12)


def test_documents_of_one_unit_are_drawn_together():
    generator = np.random.default_rng(6)
    gold, predicted = generator.integers(3, size=12), generator.integers(3, size=(2, 12))
    units = units_of(12, [[0, 3, 4], [7, 11]])
    assert units.tolist() == [0, 1, 2, 0, 0, 3, 4, 5, 6, 7, 8, 5]
    scores = Resamples(gold, 3, draw_counts(9, 30, seed=8)[:, units]).scores(predicted)
    same_draws = np.random.default_rng(8)
    drawn = [np.arange(9), *(same_draws.integers(9, size=9) for _ in range(30))]
    for at, of_units in enumerate(drawn):
        row = np.concatenate([np.flatnonzero(units == unit) for unit in of_units])
        for run in range(2):
            found = predicted[run, row]
            assert scores["micro_f1"][at, run] == pytest.approx(np.mean(found == gold[row]), abs=1e-12)
            macro = f1_score(gold[row], found, labels=range(3), average="macro", zero_division=0)
            assert scores["macro_f1"][at, run] == pytest.approx(macro, abs=1e-12)


def test_the_interval_of_an_accuracy_difference_is_the_one_of_theory():
    # Paired differences of correctness are -1, 0 or 1: their mean has a normal interval for many documents.
    generator = np.random.default_rng(0)
    gold = np.zeros(1000, dtype=int)
    first, second = ((generator.random(1000) > share).astype(int) for share in (0.8, 0.75))
    resamples = resamples_of(gold, 2, 4000, seed=1)
    scores = [resamples.scores(method[None])["micro_f1"] for method in (first, second)]
    got = crossed_bootstrap(*scores, draw_counts(1, 4000, seed=2))
    paired = second - first
    error = 1.96 * paired.std() / np.sqrt(1000)
    assert got.value == pytest.approx(paired.mean())
    assert got.interval.low == pytest.approx(paired.mean() - error, abs=0.1 * error)
    assert got.interval.high == pytest.approx(paired.mean() + error, abs=0.1 * error)
    assert got.error == pytest.approx(error / 1.96, rel=0.05)
    assert got.seeds == 1


def test_the_worked_example_of_two_seeds_and_three_documents():
    table = np.array([[0, 1, 0], [1, 0, 0]])
    values, counts = np.unique(np.round(crossed_replicates(table), 9), return_counts=True)
    assert dict(zip(np.round(6 * values).astype(int).tolist(), counts.tolist(), strict=True)) == {
        0: 18, 1: 12, 2: 48, 3: 16, 4: 12, 6: 2
    }  # fmt: skip
    got = crossed_bootstrap(*enumerated(table))
    assert got.value == pytest.approx(1 / 3)
    # The seeds do not differ in the mean: nothing is added to the variance of the replicates.
    assert got.error**2 == pytest.approx(5 / 108)
    # Student's t with one degree of freedom is Cauchy's: its 97.5 % point is 12.7062, its tails are arcs.
    assert got.interval.high == pytest.approx(1 / 3 + 12.7062 * (5 / 108) ** 0.5, abs=1e-4)
    assert got.p == pytest.approx(1 - 2 / np.pi * np.arctan(1 / 3 / (5 / 108) ** 0.5))


@given(st.integers(2, 3).flatmap(lambda seeds: st.lists(st.lists(st.integers(-2, 2), min_size=3, max_size=3),
                                                        min_size=seeds, max_size=seeds)))  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_the_variance_is_that_of_seeds_documents_and_rest(rows):
    table = np.array(rows, dtype=float)
    seeds, documents = table.shape
    by_seed, by_document = table.mean(axis=1) - table.mean(), table.mean(axis=0) - table.mean()
    rest = table - table.mean() - by_seed[:, None] - by_document
    variance = np.mean(by_seed**2) / seeds + np.mean(by_document**2) / documents
    variance += np.mean(rest**2) / (seeds * documents)
    assert np.var(crossed_replicates(table)) == pytest.approx(variance)
    short = table.mean(axis=1).var(ddof=1) / seeds**2
    assert crossed_bootstrap(*enumerated(table)).error ** 2 == pytest.approx(variance + short, abs=1e-9)


def test_from_ten_seeds_on_the_interval_is_that_of_percentiles():
    generator = np.random.default_rng(4)
    first, second = generator.normal(size=(2, 1001, 10))
    draws = draw_counts(10, 1000, seed=1)
    got = crossed_bootstrap(first, second, draws)
    replicates = [
        np.mean(np.repeat(row, count)) for row, count in zip(first - second, draws.astype(int), strict=True)
    ]
    assert got.value == pytest.approx(np.mean(first[0] - second[0]))
    assert (got.interval.low, got.interval.high) == pytest.approx(np.quantile(replicates[1:], [0.025, 0.975]))
    below = sum(value <= 0 for value in replicates[1:])
    assert got.p == pytest.approx(2 * (1 + min(below, 1000 - below)) / 1001)


@pytest.mark.parametrize("seeds", [3, 5, 12])
def test_methods_that_differ_by_their_seeds_alone_are_seldom_found_different(seeds):
    # Each run has a skill of its own: over documents alone, every other pair of equal methods would be certain.
    generator = np.random.default_rng(2)
    gold = np.zeros(300, dtype=int)
    resamples, draws = resamples_of(gold, 2, 199, seed=3), draw_counts(seeds, 199, seed=4)
    found = 0
    for _ in range(100):
        methods = [(generator.random((seeds, 300)) < generator.uniform(0.1, 0.5, (seeds, 1))) for _ in range(2)]
        first, second = (resamples.scores(method.astype(int))["micro_f1"] for method in methods)
        found += crossed_bootstrap(first, second, draws).p < 0.05
    assert found <= 12


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_method_compared_with_itself_is_no_different(seeds):
    scores = resamples_of([0, 1, 1, 0], 2, 50, seed=0).scores([[0, 1, 0, 0]] * seeds)["macro_f1"]
    same = crossed_bootstrap(scores, scores, draw_counts(seeds, 50, seed=1))
    assert (same.value, same.interval.low, same.interval.high, same.p) == (0.0, 0.0, 0.0, 1.0)


def test_what_nothing_changes_is_as_certain_as_the_replicates_can_tell():
    scores = resamples_of([0, 1], 2, 99, seed=0).scores([[0, 1]] * 3)["micro_f1"]
    got = crossed_bootstrap(scores, np.zeros_like(scores), draw_counts(3, 99, seed=1))
    assert (got.value, got.p) == (1.0, 2 / 100)


@pytest.mark.parametrize(("seeds", "normal", "t"), [(1, 2.802, None), (3, 2.802, 5.36), (5, 2.802, 3.72),
                                                    (10, 2.802, 3.15)])  # fmt: skip
def test_the_smallest_detectable_effect_is_the_one_of_tables(seeds, normal, t):
    got = detectable(1.0, seeds)
    assert got.normal == pytest.approx(normal, abs=5e-4)
    assert got.t is None if t is None else got.t == pytest.approx(t, abs=6e-3)


@pytest.mark.parametrize(("seeds", "points"), [(3, 1.38), (5, 1.24), (10, 1.12)])
def test_the_smallest_detectable_effect_of_a_worked_example(seeds, points):
    error = np.sqrt(0.05 / 4043 + 0.006**2 / seeds)
    assert 100 * detectable(error, seeds).normal == pytest.approx(points, abs=5e-3)


TEST_DOCUMENTS = (139, 85, 2189, 2568, 3554, 4043, 7532, 22500)


@pytest.mark.parametrize(
    ("discordant", "points"),
    [
        (0.05, (None, None, 1.34, 1.24, 1.05, 0.98, 0.72, 0.42)),
        (0.10, (7.45, 9.48, 1.89, 1.75, 1.49, 1.39, 1.02, 0.59)),
        (0.15, (9.13, 11.61, 2.32, 2.14, 1.82, 1.71, 1.25, 0.72)),
    ],
)
def test_the_smallest_detectable_effect_of_one_pair_is_the_one_of_tables(discordant, points):
    for documents, expected in zip(TEST_DOCUMENTS, points, strict=True):
        got = detectable_by_pair(discordant, documents)
        assert got is None if expected is None else 100 * got == pytest.approx(expected, abs=5e-3)


@given(st.floats(0.001, 1), st.integers(1, 5000))
def test_the_smallest_detectable_effect_of_one_pair_solves_its_equation(discordant, documents):
    got = detectable_by_pair(discordant, documents)

    def needed(difference):
        spread = 1.959964 * discordant**0.5 + 0.841621 * (discordant - difference**2) ** 0.5
        return spread**2 / difference**2

    if got is None:
        assert needed(discordant) > documents * (1 - 1e-6)
    else:
        assert needed(got) == pytest.approx(documents, rel=1e-5)


def test_the_error_of_no_difference_is_that_over_all_pairs_of_runs():
    generator = np.random.default_rng(6)
    gold = np.zeros(50, dtype=int)
    predicted = (generator.random((4, 50)) < 0.3).astype(int)
    scores = resamples_of(gold, 2, 9, seed=2).scores(predicted)["macro_f1"]
    pairs = [(one, other) for one in range(4) for other in range(one)]
    of_documents = np.mean([np.var(scores[1:, one] - scores[1:, other]) for one, other in pairs])
    of_seeds = np.mean([(scores[0, one] - scores[0, other]) ** 2 for one, other in pairs])
    for seeds in (1, 3):
        assert null_error(scores, seeds) ** 2 == pytest.approx((of_documents + of_seeds) / seeds)
    assert null_error(scores[:, :1], 3) is None


def test_the_error_of_no_difference_over_all_draws_is_the_one_of_discordant_documents():
    # Two runs of equal accuracy over three documents; one is right on the first alone, the other on the second.
    scores = all_draws(3) @ np.array([[1, 0], [0, 1], [0, 0]]) / 3
    discordant = 2 / 3
    assert null_error(scores, 1) ** 2 == pytest.approx(discordant / 3)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_rejects_what_the_step_down_rule_rejects(p_values):
    level = 0.05
    corrected = holm(p_values)
    rejected = set()
    for step, at in enumerate(sorted(range(len(p_values)), key=lambda at: p_values[at])):
        if p_values[at] * (len(p_values) - step) > level:
            break
        rejected.add(at)
    assert {at for at, p in enumerate(corrected) if p <= level} == rejected
    assert all(p <= q <= 1 for p, q in zip(p_values, corrected, strict=True))
