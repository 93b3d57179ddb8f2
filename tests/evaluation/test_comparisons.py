"""Which methods are compared, what is found of them, and how the tables say it."""

from dataclasses import replace

import numpy as np
import pytest

from auxtask.evaluation.comparisons import Comparison, Resampled, compare
from auxtask.evaluation.contrasts import contrasts
from auxtask.evaluation.groups import comparable_blocks
from auxtask.evaluation.power import discordant_share, power_table
from auxtask.evaluation.rankings import outcome_table, ranking_table
from auxtask.evaluation.significance import Difference, detectable, holm
from auxtask.runs.reading import read_runs
from auxtask.tables.values import Interval
from folders import make_run, task


def blocks_of(folder):
    return comparable_blocks(read_runs(folder).runs)


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
    comparisons = compare("toy", blocks_of(tmp_path), Resampled(500))
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
    compared = Comparison(*names, True, difference, p_holm, detectable(1.0, seeds), [value] * seeds)
    assert compared.verdict == verdict
    # Certain by itself but not among the others, or of a reference whose runs tell nothing: neither is no effect.
    assert (
        replace(compared, difference=replace(difference, interval=Interval(1, 9)), p_holm=0.06).verdict == "open"
    )
    assert replace(compared, p_holm=0.06, detectable=None).verdict == "open"
    # What explores goes by its own p.
    exploring = replace(compared, planned=False, p_holm=None)
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
    for comparison in compare("toy", blocks_of(tmp_path), Resampled(500)):
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
    comparisons = compare("toy", blocks_of(tmp_path), Resampled(50))
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
    comparisons = compare("toy", blocks_of(tmp_path), Resampled(50))
    assert [c.difference for c in comparisons] == [None, None]
    assert comparisons[0].seeds == [pytest.approx(30.0)]
    assert comparisons[0].outcome == "tie"


def compared_in(folder):
    [block] = blocks_of(folder)
    return {(each.group.label, each.reference.label): each.planned for each in contrasts(block)}


def test_planned_contrasts_are_told_from_those_that_explore(tmp_path):
    tokens, units = ("l3masking", "l3masking_permuted"), ("ngram_units", "ngram_units_uniform")
    for method in ("stl", "rtm", *tokens, *units, "disregard"):
        make_run(tmp_path, method=method)
    make_run(tmp_path, method="stl", trainer__main_mask=0.15, trainer__main_mask_replace_prob=0.8)
    make_run(tmp_path, method="rtm", trainer__main_rows="rtm")
    found = compared_in(tmp_path)
    masked = "stl, trainer.main_mask=0.15, trainer.main_mask_replace_prob=0.8"
    one_pass = "rtm, trainer.main_rows=rtm"
    masking = (*tokens, *units, one_pass)
    against_stl = {(method, "stl") for method in (*masking, "rtm", "disregard", masked)}
    assert found.keys() - against_stl == {
        *((method, "rtm") for method in masking),
        tokens,
        units,
        (one_pass, masked),
    }
    assert {pair for pair, planned in found.items() if planned} == {
        ("l3masking", "rtm"),
        tokens,
        units,
        (one_pass, masked),
    }


def test_labels_are_compared_with_controls_over_the_same_n_grams(tmp_path):
    merges = {"_target_": "auxtask.phrases.extraction.NgramExtractor", "num_merges": None}
    log_odds = {"_target_": "auxtask.phrases.log_odds.LogOddsExtractor", "reference": merges, "max_length": 5}
    agnostic = {"_target_": "auxtask.phrases.class_agnostic.ClassAgnosticExtractor", "reference": merges}
    labelled = {"_target_": "auxtask.tasks.recognition.RecognitionTask"}
    for extractor in (merges, log_odds):
        for method in ("bit_label", "random_spans"):
            make_run(tmp_path, method=method, aux={method: {**labelled, "extractor": extractor}})
    control = {**labelled, "extractor": {**agnostic, "num_merges": 5000}}
    make_run(tmp_path, method="common_ngrams", aux={"common_ngrams": control})
    found = {
        (*(label.split(",")[0] for label in pair), *("LogOdds" in label or "log_odds" in label for label in pair))
        for pair in compared_in(tmp_path)
    }
    assert found == {
        ("bit_label", "random_spans", False, False),
        ("bit_label", "random_spans", True, True),
        ("bit_label", "common_ngrams", False, False),
    }
    assert not any(compared_in(tmp_path).values())


def test_methods_are_compared_where_they_differ_as_methods_alone(tmp_path):
    meta = {"_target_": "auxtask.training.weighting.meta.MetaWeighting", "dev_head": "warm"}
    for method in ("rtm", "l3masking"):
        make_run(tmp_path, method=method)
        make_run(tmp_path, method=method, weighting=meta)
    make_run(tmp_path, method="rtm", weighting={**meta, "dev_head": "main"})
    make_run(tmp_path, method="rtm", aux={"rtm": {**task("rtm"), "decoder": "detached"}})
    faster = task("l3masking")
    faster["masking"]["mask_rate"] = 0.3
    make_run(tmp_path, method="l3masking", aux={"l3masking": faster})
    names = [(one.count("meta"), other.count("meta"), "detached" in other) for one, other in compared_in(tmp_path)]
    assert sorted(names) == [(0, 0, False), (1, 1, False)]
    make_run(tmp_path, method="stl", trainer__main_mask=0.1, trainer__main_mask_replace_prob=0.8)
    # The same rate, but of mask tokens alone.
    make_run(tmp_path, method="stl", trainer__main_mask=0.15)
    make_run(tmp_path, method="rtm", trainer__main_rows="rtm")
    assert not [other for _, other in compared_in(tmp_path) if "main_mask" in other]


def test_the_correction_is_over_planned_contrasts_alone_and_methods_stand_by_their_scores(tmp_path):
    generator = np.random.default_rng(3)
    gold = generator.integers(3, size=150)
    errors = {"stl": 0.3, "rtm": 0.35, "l3masking": 0.2, "l3masking_permuted": 0.25, "gini": 0.4}
    for seed in range(3):
        for method, share in errors.items():
            predicted = np.where(generator.random(150) < share, (gold + 1) % 3, gold)
            make_run(tmp_path, method=method, seed=seed, gold=gold, predicted=predicted)
    blocks, resampled = blocks_of(tmp_path), Resampled(200)
    comparisons = compare("toy", blocks, resampled)
    found = {(c.method, c.reference): c for c in comparisons if c.metric == "macro_f1"}
    planned = [found["l3masking", "rtm"], found["l3masking", "l3masking_permuted"]]
    assert [c.p_holm for c in planned] == holm([c.difference.p for c in planned])
    assert {c.p_holm for c in found.values() if c not in planned} == {None}
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
        found = compare("toy", comparable_blocks(runs), Resampled(4000, runs))
        [error] = [each.difference.error for each in found if each.metric == "micro_f1"]
        errors.append(error)
    np.testing.assert_allclose(errors, 100 * np.sqrt([0.25 / 40, 0.25 / 20]), rtol=0.05)
