"""The shipped published tables: unchanged copies, read with the right names."""

import csv

import pytest

from auxtask.evaluation.dataset_table import HEADINGS, dataset_table
from auxtask.evaluation.published import FOLDER, published_scores, published_statistics


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.data
def test_the_shipped_tables_are_those_of_the_source(data_folder):
    source = data_folder.parent / "published"
    names = {path.name for path in source.glob("*.csv")}
    assert names
    assert {path.name for path in FOLDER.glob("*.csv")} == names
    for name in names:
        assert (FOLDER / name).read_bytes() == (source / name).read_bytes()


def test_every_printed_figure_is_there():
    scores = published_scores()
    masking = [score for score in scores if score.table == "l3masking"]
    ngram = [score for score in scores if score.table == "ngram"]
    assert (len(masking), len(ngram)) == (2 * (9 + 9 + 6), 2 * 6 * 5)
    assert len({(row.table, row.dataset, row.model, row.method, row.metric) for row in scores}) == len(scores)
    # The doubtful BERT-base blocks keep their note.
    doubted = {(row.dataset, row.model) for row in masking if row.note.startswith("suspect")}
    assert doubted == {("acl_arc", "bert-base-uncased"), ("ohsumed", "bert-base-uncased")}


@pytest.mark.parametrize(
    ("key", "printed"),
    [
        (("r52", "roberta-base", "bit_label", "macro_f1"), "86.6"),
        (("20ng", "roberta-base", "bertgcn", "micro_f1"), "89.4"),
        (("acl_arc", "roberta-base", "l3masking", "macro_f1"), "73.30 ± 2.90"),
        (("ohsumed", "Bio_ClinicalBERT", "rtm", "micro_f1"), "70.75 ± 0.36"),
        (("imdb", "bert-base-uncased", "stl", "macro_f1"), "87.15 ± 0.56"),
    ],
)
def test_figures_stand_under_the_names_of_runs(key, printed):
    [score] = [row.score for row in published_scores() if (row.dataset, row.model, row.method, row.metric) == key]
    assert str(score) == printed


def test_a_count_that_differs_from_the_published_one_is_marked():
    counts = published_statistics()["r8"][0] | {"valid": 549}
    table = dataset_table({"r8": counts})
    marked = [row[0].value for row in table.rows if row[1].marks]
    assert marked == [HEADINGS["valid"]]
    assert [note.text for note in table.notes] == ["r8, valid: published 548"]
