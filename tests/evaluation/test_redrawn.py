"""Folds, resplits, fractions and classes in reports, against naive sums, worked examples and scikit-learn."""

import itertools
import json

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import confusion_matrix as reference_confusion
from sklearn.metrics import f1_score, precision_recall_fscore_support

from auxtask.evaluation.confusion import class_scores, confusion_matrix, per_class_table, shown_groups
from auxtask.evaluation.groups import comparable_blocks
from auxtask.evaluation.redrawn import of_own_splits, redrawn_runs
from auxtask.evaluation.redrawn_tables import learning_curves, redrawn_tables
from auxtask.evaluation.resampling import corrected_t, probability_of_superiority
from auxtask.reporting.figures import block_figures
from auxtask.reporting.sections import report_sections
from auxtask.runs.reading import read_runs
from folders import blocks_of, make_run

GOLD = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2, 2])


def drawn_run(folder, rng, hits, method="stl", seed=0, train=7, **drawing):
    """A run that predicts each document rightly with a chance, on documents drawn in a given way."""
    gold = rng.permutation(GOLD)
    predicted = np.where(rng.random(10) < hits, gold, rng.integers(0, 3, 10))
    fields = {f"dataset__{name}": value for name, value in drawing.items()}
    path = make_run(folder, method=method, seed=seed, gold=gold, predicted=predicted, **fields)
    environment = json.loads((path / "environment.json").read_text())
    environment["data"] = {"drawn": {"train": train, "valid": 1, "test": 10}}
    (path / "environment.json").write_text(json.dumps(environment))
    return gold, predicted


def macro(gold, predicted):
    return f1_score(gold, predicted, labels=[0, 1, 2], average="macro", zero_division=0)


def columns(table):
    return {row[0].value: dict(zip(table.columns, row, strict=True)) for row in table.rows}


def test_the_corrected_t_is_that_of_the_worked_example():
    differences = [1.2, -0.4, 2.1, 0.8, 1.5, -0.2, 0.9, 1.8, 0.3, 1.0]
    corrected = corrected_t(differences, n_train=1688, n_test=139)
    assert round(corrected.value, 3) == 0.9
    assert round(corrected.t, 3) == 2.586
    assert round(corrected.p, 3) == 0.029
    # Without test documents it is the usual paired t.
    usual = corrected_t(differences, n_train=1, n_test=0)
    expected = stats.ttest_1samp(differences, 0)
    assert (usual.t, usual.p) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue))
    assert corrected_t([0.5, 0.5], 10, 1)[1:] == corrected_t([0.5], 10, 1)[1:] == (None, None)


def test_the_probability_of_superiority_is_the_share_of_splits_won():
    rng = np.random.default_rng(3)
    for _ in range(20):
        first, second = rng.integers(0, 4, (2, 9))
        won = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in zip(first, second, strict=True)) / 9
        assert probability_of_superiority(first, second).probability == pytest.approx(won)


def test_its_interval_is_that_of_all_bootstrap_samples():
    # Four splits of which three are won: all 256 samples are listed.
    wins = np.array([1, 1, 1, 0])
    means = sorted(wins[list(sample)].mean() for sample in itertools.product(range(4), repeat=4))
    interval = probability_of_superiority(wins, [0.5] * 4).interval
    assert (interval.low, interval.high) == (means[int(0.025 * 256)], means[int(0.975 * 256)]) == (0.25, 1.0)


@pytest.mark.parametrize(
    ("won", "verdict"), [(10, "better, worth it"), (9, "better, worth it"), (6, "not shown"), (0, "not shown")]
)
def test_better_and_worth_it(won, verdict):
    assert probability_of_superiority([1] * won + [0] * (10 - won), [0.5] * 10).verdict == verdict


def test_better_is_not_yet_worth_it():
    # 580 of 1,000 splits: the interval is .55 to .61.
    assert probability_of_superiority([1] * 580 + [0] * 420, [0.5] * 1000).verdict == "better"


def test_classes_are_scored_as_scikit_learn_does():
    rng = np.random.default_rng(0)
    for classes in (2, 5):
        gold, predicted = rng.integers(0, classes, (2, 30))
        matrix = confusion_matrix(gold, predicted, classes)
        labels = list(range(classes))
        assert matrix.tolist() == reference_confusion(gold, predicted, labels=labels).tolist()
        expected = precision_recall_fscore_support(gold, predicted, labels=labels, zero_division=0)
        for mine, theirs in zip(class_scores(matrix).values(), expected, strict=False):
            assert mine == pytest.approx(theirs)


def test_classes_have_a_row_for_the_reference_and_for_the_best_by_validation(tmp_path):
    predicted = (0, 0, 1, 1, 1, 1, 2, 2, 0, 0)
    make_run(tmp_path, seed=0)
    make_run(tmp_path, seed=1, predicted=predicted)
    make_run(tmp_path, method="rtm", valid=0.4, predicted=GOLD)
    make_run(tmp_path, method="l3masking", valid=0.6)
    [block] = blocks_of(tmp_path)
    assert [group.method for group in shown_groups(block)] == ["stl", "l3masking"]
    table = per_class_table(block, 1)
    assert [(row[0].value, row[1].value) for row in table.rows] == [
        (method, name) for method in ("stl", "l3masking") for name in "abc"
    ]
    first = (0, 0, 0, 1, 1, 0, 2, 2, 2, 0)
    scores = [precision_recall_fscore_support(GOLD, each, zero_division=0) for each in (first, predicted)]
    for at, row in enumerate(table.rows[:3]):
        for kind, cell in enumerate(row[2:5]):
            values = [100 * of_run[kind][at] for of_run in scores]
            assert cell.value.mean == pytest.approx(np.mean(values))
            assert cell.value.std == pytest.approx(np.std(values, ddof=1))
        assert str(row[5]) == str(np.bincount(GOLD)[at])
    [axes, other] = block_figures(block)["confusion"].axes
    both = sum(reference_confusion(GOLD, each, labels=[0, 1, 2]) for each in (first, predicted))
    assert axes.collections[0].get_array().tolist() == (both / both.sum(axis=1, keepdims=True)).tolist()
    assert other.get_title() == "l3masking"


def test_folds_are_pooled_and_compared(tmp_path):
    rng = np.random.default_rng(5)
    made = {}
    for method, hits in (("stl", 0.4), ("rtm", 0.7)):
        for fold, seed in itertools.product(range(3), (0, 1)):
            drawing = {"split": "cv:3", "fold": fold}
            made[method, fold, seed] = drawn_run(tmp_path, rng, hits, method, seed, train=18, **drawing)
    make_run(tmp_path)
    runs = read_runs(tmp_path).runs
    assert len(of_own_splits(runs)) == 1
    [redrawn] = redrawn_runs(runs, "toy")
    micro, table = redrawn_tables(redrawn, ddof=1)
    rows = columns(table)
    assert list(rows) == ["stl", "rtm"]
    by_fold = {}
    for method, row in rows.items():
        scores = np.array([[macro(*made[method, fold, seed]) for seed in (0, 1)] for fold in range(3)])
        by_fold[method] = 100 * scores.mean(axis=1)
        assert row["macro-F1"].value.mean == pytest.approx(by_fold[method].mean())
        assert row["macro-F1"].value.std == pytest.approx(by_fold[method].std(ddof=1))
        pooled = [
            macro(*(np.concatenate([made[method, fold, seed][side] for fold in range(3)]) for side in (0, 1)))
            for seed in (0, 1)
        ]
        assert row["macro-F1, pooled"].value.mean == pytest.approx(100 * np.mean(pooled))
        assert (str(row["folds"]), row["runs"].value) == ("3 of 3", 6)
    differences = by_fold["rtm"] - by_fold["stl"]
    t = differences.mean() / np.sqrt((1 / 3 + 10 / 18) * differences.var(ddof=1))
    assert rows["rtm"]["difference"].value.value == pytest.approx(differences.mean())
    assert rows["rtm"]["t"].value.value == pytest.approx(t)
    assert rows["rtm"]["p"].value.value == pytest.approx(2 * stats.t.sf(abs(t), 2))
    assert rows["stl"]["difference"].value is None
    accuracies = [np.mean(np.equal(*made["rtm", fold, seed])) for fold in range(3) for seed in (0, 1)]
    assert columns(micro)["rtm"]["micro-F1, pooled"].value.mean == pytest.approx(100 * np.mean(accuracies))


def test_a_seed_without_all_folds_is_not_pooled(tmp_path):
    rng = np.random.default_rng(5)
    for fold in range(2):
        drawn_run(tmp_path, rng, 0.5, split="cv:3", fold=fold)
    [redrawn] = redrawn_runs(read_runs(tmp_path).runs, "toy")
    row = columns(redrawn_tables(redrawn, ddof=1)[1])["stl"]
    assert str(row["folds"]) == "2 of 3"
    assert row["macro-F1, pooled"].value is None


def test_resplits_are_paired_by_their_seeds(tmp_path):
    rng = np.random.default_rng(6)
    made = {
        (method, split): drawn_run(tmp_path, rng, hits, method, resplit=split)
        for method, hits in (("stl", 0.3), ("rtm", 0.8))
        for split in range(6)
        if (method, split) != ("rtm", 5)
    }
    [redrawn] = redrawn_runs(read_runs(tmp_path).runs, "toy")
    row = columns(redrawn_tables(redrawn, ddof=1)[1])["rtm"]
    own, other = (np.array([macro(*made[method, split]) for split in range(5)]) for method in ("rtm", "stl"))
    won = np.mean((own > other) + 0.5 * (own == other))
    assert row["P(> stl)"].value.value == pytest.approx(won)
    assert row["splits"].value == 5
    assert row["difference"].value.value == pytest.approx(100 * (own - other).mean())
    assert row["t"].value.value == pytest.approx(corrected_t(own - other, 7, 10).t)


def test_without_the_reference_the_first_method_takes_its_place(tmp_path):
    rng = np.random.default_rng(9)
    made = {
        (method, split): drawn_run(tmp_path, rng, 0.5, method, resplit=split)
        for method in ("entropy", "rtm")
        for split in range(3)
    }
    [redrawn] = redrawn_runs(read_runs(tmp_path).runs, "toy")
    rows = columns(redrawn_tables(redrawn, ddof=1)[1])
    differences = [macro(*made["entropy", split]) - macro(*made["rtm", split]) for split in range(3)]
    assert rows["entropy"]["difference"].value.value == pytest.approx(100 * np.mean(differences))
    assert rows["rtm"]["difference"].value is None
    assert "P(> rtm)" in rows["rtm"]


def test_learning_curves_follow_the_share_of_train(tmp_path):
    rng = np.random.default_rng(7)
    made = {
        (method, share, seed): drawn_run(
            tmp_path, rng, 0.3 + 0.5 * share, method, seed, train=round(100 * share), train_fraction=share
        )
        for method in ("stl", "rtm")
        for share in (0.1, 0.5, 1)
        for seed in range(3)
    }
    runs = read_runs(tmp_path).runs
    assert {run.settings.get("dataset.train_fraction", 1) for run in of_own_splits(runs)} == {1}
    [redrawn] = redrawn_runs(runs, "toy")
    [block] = redrawn.blocks
    for method, points in learning_curves(block).items():
        for (share, score, ends), expected in zip(points, (0.1, 0.5, 1), strict=True):
            values = [100 * macro(*made[method, expected, seed]) for seed in range(3)]
            low, high = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
            assert (share, score.mean) == (expected, pytest.approx(np.mean(values)))
            assert (ends.low, ends.high) == (pytest.approx(max(low, 0)), pytest.approx(min(high, 100)))
    [table] = redrawn_tables(redrawn, ddof=1)
    assert [(row[0].value, row[1].value, row[2].value) for row in table.rows[:3]] == [
        ("stl", "0.1", 10), ("stl", "0.5", 50), ("stl", "1", 100),
    ]  # fmt: skip
    figures = block_figures(block)
    assert set(figures) == {"learning"}
    stl, rtm = (line.get_xdata() for line in figures["learning"].axes[0].lines)
    assert np.sqrt(stl * rtm) == pytest.approx([0.1, 0.5, 1])


def test_a_report_has_a_section_for_each_way_of_drawing_and_none_without(tmp_path):
    rng = np.random.default_rng(8)
    make_run(tmp_path)

    def titles():
        runs = read_runs(tmp_path)
        blocks = comparable_blocks(of_own_splits(runs.runs))
        made = report_sections(runs, blocks, {}, ddof=1, resamples=10, command_line=lambda *parts: "")
        return [section.title for section in made]

    assert titles() == ["toy", "Behind the figures"]
    drawn_run(tmp_path, rng, 0.5, resplit=1)
    drawn_run(tmp_path, rng, 0.5, split="cv:2", fold=0)
    drawn_run(tmp_path, rng, 0.5, split="cv:2", fold=0, train_fraction=0.5)
    drawn_run(tmp_path, rng, 0.5, train_fraction=0.5)
    assert titles() == [
        "toy", "toy: cross-validation cv:2", "toy: cross-validation cv:2, 0.5 of train",
        "toy: part of the training documents", "toy: resplits", "Behind the figures",
    ]  # fmt: skip
