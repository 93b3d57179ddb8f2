"""The shipped published tables: unchanged copies, read with the right names, shown study by study."""

import csv

import pytest

from auxtask.evaluation.dataset_table import HEADINGS, dataset_table
from auxtask.evaluation.groups import comparable_blocks
from auxtask.evaluation.published import FOLDER, published_scores, published_statistics
from auxtask.evaluation.score_tables import dataset_scores, metric_scores
from auxtask.runs.reading import read_runs
from folders import make_run


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


def shown(table, prefix):
    """By study and method what the published columns of a data set show for roberta-base, and the notes marked."""
    notes = {note.mark: note.text for note in table.notes}
    columns = {at: heading for at, heading in enumerate(table.columns) if heading.startswith(prefix)}
    return {
        (columns[at].partition("(")[2].rstrip(")"), row[0].value, row[1].value): (
            str(row[at]),
            [notes[mark] for mark in row[at].marks],
        )
        for row in table.rows
        for at in columns
        if row[at].value is not None
    }


@pytest.mark.parametrize("table", ["of the data set", "over data sets"])
def test_every_study_stands_beside_its_own_baseline_with_its_doubts(tmp_path, table):
    for dataset in ("ohsumed", "imdb"):
        make_run(tmp_path, dataset=dataset)
    blocks = comparable_blocks(read_runs(tmp_path).runs)
    if table == "over data sets":
        found = shown(metric_scores("macro_f1", blocks, 1), "ohsumed, published")
        of_imdb = shown(metric_scores("micro_f1", blocks, 1), "imdb, published")
    else:
        found = shown(dataset_scores("ohsumed", blocks, 1, lambda *_: ""), "macro-F1, published")
        of_imdb = shown(dataset_scores("imdb", blocks, 1, lambda *_: ""), "micro-F1, published")
    assert found["L3Masking", "roberta-base", "stl"] == ("60.92 ± 0.91", [])
    assert found["N-grams", "roberta-base", "stl"] == ("59.4", [])
    assert found["N-grams", "roberta-base", "bit_label"] == ("63.6", [])
    assert {study for study, _, method in found if method == "rtm"} == {"L3Masking"}
    doubt = "published, but doubtful: the BERT-base rows of ACL-ARC and Ohsumed look swapped"
    assert found["L3Masking", "bert-base-uncased", "rtm"] == ("67.47 ± 2.40", [doubt])
    equal = "published: accuracy cell identical to the RTM row"
    assert of_imdb["L3Masking", "bert-base-uncased", "stl"] == ("88.05 ± 0.05", [equal])
