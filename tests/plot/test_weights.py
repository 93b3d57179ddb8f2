"""Task weights over a run: every point of the history, a line a task."""

import json

from auxtask.plot import task_weights


def test_every_point_of_the_history_is_on_its_task_s_line(tmp_path):
    weights = [{"main": 0.5, "rtm": 0.5}, {"main": 0.7, "rtm": 0.3}, {"main": 1.0}]
    rows = [{"step": 10 * (index + 1), "weights": weight} for index, weight in enumerate(weights)]
    (tmp_path / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    [axes] = task_weights(tmp_path).axes
    drawn = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert drawn == {"main": [[10, 0.5], [20, 0.7], [30, 1.0]], "rtm": [[10, 0.5], [20, 0.3]]}
