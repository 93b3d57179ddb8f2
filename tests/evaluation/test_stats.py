"""`python -m auxtask.stats` reproduces the published data-set table."""

import csv
import sys

import pytest
from hydra.core.global_hydra import GlobalHydra

from auxtask.cli import run_command
from auxtask.evaluation.published import DATASETS, FOLDER
from auxtask.stats import stats


@pytest.mark.data
def test_the_published_table_comes_out_of_the_real_files(data_folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["stats.py", "datasets=ngram_tables", f"paths.data={data_folder}"])
    GlobalHydra.instance().clear()
    run_command("stats", stats)
    GlobalHydra.instance().clear()
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    heading, _, *body = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    with (FOLDER / "ngram_datasets.csv").open(encoding="utf-8", newline="") as file:
        published_heading, *published = csv.reader(file)
    assert heading[1:] == [DATASETS[name] for name in published_heading[1:]]
    # The other published table disputes one count, which is marked.
    got = [[cell.removesuffix(" <sup>1</sup>").replace(",", "") for cell in row[1:]] for row in body]
    assert got == [row[1:] for row in published]
