"""The heat map: colours by mask probability, readable words, and files that open."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image
from rich.text import Text

from auxtask.errors import AuxtaskError
from auxtask.likelihood.scores import TokenScores
from auxtask.masking.mean_adjust import mean_adjust
from auxtask.plot import mask_heatmap


def token_scores(tokens: str, likelihoods: list[float], words: list[int] | None = None) -> TokenScores:
    split = tokens.split()
    ids = np.arange(len(split))
    return TokenScores(split, ids, np.log(np.array(likelihoods)), ids if words is None else np.array(words))


# The published example: likelihoods of "The traveler lost the souvenir." under word_l2r.
PUBLISHED = token_scores(
    "the traveler lost the so ##uven ##ir .",
    [0.92937, 0.00006, 0.00095, 0.30352, 0.00042, 0.00092, 0.96290, 0.91701],
    [0, 1, 2, 3, 4, 4, 4, 5],
)


def test_probabilities_of_the_published_example() -> None:
    probabilities = [token.probability for token in mask_heatmap(PUBLISHED, target=0.15).tokens]
    expected = [0.0174, 0.2456, 0.2454, 0.1711, 0.2456, 0.2454, 0.0091, 0.0204]
    np.testing.assert_allclose(probabilities, expected, atol=5e-5)


@pytest.mark.parametrize("palette", ["red_blue", "colorblind"])
def test_the_scale_is_white_at_the_rate_and_deepens_away_from_it(palette: str) -> None:
    heatmap = mask_heatmap(PUBLISHED, target=0.2, palette=palette)
    assert heatmap.color(0.2) == (1, 1, 1)
    above = [heatmap.color(p) for p in (0.2, 0.3, 0.5, 1.0)]
    below = [heatmap.color(p) for p in (0.2, 0.15, 0.05, 0.0)]
    for side in (above, below):
        darkness = [3 - sum(color) for color in side]
        assert darkness == sorted(darkness)
        assert len(set(darkness)) == 4
        assert all(0 <= channel <= 1 for color in side for channel in color)
    # Warm above, cold below: red against blue leads.
    assert all(color[0] > color[2] for color in above[1:])
    assert all(color[2] > color[0] for color in below[1:])


class Spans(HTMLParser):
    """Collects the text, the tip and the background of every token."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens: list[tuple[str, str, str]] = []
        self._open: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if "title" in attributes:
            background = re.search(r"background:(#\w{6})", attributes["style"] or "")
            assert background is not None
            self._open = (attributes["title"] or "", background.group(1))

    def handle_data(self, data: str) -> None:
        if self._open:
            self.tokens.append((data, *self._open))
            self._open = None


def test_html_tells_token_likelihood_and_probability_on_hover(tmp_path: Path) -> None:
    heatmap = mask_heatmap(PUBLISHED)
    heatmap.save(tmp_path / "map.html")
    parser = Spans()
    parser.feed((tmp_path / "map.html").read_text(encoding="utf-8"))
    assert [text for text, _, _ in parser.tokens] == ["the", "traveler", "lost", "the", "so", "uven", "ir", "."]
    _, tip, background = parser.tokens[1]
    assert tip == "traveler\nlikelihood 0.0001\nmask probability 0.2456"
    red, blue = int(background[1:3], 16), int(background[5:7], 16)
    assert red > blue
    assert heatmap._repr_html_() in (tmp_path / "map.html").read_text(encoding="utf-8")


def test_html_escapes_the_text() -> None:
    shown = mask_heatmap(token_scores('<script> & " x', [0.1, 0.2, 0.3, 0.4]))._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    parser = Spans()
    parser.feed(shown)
    assert [text for text, _, _ in parser.tokens] == ["<script>", "&", '"', "x"]


@pytest.mark.parametrize(
    ("tokens", "words", "shown"),
    [
        ("( the so ##uven ##ir , 1997 ##a ) .", [0, 1, 2, 2, 2, 3, 4, 4, 5, 6], "(the souvenir, 1997a)."),
        ("The Ġcaf Ã© - bar Ġ. Ċ", [0, 1, 1, 2, 3, 4, 5], "The café-bar .␣"),
        ("▁the ▁sou ven ir ▁ ,", [0, 1, 1, 1, 2, 2], "the souvenir ␣,"),
        ("the sou@@ ven@@ ir", [0, 1, 1, 1], "the souvenir"),
    ],
)
def test_pieces_are_joined_and_marks_removed(tokens: str, words: list[int], shown: str) -> None:
    scores = token_scores(tokens, [0.5] * len(words), words)
    text = mask_heatmap(scores).__rich__()
    assert isinstance(text, Text)
    assert text.plain == shown


def test_terminal_colours_every_token() -> None:
    heatmap = mask_heatmap(PUBLISHED)
    output = heatmap.terminal(width=20)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    assert plain.split() == ["the", "traveler", "lost", "the", "souvenir."]
    assert max(map(len, plain.splitlines())) <= 20
    red, green, blue = (round(channel * 255) for channel in heatmap.color(heatmap.tokens[1].probability))
    assert f"48;2;{red};{green};{blue}m" in output


def test_png_shows_both_sides_of_the_scale(tmp_path: Path) -> None:
    scores = token_scores("rare common " * 20, [0.01, 0.95] * 20)
    heatmap = mask_heatmap(scores)
    heatmap.save(tmp_path / "map.png")
    pixels = np.round(image.imread(tmp_path / "map.png")[..., :3] * 255).reshape(-1, 3)
    probabilities = mean_adjust(1 - scores.likelihoods, 0.15)
    for probability in (probabilities[0], probabilities[1]):
        color = np.round(np.array(heatmap.color(float(probability))) * 255)
        # Each colour fills the boxes of twenty words.
        assert (np.abs(pixels - color).max(axis=1) <= 1).mean() > 0.02
    assert list(tmp_path.iterdir()) == [tmp_path / "map.png"]


def test_longer_texts_make_higher_pictures() -> None:
    heights = [
        mask_heatmap(token_scores("word " * count, [0.5] * count)).figure().get_figheight()
        for count in (1, 100, 200)
    ]
    assert heights[0] < heights[1] < heights[2]


def test_a_text_without_tokens_is_an_empty_picture(tmp_path: Path) -> None:
    heatmap = mask_heatmap(token_scores("", []))
    assert heatmap.terminal().strip() == ""
    heatmap.save(tmp_path / "empty.png")
    assert (tmp_path / "empty.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": 0.0}, r"target=0.0 is outside \(0, 1\)"),
        ({"palette": "jet"}, "palette='jet' is unknown; use one of red_blue, colorblind"),
    ],
)
def test_bad_settings_are_named(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(AuxtaskError, match=message):
        mask_heatmap(PUBLISHED, **arguments)  # type: ignore[arg-type]


def test_an_unknown_ending_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuxtaskError, match=r"cannot be saved as '\.gif'; use \.png"):
        mask_heatmap(PUBLISHED).save(tmp_path / "map.gif")
