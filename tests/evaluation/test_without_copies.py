"""The second columns of a table of scores: test documents that are no copies."""

from auxtask.evaluation.groups import comparable_blocks
from auxtask.evaluation.score_tables import dataset_scores
from auxtask.runs.reading import read_runs
from auxtask.tables.values import Rank
from folders import make_run


def table_of(folder):
    return dataset_scores("toy", comparable_blocks(read_runs(folder).runs), 1, lambda *parts: "command")


def of_own(micro, macro=0.5):
    return {"test_without_copies": {"micro_f1": micro, "macro_f1": macro, "accuracy": micro}}


def test_what_is_ranked_otherwise_without_copies_is_named(tmp_path):
    gold = (0, 0, 0, 0, 1, 1, 2, 2, 2, 2)
    for seed, own in ((0, 0.6), (1, 0.7)):
        make_run(tmp_path, seed=seed, predicted=gold, metrics=of_own(own))
        make_run(tmp_path, method="rtm", seed=seed, metrics=of_own(0.9))
    make_run(tmp_path, method="span", predicted=(0,) * 10)
    table = table_of(tmp_path)
    assert list(table.columns[2:6]) == [
        "micro-F1", "macro-F1", "micro-F1, without copies", "macro-F1, without copies",
    ]  # fmt: skip
    cells = {row[1].value: row[4] for row in table.rows}
    # A run that does not tell has no score, and no part in the order.
    assert {method: str(cell) for method, cell in cells.items()} == {
        "stl": "65.00 ± 7.07", "rtm": "90.00 ± 0.00", "span": "",
    }  # fmt: skip
    assert cells["rtm"].rank is Rank.BEST
    changed = [note.text for note in table.notes if "other order" in note.text]
    assert changed == [
        "Without copies 1 of 1 pairs of methods of tiny stand in the other order by micro-F1; "
        "rtm is best in place of stl."
    ]


def test_without_a_copy_there_are_no_further_columns(tmp_path):
    gold = (0, 1, 2)
    own = {"micro_f1": 1.0, "macro_f1": 1.0, "accuracy": 1.0}
    make_run(tmp_path, gold=gold, predicted=gold, metrics={"test_without_copies": own})
    make_run(tmp_path, method="rtm", gold=gold, predicted=gold)
    assert [column for column in table_of(tmp_path).columns if "copies" in column] == []
