"""Bootstrap, intervals and correction against slow or exact oracles."""

import numpy as np
import pytest
from folders import make_run
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from auxtask.evaluation.comparisons import compare, outcome_table
from auxtask.evaluation.groups import comparable_blocks
from auxtask.evaluation.runs import read_runs
from auxtask.evaluation.significance import Resamples, holm, paired_bootstrap, seed_interval


def test_resampled_scores_are_those_of_the_drawn_documents():
    generator = np.random.default_rng(5)
    gold, predicted = generator.integers(4, size=30), generator.integers(4, size=30)
    scores = Resamples(gold, 5, resamples=20, seed=7).scores(predicted)
    same_draws = np.random.default_rng(7)
    rows = [np.arange(30), *(same_draws.integers(30, size=30) for _ in range(20))]
    for at, row in enumerate(rows):
        macro = f1_score(gold[row], predicted[row], labels=range(5), average="macro", zero_division=0)
        assert scores["macro_f1"][at] == pytest.approx(macro, abs=1e-12)
        assert scores["micro_f1"][at] == pytest.approx(np.mean(gold[row] == predicted[row]), abs=1e-12)


def test_the_interval_of_an_accuracy_difference_is_the_one_of_theory():
    # Paired differences of correctness are -1, 0 or 1: their mean has a normal interval for many documents.
    generator = np.random.default_rng(0)
    gold = np.zeros(1000, dtype=int)
    first, second = ((generator.random(1000) > share).astype(int) for share in (0.8, 0.75))
    resamples = Resamples(gold, 2, resamples=4000, seed=1)
    got = paired_bootstrap(resamples.scores(first)["micro_f1"], resamples.scores(second)["micro_f1"])
    paired = second - first
    error = 1.96 * paired.std() / np.sqrt(1000)
    assert got.value == pytest.approx(paired.mean())
    assert got.interval.low == pytest.approx(paired.mean() - error, abs=0.1 * error)
    assert got.interval.high == pytest.approx(paired.mean() + error, abs=0.1 * error)


def test_equal_methods_are_found_different_as_often_as_the_level_says():
    generator = np.random.default_rng(2)
    found = 0
    for _ in range(300):
        gold = generator.integers(2, size=80)
        methods = [np.where(generator.random(80) < 0.3, 1 - gold, gold) for _ in range(2)]
        resamples = Resamples(gold, 2, resamples=199, seed=3)
        first, second = (resamples.scores(method)["micro_f1"] for method in methods)
        found += paired_bootstrap(first, second).p < 0.05
    # 15 expected; the percentile method is a little liberal on few documents.
    assert 5 <= found <= 30


def test_a_method_compared_with_itself_is_no_different():
    scores = Resamples([0, 1, 1, 0], 2, resamples=50).scores([0, 1, 0, 0])["macro_f1"]
    same = paired_bootstrap(scores, scores)
    assert (same.value, same.interval.low, same.interval.high, same.p) == (0.0, 0.0, 0.0, 1.0)


def test_the_interval_over_seeds_is_the_one_of_a_table():
    # t(0.975, 2) = 4.30265; the mean of 1, 2, 6 is 3, its standard error 2.64575 / sqrt(3).
    interval = seed_interval([1.0, 2.0, 6.0])
    assert interval.low == pytest.approx(3 - 4.30265 * 2.64575 / 3**0.5, abs=1e-4)
    assert interval.high == pytest.approx(3 + 4.30265 * 2.64575 / 3**0.5, abs=1e-4)
    assert seed_interval([1.0]) is None


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


def test_comparisons_count_wins_only_where_the_corrected_p_is_small(tmp_path):
    generator = np.random.default_rng(0)
    gold = generator.integers(3, size=200)
    flawed = np.where(generator.random(200) < 0.4, (gold + 1) % 3, gold)
    close = flawed.copy()
    close[:2] = (close[:2] + 1) % 3
    for seed in (0, 1):
        for method, predicted in (("stl", flawed), ("rtm", close), ("l3masking", gold)):
            make_run(tmp_path, method=method, seed=seed, gold=gold, predicted=predicted)
    comparisons = compare("toy", comparable_blocks(read_runs(tmp_path).runs), resamples=500)
    outcomes = {(c.method, c.reference, c.metric): c.outcome for c in comparisons}
    assert outcomes["l3masking", "stl", "macro_f1"] == "win"
    assert outcomes["l3masking", "rtm", "micro_f1"] == "win"
    assert outcomes["rtm", "stl", "macro_f1"] == "tie"
    assert ("stl", "rtm", "macro_f1") not in outcomes
    by_name = {(c.method, c.reference): c for c in comparisons if c.metric == "micro_f1"}
    difference = by_name["l3masking", "stl"].documents.value
    assert difference == pytest.approx(100 * np.mean(flawed != gold))
    assert by_name["l3masking", "stl"].seeds == [pytest.approx(difference)] * 2
    table = outcome_table(comparisons)
    wins = {(row[0].value, row[1].value, row[2].value): row[3].value for row in table.rows}
    assert wins["l3masking", "stl", "macro-F1"] == 1


def test_a_run_without_predictions_is_compared_by_its_seeds_alone(tmp_path):
    make_run(tmp_path, method="stl")
    path = make_run(tmp_path, method="rtm", predicted=(0, 0, 0, 0, 1, 1, 2, 2, 2, 2))
    (path / "predictions.jsonl").unlink()
    comparisons = compare("toy", comparable_blocks(read_runs(tmp_path).runs), resamples=50)
    assert [c.documents for c in comparisons] == [None, None]
    assert comparisons[0].seeds == [pytest.approx(30.0)]
    assert comparisons[0].outcome == "tie"
