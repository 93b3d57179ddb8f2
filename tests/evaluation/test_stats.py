"""`python -m auxtask.stats` reproduces the published data-set table, and says what misleads."""

import csv
import sys

import pytest
from hydra.core.global_hydra import GlobalHydra

from auxtask.cli.command import run_command
from auxtask.evaluation.published import DATASETS, FOLDER
from auxtask.stats import stats


@pytest.mark.data
@pytest.mark.parametrize(
    ("chosen", "columns"),
    [
        ("dataset=mr", [1]),
        pytest.param("datasets=ngram_tables", [1, 2, 3, 4, 5], marks=pytest.mark.ci),
    ],
)
def test_the_published_table_comes_out_of_the_real_files(data_folder, monkeypatch, capsys, chosen, columns):
    monkeypatch.setattr(sys, "argv", ["stats.py", chosen, f"paths.data={data_folder}"])
    GlobalHydra.instance().clear()
    run_command("stats", stats)
    GlobalHydra.instance().clear()
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    heading, _, *body = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    with (FOLDER / "ngram_datasets.csv").open(encoding="utf-8", newline="") as file:
        published_heading, *published = csv.reader(file)
    assert heading[1:] == [DATASETS[published_heading[column]] for column in columns]
    # The other published table disputes one count, which is marked.
    got = [[cell.removesuffix(" <sup>1</sup>").replace(",", "") for cell in row[1:]] for row in body]
    assert got[: len(published)] == [[row[column] for column in columns] for row in published]


@pytest.fixture
def printed(monkeypatch, capsys, tmp_path):
    def start(*overrides):
        GlobalHydra.instance().clear()
        monkeypatch.setattr(sys, "argv", ["stats.py", f"paths.cache={tmp_path}", *overrides])
        run_command("stats", stats)
        return capsys.readouterr().out

    yield start
    GlobalHydra.instance().clear()


def test_rows_read_and_dropped_and_the_first_text_of_each_class(printed, tmp_path):
    rows = ['good;"a fine; film"', "bad;dull", "bad;", ";nothing", "NA;" + "long " * 200]
    path = tmp_path / "mine.csv"
    path.write_text("label;text\n" + "".join(f"{row}\n" for row in rows * 10))
    (tmp_path / "test.tsv").write_text("label\ttext\ngood\tDULL\nNA\tnew\n")
    out = printed("dataset=files", f"dataset.train={path}", f"dataset.test={tmp_path / 'test.tsv'}")
    lines = out.splitlines()
    assert (
        "train: 50 rows read (separated by semicolons), 20 dropped (10 without text, 10 without label); "
        "test: 2 rows read (separated by tabs), 0 dropped" in lines
    )
    [line] = [line for line in lines if line.startswith("files: ")]
    assert "20 rows without text or label dropped; 1 test document is also in train or valid (1 in train)" in line
    assert "1 of the classes not in test: 'bad'; " in line
    assert "of the documents cut at 128 tokens" in line
    examples = [[cell.strip() for cell in line.split("|")[1:4]] for line in lines if line.startswith("| ")]
    assert examples[-3:] == [
        ["NA", ("long " * 12) + "...", "9"], ["bad", "dull", "9"], ["good", "a fine; film", "9"],
    ]  # fmt: skip


def test_max_length_decides_what_counts_as_cut(printed, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("text,label\n" + "one two three,a\nfour,b\n" * 20)
    assert "cut at" not in printed("dataset=files", f"dataset.train={path}")
    assert "50.0% of the documents cut at 4 tokens" in printed(
        "dataset=files", f"dataset.train={path}", "model.max_length=4"
    )
