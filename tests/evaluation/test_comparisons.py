"""Which methods are compared, what is found of them, and how the tables say it."""

from dataclasses import replace

import numpy as np
import pytest

from auxtask.evaluation.comparisons import Comparison, Resampled, compare, corrected
from auxtask.evaluation.groups import comparable_blocks
from auxtask.evaluation.power import discordant_share, power_table
from auxtask.evaluation.rankings import outcome_table, planned_table, ranking_table
from auxtask.evaluation.significance import Difference, detectable, holm
from auxtask.runs.reading import read_runs
from auxtask.tables.values import Interval
from folders import blocks_of, make_run, planned_in

PLANNED = planned_in("default")


def test_comparisons_count_wins_only_where_the_corrected_p_is_small(tmp_path):
    generator = np.random.default_rng(0)
    gold = generator.integers(3, size=200)
    mistakes = []
    for seed in range(4):
        flawed = np.where(generator.random(200) < 0.4, (gold + 1) % 3, gold)
        mistakes.append(np.mean(flawed != gold))
        close = flawed.copy()
        close[:2] = (close[:2] + 1) % 3
        for method, predicted in (("stl", flawed), ("rtm", close), ("l3masking", gold)):
            make_run(tmp_path, method=method, seed=seed, gold=gold, predicted=predicted)
    comparisons = compare("toy", blocks_of(tmp_path), Resampled(500), PLANNED)
    outcomes = {(c.method, c.reference, c.metric): c.outcome for c in comparisons}
    assert outcomes["l3masking", "stl", "macro_f1"] == "win"
    assert outcomes["l3masking", "rtm", "micro_f1"] == "win"
    assert outcomes["rtm", "stl", "macro_f1"] == "tie"
    assert ("stl", "rtm", "macro_f1") not in outcomes
    by_name = {(c.method, c.reference): c for c in comparisons if c.metric == "micro_f1"}
    difference = by_name["l3masking", "stl"].difference.value
    assert difference == pytest.approx(100 * np.mean(mistakes))
    assert by_name["l3masking", "stl"].seeds == [pytest.approx(100 * share) for share in mistakes]
    assert [by_name[method, "stl"].verdict for method in ("l3masking", "rtm")] == ["better", "not detectable"]
    table = outcome_table(comparisons)
    wins = {(row[0].value, row[1].value, row[2].value): row[3].value for row in table.rows}
    assert wins["l3masking", "stl", "macro-F1"] == 1


@pytest.mark.parametrize(
    ("value", "seeds", "p_holm", "verdict"),
    [
        (9.0, 3, 0.01, "better"),
        (-9.0, 3, 0.01, "worse"),
        # With a standard error of 1: 5.36 of three seeds, 2.80 of one.
        (5.3, 3, 0.2, "not detectable"),
        (-5.3, 3, 0.2, "not detectable"),
        (5.4, 3, 0.2, "open"),
        (2.7, 1, 0.2, "not detectable"),
        (2.9, 1, 0.2, "open"),
    ],
)
def test_a_null_result_below_the_smallest_detectable_difference_is_named(value, seeds, p_holm, verdict):
    interval = Interval(-10, 10) if p_holm > 0.05 else Interval(value / 2, value * 2)
    difference = Difference(value, interval, p_holm, error=1.0, seeds=seeds)
    names = ("toy", "micro_f1", "tiny", "l3masking", "rtm")
    compared = Comparison(*names, "planned", difference, [value] * seeds, detectable(1.0, seeds), p_holm)
    assert compared.verdict == verdict
    # Certain by itself but not among the others, or of a reference whose runs tell nothing: neither is no effect.
    assert (
        replace(compared, difference=replace(difference, interval=Interval(1, 9)), p_holm=0.06).verdict == "open"
    )
    assert replace(compared, p_holm=0.06, detectable=None).verdict == "open"
    # What explores goes by its own p.
    exploring = replace(compared, hypothesis="", p_holm=None)
    assert exploring.outcome == compared.outcome


def test_a_gain_of_one_lucky_seed_is_no_win(tmp_path):
    # One run of three is far ahead: certain over documents, and nothing over seeds.
    generator = np.random.default_rng(1)
    gold = generator.integers(3, size=400)
    wrong = [generator.random(400) < 0.4 for _ in range(3)]
    for seed in range(3):
        flawed = np.where(wrong[seed], (gold + 1) % 3, gold)
        make_run(tmp_path, seed=seed, gold=gold, predicted=flawed)
        make_run(tmp_path, method="rtm", seed=seed, gold=gold, predicted=flawed if seed else gold)
    for comparison in compare("toy", blocks_of(tmp_path), Resampled(500), PLANNED):
        assert comparison.difference.value > 10
        assert comparison.outcome == "tie"
        assert comparison.difference.p > 0.3


def test_runs_are_paired_by_the_seeds_in_common(tmp_path):
    gold = (0, 0, 0, 0, 1, 1, 2, 2, 2, 2)
    for seed in range(3):
        make_run(tmp_path, seed=seed, predicted=(seed, *gold[1:]))
    for seed in (1, 2, 7):
        make_run(tmp_path, method="rtm", seed=seed, predicted=gold if seed == 2 else (0,) * 10)
    make_run(tmp_path, method="all_phrase", seed=2, predicted=gold)
    make_run(tmp_path, method="bit_label", seed=9, predicted=gold)
    make_run(tmp_path, method="tfidf_logreg", baseline="linear", seed=0, predicted=gold)
    comparisons = compare("toy", blocks_of(tmp_path), Resampled(50), PLANNED)
    found = {(c.method, c.reference): c for c in comparisons if c.metric == "micro_f1"}
    assert found["rtm", "stl"].seeds == [pytest.approx(-50), pytest.approx(10)]
    assert found["rtm", "stl"].difference.value == pytest.approx(-20)
    # A linear yardstick goes with every seed of the other; stl's first is the one without a mistake.
    assert found["tfidf_logreg", "stl"].seeds == [pytest.approx(points) for points in (0, 10, 10)]
    assert found["tfidf_logreg", "stl"].difference.seeds == 3
    assert found["all_phrase", "stl"].difference.seeds == 1
    assert found["bit_label", "stl"].difference is None
    table = ranking_table(blocks_of(tmp_path)[0], comparisons, "micro_f1", ddof=1)
    marks = {(row[0].value, row[1].value): [mark for cell in row for mark in cell.marks] for row in table.rows}
    notes = {note.mark: note.text for note in table.notes}
    said = {pair: [notes[mark] for mark in of_row] for pair, of_row in marks.items()}
    assert said["rtm", "stl"] == said["tfidf_logreg", "stl"] == []
    assert said["all_phrase", "stl"] == ["one seed: the certainty is over test documents alone"]
    assert said["bit_label", "stl"] == ["no seed in common"]


def test_a_run_without_predictions_is_compared_by_its_seeds_alone(tmp_path):
    make_run(tmp_path, method="stl")
    path = make_run(tmp_path, method="rtm", predicted=(0, 0, 0, 0, 1, 1, 2, 2, 2, 2))
    (path / "predictions.jsonl").unlink()
    comparisons = compare("toy", blocks_of(tmp_path), Resampled(50), PLANNED)
    assert [c.difference for c in comparisons] == [None, None]
    assert comparisons[0].seeds == [pytest.approx(30.0)]
    assert comparisons[0].outcome == "tie"


PAIRS = ("l3masking", "rtm"), ("l3masking", "l3masking_permuted")


def test_the_correction_is_over_planned_contrasts_alone_and_methods_stand_by_their_scores(tmp_path):
    generator = np.random.default_rng(3)
    gold = generator.integers(3, size=150)
    errors = {"stl": 0.3, "rtm": 0.35, "l3masking": 0.2, "l3masking_permuted": 0.25, "gini": 0.4}
    for seed in range(3):
        for method, share in errors.items():
            predicted = np.where(generator.random(150) < share, (gold + 1) % 3, gold)
            make_run(tmp_path, method=method, seed=seed, gold=gold, predicted=predicted)
    blocks, resampled = blocks_of(tmp_path), Resampled(200)
    comparisons = corrected(compare("toy", blocks, resampled, PLANNED))
    found = {(c.method, c.reference): c for c in comparisons if c.metric == "macro_f1"}
    planned = [c for c in comparisons if (c.method, c.reference) in PAIRS]
    # Both pairs by both metrics are one family.
    assert len(planned) == 4
    assert [c.p_holm for c in planned] == holm([c.difference.p for c in planned])
    assert {c.p_holm for c in comparisons if c not in planned} == {None}
    assert [row[0].value for row in planned_table(comparisons).rows] == [
        *["likelihood"] * 2,
        *["which_tokens"] * 2,
    ]
    table = ranking_table(blocks[0], comparisons, "macro_f1", ddof=1)
    assert list(dict.fromkeys(row[0].value for row in table.rows)) == sorted(errors, key=errors.get)
    of_gini = [[str(cell) for cell in row] for row in table.rows if row[0].value == "gini"]
    assert [row[1:3] for row in of_gini] == [["stl", "exploratory"], ["rtm", "exploratory"]]
    assert [bool(row[4]) for row in of_gini] == [True, False]
    # Each is beside what its own reference would let be found.
    for comparison in found.values():
        [reference] = [group for group in blocks[0].groups if group.label == comparison.reference]
        assert comparison.detectable == resampled.detectable(reference, "macro_f1", 3)
    [row] = power_table("toy", blocks, resampled).rows
    assert [str(cell) for cell in row[:3]] == ["tiny", "3", "150"]
    [stl, *_] = blocks[0].groups
    assert row[-3].value == resampled.detectable(stl, "macro_f1", 3)


def test_runs_are_discordant_where_one_of_two_is_right():
    correct = np.random.default_rng(1).random((5, 30)) < 0.6
    pairs = [(one, other) for one in range(5) for other in range(one)]
    shares = [np.mean(correct[one] != correct[other]) for one, other in pairs]
    assert discordant_share(correct) == pytest.approx(np.mean(shares))


def test_copies_of_one_text_are_one_document_to_the_bootstrap(tmp_path):
    # Right on twenty of forty: as twenty documents of two copies each the share is half as certain.
    gold = np.zeros(40, dtype=int)
    repeats = [[at, at + 20] for at in range(20)]
    half = np.tile(np.arange(20) % 2, 2)
    errors = []
    for folder, known in ((tmp_path / "alone", []), (tmp_path / "copies", repeats)):
        make_run(folder, gold=gold, predicted=half)
        # One run tells for all of the data set.
        make_run(folder, method="rtm", gold=gold, predicted=gold, metrics={"test_repeats": known})
        runs = read_runs(folder).runs
        found = compare("toy", comparable_blocks(runs), Resampled(4000, runs), PLANNED)
        [error] = [each.difference.error for each in found if each.metric == "micro_f1"]
        errors.append(error)
    np.testing.assert_allclose(errors, 100 * np.sqrt([0.25 / 40, 0.25 / 20]), rtol=0.05)
