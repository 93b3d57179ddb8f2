"""Runs share a cell when they differ in the seed alone, and a table when their methods alone differ."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxtask.evaluation.class_gains import class_gains, gains_by_method
from auxtask.evaluation.groups import comparable_blocks, differences
from auxtask.runs.reading import read_runs
from folders import make_run


def blocks_of(folder):
    return comparable_blocks(read_runs(folder).runs)


def test_seeds_share_a_cell_and_other_settings_do_not(tmp_path):
    for seed in (0, 1):
        for method in ("stl", "rtm"):
            make_run(tmp_path, method=method, seed=seed)
    make_run(tmp_path, method="rtm", seed=0, trainer__max_steps=20)
    make_run(tmp_path, method="rtm", seed=0, weighting__auxiliary=0.5)
    usual, short = blocks_of(tmp_path)
    assert (usual.label, short.label) == ("tiny, trainer.max_steps=-1", "tiny, trainer.max_steps=20")
    assert [(group.label, [run.seed for run in group.runs]) for group in usual.groups] == [
        ("stl", [0, 1]),
        ("rtm, weighting.auxiliary=0.5", [0]),
        ("rtm, weighting.auxiliary=1.0", [0, 1]),
    ]
    assert [group.label for group in short.groups] == ["rtm, weighting.auxiliary=1.0"]


def test_namesakes_of_other_classes_go_by_their_classes_alone(tmp_path):
    make_run(tmp_path, method="rtm")
    for alpha in (1.5, 0.5):
        gradnorm = {"_target_": "auxtask.training.weighting.gradnorm.GradNorm", "alpha": alpha}
        make_run(tmp_path, method="rtm", weighting=gradnorm)
    [block] = blocks_of(tmp_path)
    assert [group.label for group in block.groups] == [
        "rtm, weighting=gradnorm, weighting.alpha=0.5",
        "rtm, weighting=gradnorm, weighting.alpha=1.5",
        "rtm, weighting=static",
    ]


def test_paths_and_logging_do_not_keep_runs_apart(tmp_path):
    make_run(tmp_path, seed=0)
    make_run(tmp_path, seed=1, trainer__logging_steps=7, paths__runs="elsewhere")
    [block] = blocks_of(tmp_path)
    assert [len(group.runs) for group in block.groups] == [2]


def test_a_baseline_joins_the_block_of_its_model_whatever_its_trainer_settings(tmp_path):
    make_run(tmp_path, method="stl")
    make_run(tmp_path, method="tfidf_logreg", baseline="some.where", trainer__max_steps=7)
    [block] = blocks_of(tmp_path)
    assert [group.label for group in block.groups] == ["stl", "tfidf_logreg"]
    assert block.seeds == [0]


def test_masked_rows_of_the_main_task_are_part_of_the_method(tmp_path):
    make_run(tmp_path, method="stl")
    make_run(tmp_path, method="rtm")
    make_run(tmp_path, method="stl", trainer__main_mask=0.15)
    make_run(tmp_path, method="rtm", trainer__main_rows="rtm")
    [block] = blocks_of(tmp_path)
    assert [(group.strategy, group.label) for group in block.groups] == [
        ("stl", "stl"),
        ("rtm", "rtm"),
        ("rtm, main_rows", "rtm, trainer.main_rows=rtm"),
        ("stl, main_mask", "stl, trainer.main_mask=0.15"),
    ]
    assert list(gains_by_method(block)) == ["rtm", "rtm, trainer.main_rows=rtm", "stl, trainer.main_mask=0.15"]


def test_mean_and_deviation_of_the_worked_example(tmp_path):
    # Seeds 71.2, 73.4, 70.5: mean 71.70, deviation 1.51 of a sample and 1.24 of the population.
    for seed, correct in enumerate((712, 734, 705)):
        gold = np.zeros(1000, dtype=int)
        make_run(
            tmp_path, seed=seed, gold=gold, predicted=(np.arange(1000) >= correct).astype(int), names=("a", "b")
        )
    [group] = blocks_of(tmp_path)[0].groups
    assert str(group.aggregate("micro_f1", ddof=1)) == "71.70 ± 1.51"
    assert str(group.aggregate("micro_f1", ddof=0)) == "71.70 ± 1.24"


def test_gains_by_class_are_differences_of_means_from_the_smallest_class_up(tmp_path):
    gold = (0, 0, 0, 0, 1, 1, 2, 2, 2, 2)
    make_run(tmp_path, method="stl", gold=gold, predicted=(0, 0, 0, 1, 1, 0, 2, 2, 2, 0))
    make_run(tmp_path, method="rtm", gold=gold, predicted=gold)
    stl, rtm = blocks_of(tmp_path)[0].groups
    gains = class_gains(rtm, stl)
    assert [(gain.label, gain.size) for gain in gains] == [("b", 2), ("a", 4), ("c", 4)]
    assert [round(gain.gain, 2) for gain in gains] == [50.0, 33.33, 14.29]


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 2)), min_size=1, max_size=5))
def test_differences_are_what_not_all_settings_share(settings):
    found = differences(settings)
    for name in "abc":
        differs = len({one.get(name) for one in settings}) > 1
        for one, difference in zip(settings, found, strict=True):
            assert (name in difference) == (differs and name in one)


@pytest.mark.parametrize("metric", ["micro_f1", "macro_f1"])
def test_one_run_has_no_deviation(tmp_path, metric):
    make_run(tmp_path)
    [group] = blocks_of(tmp_path)[0].groups
    assert group.aggregate(metric, ddof=1).std is None
