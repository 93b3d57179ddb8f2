"""What the report says of the cost of a method."""

from auxtask.evaluation.efficiency import efficiency_table
from auxtask.evaluation.groups import comparable_blocks
from auxtask.runs.reading import read_runs
from folders import make_run


def costs_of(folder):
    [block] = comparable_blocks(read_runs(folder).runs)
    table = efficiency_table(block)
    if "rows a document" not in table.columns:
        return None
    return {str(row[0]): tuple(map(str, row[-2:])) for row in table.rows}


def test_costs_before_training_are_means_over_seeds(tmp_path):
    for seed in (0, 1):
        make_run(tmp_path, seed=seed)
        make_run(tmp_path, method="disregard", seed=seed)
        make_run(tmp_path, method="frequency", seed=seed)
    # Runs that were made before costs were counted say nothing of them, and neither does the table.
    assert costs_of(tmp_path) is None
    make_run(tmp_path, method="rtm", metrics={"tasks": {"rtm": {"rows_per_document": 0.0}}})
    costs = ((20.0, 30.0), (1520.0, 10.0))
    for seed, (rows, tokens) in enumerate(costs):
        facts = {"rows_per_document": rows, "tokens_per_row": tokens}
        make_run(tmp_path, method="l3masking", seed=seed, metrics={"tasks": {"l3masking": facts}})
    make_run(tmp_path, method="l3masking", seed=2)
    assert costs_of(tmp_path) == {
        "stl": ("0", ""),
        "rtm": ("0", ""),
        "disregard": ("0", ""),
        "frequency": ("", ""),
        "l3masking": ("770.0", f"{(20 * 30 + 1520 * 10) / 1540:.1f}"),
    }
