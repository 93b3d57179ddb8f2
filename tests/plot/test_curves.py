"""Curves and gains: means, bands and fitted lines stand where the numbers are."""

import numpy as np
import pytest

from auxtask.plot.curves import Change, curve_figure, gain_figure


def test_a_line_is_the_mean_over_seeds_and_a_band_their_range():
    # At step 20 the second seed has stopped and keeps its last value.
    seeds = [([10, 20, 30], [40.0, 50.0, 60.0]), ([10, 20], [44.0, 56.0])]
    steps, seconds = curve_figure(
        "toy", {"steps": {"stl": seeds, "rtm": [([10], [9.0])]}, "seconds": {"stl": seeds}}, "macro-F1, %"
    ).axes
    assert [steps.get_xlabel(), seconds.get_xlabel(), steps.get_ylabel()] == ["steps", "seconds", "macro-F1, %"]
    assert steps.lines[0].get_xydata().tolist() == [[10, 42], [20, 53], [30, 58]]
    [band] = steps.collections
    assert {tuple(point) for point in band.get_paths()[0].vertices.tolist()} >= {
        (10, 40), (10, 44), (20, 50), (20, 56), (30, 56), (30, 60),
    }  # fmt: skip
    assert steps.lines[1].get_xydata().tolist() == [[10, 9]]
    # The legend is of both panels.
    assert [text.get_text() for text in steps.figure.legends[0].get_texts()] == ["stl", "rtm"]
    assert steps.lines[0].get_color() == seconds.lines[0].get_color() != steps.lines[1].get_color()


def test_many_methods_are_told_apart_and_their_legend_covers_no_line():
    lines = {
        f"rtm, weighting=static, aux.rtm.decoder={number}": [([1, 2], [number, number])] for number in range(14)
    }
    figure = curve_figure("toy", {"steps": lines, "seconds": lines}, "macro-F1, %")
    assert len({(line.get_color(), line.get_marker()) for line in figure.axes[0].lines}) == 14
    figure.canvas.draw()
    [legend] = figure.legends
    box = legend.get_window_extent()
    assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
    assert figure.bbox.y0 <= box.y0
    assert not any(box.overlaps(axes.get_tightbbox()) for axes in figure.axes)
    assert [text.get_text() for text in legend.get_texts()] == list(lines)
    assert figure.axes[0].get_legend() is None
    # Nothing is moved out of its panel, and the panels are as high as those of a figure with a legend of one line.
    for axes in figure.axes:
        for line in axes.lines:
            drawn = line.get_transform().transform(line.get_xydata())
            box = axes.get_window_extent()
            assert ((box.min <= drawn) & (drawn <= box.max)).all()
    few = curve_figure("toy", {"steps": {"stl": [([1, 2], [0, 1])]}}, "macro-F1, %")
    heights = [each.axes[0].get_window_extent().height for each in (figure, few)]
    assert heights[0] == pytest.approx(heights[1], rel=0.1)
    assert few.axes[0].get_legend() is not None


def test_seconds_show_the_evaluations_that_steps_show():
    # The second seed takes longer, and stops after two.
    seconds = [([5, 10, 15], [40.0, 50.0, 60.0]), ([9, 19], [44.0, 56.0])]
    lines = dict.fromkeys("abcd", seconds)
    [axes] = curve_figure("toy", {"seconds": lines}, "macro-F1, %").axes
    assert axes.lines[0].get_xydata().tolist() == [[7, 42], [14.5, 53], [22, 58]]
    # Four lines have bars in the place of bands: from the lowest to the highest at each evaluation.
    ends = [segment.tolist() for segment in axes.collections[0].get_segments()]
    assert ends == [[[7, 40], [7, 44]], [[14.5, 50], [14.5, 56]], [[22, 56], [22, 60]]]


def test_gains_are_points_over_the_size_with_a_line_over_its_logarithm():
    changes = [Change("a", 1, 3.0, 0.5), Change("b", 10, 2.5, None), Change("c", 100, 1.0, None)]
    [panel, other] = gain_figure("toy", {"rtm": changes, "l3masking": [Change("a", 7, 1.0, None)]}, "stl").axes
    assert panel.collections[0].get_offsets().tolist() == [[1, 3], [10, 2.5], [100, 1]]
    [bar] = panel.collections[1].get_segments()
    assert bar.tolist() == [[1, 2.5], [1, 3.5]]
    assert {text.get_text() for text in panel.texts} == {"a", "c"}
    zero, fitted = panel.lines
    assert set(zero.get_ydata()) == {0}
    # Least squares over log10 of 1, 10 and 100: mean 13/6, slope -1.
    assert fitted.get_xydata().tolist() == [[1, pytest.approx(13 / 6 + 1)], [100, pytest.approx(13 / 6 - 1)]]
    assert panel.get_xscale() == "log"
    # One size gives no line.
    assert len(other.lines) == 1
    assert np.array(other.collections[0].get_offsets()).tolist() == [[7, 1]]
    assert "against stl" in panel.figure.get_supylabel()
