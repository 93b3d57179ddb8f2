"""Task weights over runs: every point of the history, a line a task, all of it on the paper."""

import json

from auxtask.plot import task_weights
from auxtask.plot.weights import weight_figure


def test_every_point_of_the_history_is_on_its_task_s_line(tmp_path):
    weights = [{"main": 0.5, "rtm": 0.5}, {"main": 0.7, "rtm": 0.3}, {"main": 1.0}]
    rows = [{"step": 10 * (index + 1), "weights": weight} for index, weight in enumerate(weights)]
    (tmp_path / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    [axes] = task_weights(tmp_path).axes
    drawn = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert drawn == {"main": [[10, 0.5], [20, 0.7], [30, 1.0]], "rtm": [[10, 0.5], [20, 0.3]]}


def test_panels_share_a_scale_that_holds_every_line_and_titles_keep_to_their_panel():
    largest = [1.0, 1.6, 0.7, 1.2]
    panels = {
        f"rtm, weighting=SomeWeightingOfALongName, weighting.learning_rate={number}": {
            "main": [([5, 10], [0.2, 0.2])],
            "rtm": [([5, 10], [top / 2, top])],
        }
        for number, top in enumerate(largest)
    }
    figure = weight_figure("toy, tiny", panels)
    figure.canvas.draw()
    panels = [panel for panel in figure.axes if panel.get_visible()]
    assert len(panels) == 4
    for panel, top in zip(panels, largest, strict=True):
        low, high = panel.get_ylim()
        assert low == 0
        assert high >= max(largest)
        assert max(line.get_ydata().max() for line in panel.lines) == top
    titles = [panel.title.get_window_extent() for panel in panels]
    assert not any(one.overlaps(other) for at, one in enumerate(titles) for other in titles[:at])
