"""The histogram: bars are shares of tokens, at the right place, special tokens left out."""

import numpy as np
import pytest
from matplotlib import image

from auxtask.errors import AuxtaskError
from auxtask.plot import likelihood_histogram
from auxtask.plot.saving import save_figure


def heights(axes) -> list[float]:
    return [round(bar.get_height(), 6) for bar in axes.patches]


def test_bars_are_shares_of_tokens() -> None:
    values = [0.05, 0.05, 0.95, np.nan, np.exp(-4.0)]
    by_likelihood, by_surprisal = likelihood_histogram({"train": np.array(values, np.float32)}, bins=4).axes
    assert heights(by_likelihood) == [0.75, 0, 0, 0.25]
    # From 0 to 4 nats: -ln 0.95 = 0.05, -ln 0.05 = 3.0 (just below the edge), and 4 itself.
    assert heights(by_surprisal) == [0.25, 0, 0.5, 0.25]
    assert by_surprisal.get_legend().get_texts()[0].get_text() == "train, 4 tokens"


def test_data_sets_stand_side_by_side_in_colours_of_their_own(tmp_path) -> None:
    figure = likelihood_histogram({"train": [0.1, 0.2], "test": [0.9]}, bins=2)
    assert heights(figure.axes[0]) == [1, 0, 0, 1]
    assert len({bar.get_facecolor() for bar in figure.axes[0].patches}) == 2
    save_figure(figure, tmp_path / "histogram.png")
    assert image.imread(tmp_path / "histogram.png").shape[:2] == (640, 1600)


def test_a_likelihood_of_zero_is_drawn() -> None:
    assert sum(heights(likelihood_histogram({"train": [0.0, 1.0]}).axes[1])) == pytest.approx(1)


@pytest.mark.parametrize(
    ("likelihoods", "message"),
    [({}, "at least one likelihood"), ({"a": [np.nan]}, "at least one likelihood"), ({"a": [-2.3]}, "outside")],
)
def test_bad_values_are_named(likelihoods, message) -> None:
    with pytest.raises(AuxtaskError, match=message):
        likelihood_histogram(likelihoods)
