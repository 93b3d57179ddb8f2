"""What a report says of the auxiliary tasks themselves."""

import json

import pytest

from auxtask.evaluation.mechanism import mechanism_table
from auxtask.ground.files import write_json_lines
from folders import blocks_of, make_run


def measured(folder, seed, cosines, losses, facts=None):
    path = make_run(folder, method="rtm", seed=seed, metrics={"tasks": {"rtm": facts or {}}})
    rows = [json.loads(line) for line in (path / "history.jsonl").read_text().splitlines()]
    for row, cosine, loss in zip(rows, cosines, losses, strict=True):
        row["losses"]["rtm"] = loss
        row["tasks"] = {"rtm": {"gradient_cosine": cosine, "gradient_norm_ratio": 2.0}}
    write_json_lines(path / "history.jsonl", rows)


def test_means_over_seeds_stand_in_the_columns_that_runs_know(tmp_path):
    make_run(tmp_path)
    measured(tmp_path, 0, cosines=(0.1, -0.2), losses=(5.0, 3.0), facts={"at_ceiling": 0.5})
    measured(tmp_path, 1, cosines=(0.3, -0.4), losses=(4.0, 2.0), facts={"at_ceiling": 0.7})
    [block] = blocks_of(tmp_path)
    table = mechanism_table(block)
    assert list(table.columns) == [
        "method", "task", "at the ceiling", "loss, first", "loss, last", "cosine, first", "cosine, last",
        "norm ratio, first", "norm ratio, last",
    ]  # fmt: skip
    [row] = table.rows
    assert [str(cell) for cell in row] == [
        "rtm", "rtm", "60.0%", "4.500", "2.500", "+0.200", "-0.300", "2.00", "2.00",
    ]  # fmt: skip
    assert row[6].value.value == pytest.approx(-0.3)


def test_runs_that_compared_no_gradients_have_no_table(tmp_path):
    make_run(tmp_path, method="rtm", metrics={"tasks": {"rtm": {"at_ceiling": 0.5}}})
    [block] = blocks_of(tmp_path)
    assert mechanism_table(block) is None
