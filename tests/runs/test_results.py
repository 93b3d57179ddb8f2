"""What `metrics.json` says beside the scores: without copies, over the classes present, and what misleads."""

import json

import numpy as np
import pytest

from auxtask.data.counts import document_counts
from auxtask.data.dataset import build_text_dataset
from auxtask.runs.folder import RunFolder
from auxtask.runs.results import write_results

TRAIN = [("one", "a"), ("two", "b"), ("three", "c")]


def results(tmp_path, test, predicted):
    dataset = build_text_dataset({"train": TRAIN, "valid": TRAIN[:1], "test": test}, name="films", provenance={})
    metrics = write_results(
        RunFolder(tmp_path), dataset, np.eye(3, dtype=np.float32)[["abc".index(label) for label in predicted]],
        valid={"micro_f1": 1.0, "macro_f1": 1.0, "accuracy": 1.0}, best_step=0, steps=0, seconds={},
        tokens_per_second=0, parameters=3, counts=document_counts(dataset),
    )  # fmt: skip
    assert json.loads((tmp_path / "metrics.json").read_text()) == metrics
    return metrics


def test_perfect_predictions_score_one_over_the_classes_present(tmp_path):
    metrics = results(tmp_path, [("x", "a"), ("y", "b"), ("z", "b")], "abb")
    assert metrics["test"]["macro_f1"] == pytest.approx(2 / 3)
    assert metrics["present"] == 1
    assert metrics["counts"]["absent_classes"] == ["c"]
    assert metrics["test_without_copies"] == metrics["test"]
    assert metrics["test_repeats"] == []


def test_copies_are_left_out_of_the_second_scores(tmp_path):
    # Right on both copies and on one of three others.
    test = [("ONE", "a"), ("x", "a"), (" two", "b"), ("X ", "b"), ("z", "c")]
    metrics = results(tmp_path, test, "aabaa")
    assert metrics["test"]["accuracy"] == 3 / 5
    # By hand: class a is right once and wrongly given twice, so its F1 is 1/2; b and c have 0.
    assert metrics["test_without_copies"] == pytest.approx(
        {"micro_f1": 1 / 3, "macro_f1": 1 / 6, "accuracy": 1 / 3}
    )
    assert metrics["test_repeats"] == [[1, 3]]
    assert metrics["counts"]["copies"] == {"train": 2, "train_or_valid": 2}
    assert metrics["present"] == pytest.approx((4 / 6 + 2 / 3 + 0) / 3)


def test_a_test_split_of_copies_alone_has_no_second_scores(tmp_path):
    assert results(tmp_path, [("one", "a"), ("Two", "b")], "ab")["test_without_copies"] is None
