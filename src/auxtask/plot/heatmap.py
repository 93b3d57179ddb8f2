"""A picture of what L3Masking would mask: each token on a diverging scale around the mask rate."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike
from rich.console import Console
from rich.text import Text

from auxtask.data.words import marking, without_marks
from auxtask.errors import AuxtaskError
from auxtask.ground.escaping import escape_figure, escape_html, terminal_text
from auxtask.ground.files import write_text
from auxtask.ground.values import check_number, check_path, check_whole
from auxtask.likelihood.scores import TokenScores
from auxtask.masking.mean_adjust import mean_adjust
from auxtask.plot.saving import save_figure

Color = tuple[float, float, float]

# The ends of each scale: always masked, never masked. Between them lies white, the mask rate itself.
PALETTES: dict[str, tuple[Color, Color]] = {
    "red_blue": ((0.84, 0.15, 0.16), (0.17, 0.44, 0.71)),
    "colorblind": ((0.90, 0.45, 0.03), (0.36, 0.27, 0.65)),
}
_INK: Color = (0.12, 0.13, 0.15)


@dataclass(frozen=True)
class HeatmapToken:
    """A token as it is drawn.

    Args:
        text: readable, without the tokenizer's marks.
        begins: whether a gap precedes it; pieces of a word are joined.
        likelihood, probability: of the token, and of its being masked, in [0, 1].
    """

    text: str
    begins: bool
    likelihood: float
    probability: float


@dataclass(frozen=True)
class MaskHeatmap:
    """Mask probabilities of one text as a picture; shows itself in a notebook and under `rich.print`.

    Args:
        tokens: what to draw, in order.
        target: the mask rate, which is white.
        palette: `red_blue`, or `colorblind` (orange and violet).
    """

    tokens: Sequence[HeatmapToken]
    target: float
    palette: str

    def color(self, probability: float) -> Color:
        """Place a mask probability on the scale: white at the mask rate, full colour at 0 and at 1.

        On both sides distances are ratios to the mask rate: few probabilities reach far above it.
        """
        above, below = PALETTES[self.palette]
        if probability >= self.target:
            end, intensity = above, (1 - self.target / probability) / (1 - self.target)
        else:
            end, intensity = below, 1 - probability / self.target
        red, green, blue = (1 - intensity * (1 - channel) for channel in end)
        return red, green, blue

    def _words(self) -> list[list[HeatmapToken]]:
        """Tokens that are drawn without a gap, together."""
        words: list[list[HeatmapToken]] = []
        for token in self.tokens:
            if token.begins or not words:
                words.append([])
            words[-1].append(token)
        return words

    def _repr_html_(self) -> str:
        words = " ".join(
            f'<span style="white-space:nowrap">{"".join(map(self._html_token, word))}</span>'
            for word in self._words()
        )
        scale = ",".join(_css(self.color(probability)) for probability in np.linspace(0, 1, 41))
        return (
            '<div style="background:#fff;color:#1f2126;padding:.9em 1.1em;border-radius:.4em;max-width:62em;'
            'font-family:system-ui,sans-serif;line-height:2">'
            f"<div>{words}</div>"
            '<div style="display:flex;gap:.6em;align-items:center;font-size:.8em;margin-top:.6em;color:#555">'
            f'0 %<span style="width:12em;height:.8em;border-radius:.2em;background:'
            f'linear-gradient(90deg,{scale})"></span>100 %'
            f"<span>probability of being masked; white is the mask rate, {self.target:.0%}</span></div></div>"
        )

    def _html_token(self, token: HeatmapToken) -> str:
        color = self.color(token.probability)
        facts = f"likelihood {token.likelihood:.4f}\nmask probability {token.probability:.4f}"
        return (
            f'<span title="{escape_html(token.text)}\n{facts}" '
            f'style="background:{_css(color)};color:{_css(_ink_on(color))};padding:.18em 0">'
            f"{escape_html(token.text)}</span>"
        )

    def __rich__(self) -> Text:
        words = []
        for word in self._words():
            colors = [self.color(token.probability) for token in word]
            styles = [f"{_css(_ink_on(color))} on {_css(color)}" for color in colors]
            words.append(Text.assemble(*map(terminal_text, (token.text for token in word), styles)))
        return Text(" ").join(words)

    def terminal(self, width: int = 100) -> str:
        """Colour the text for a terminal that knows 24-bit colours.

        Args:
            width: columns of a line.

        Returns:
            Lines with ANSI escape sequences.
        """
        check_whole("width", width, least=1, example=100)
        console = Console(
            file=io.StringIO(), force_terminal=True, color_system="truecolor", width=width, no_color=False
        )
        with console.capture() as capture:
            console.print(self)
        return capture.get()

    def save(self, path: str | Path) -> None:
        """Write the picture.

        Args:
            path: ends in `.html`, `.png`, `.pdf` or `.svg`.

        Raises:
            AuxtaskError: another ending.
        """
        check_path("path", path, example="heatmap.html")
        if Path(path).suffix.lower() == ".html":
            head = "<!doctype html>\n<meta charset=utf-8>\n<title>Mask probabilities</title>\n"
            write_text(path, f"{head}{self._repr_html_()}\n")
        else:
            save_figure(self.figure(), path)

    def figure(self, width: float = 8.0, font_size: float = 11.0) -> Figure:
        """Draw the picture with matplotlib.

        Args:
            width: in inches.
            font_size: in points.

        Returns:
            A figure as high as the text needs.
        """
        # One unit is a point, 1/72 inch; y runs downwards.
        margin, line, gap, pad = 14.0, font_size * 1.9, font_size * 0.3, font_size * 0.16
        figure = Figure(figsize=(width, 1.0), dpi=72)
        renderer = FigureCanvasAgg(figure).get_renderer()
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()

        def draw(x: float, y: float, text: str, color: Color = _INK, size: float = font_size) -> float:
            artist = axes.text(x, y, escape_figure(text), fontsize=size, color=color, va="baseline")
            return artist.get_window_extent(renderer).width

        def box(x: float, y: float, width: float, height: float, color: Color) -> None:
            axes.add_patch(Rectangle((x, y), width, height, facecolor=color, linewidth=0))

        def measure(text: str) -> float:
            extent = draw(0, 0, text)
            axes.texts[-1].remove()
            return extent

        x, y, right = margin, margin + font_size, width * 72 - margin
        for word in self._words():
            # Where each piece begins in the whole word, so that letters stand as in one string.
            ends = [measure("".join(token.text for token in word[: count + 1])) for count in range(len(word))]
            if x > margin and x + ends[-1] + 2 * pad > right:
                x, y = margin, y + line
            for token, start, end in zip(word, [0.0, *ends], ends, strict=False):
                color = self.color(token.probability)
                left = 0.0 if start == 0 else pad + start
                box(x + left, y - font_size * 1.05, pad + end + pad - left, font_size * 1.5, color)
                draw(x + pad + start, y, token.text, _ink_on(color))
            x += ends[-1] + 2 * pad + gap

        small, y = font_size * 0.75, y + line * 1.2
        x = margin + draw(margin, y, "0 %", size=small) + small / 2
        steps = 120
        for step in range(steps):
            color = self.color(step / (steps - 1))
            box(x + step, y - small * 0.85, 1.05, small, color)
        x += steps + small / 2
        x += draw(x, y, "100 %", size=small) + small
        draw(x, y, f"probability of being masked; white is the mask rate, {self.target:.0%}", size=small)

        height = y + margin
        axes.set_xlim(0, width * 72)
        axes.set_ylim(height, 0)
        figure.set_size_inches(width, height / 72)
        return figure


def mask_heatmap(
    scores: TokenScores,
    target: float = 0.15,
    palette: str = "red_blue",
    priorities: ArrayLike | None = None,
) -> MaskHeatmap:
    """Show which tokens are masked more often (red) and less often (blue) than the mask rate.

    Args:
        scores: of one text, from `PLLScorer.score`.
        target: the mask rate, in (0, 1).
        palette: `red_blue`, or `colorblind` (orange and violet).
        priorities: by which tokens are masked, at least 0, shape (tokens,); None for 1 - likelihood, L3Masking's.

    Returns:
        The picture: shown in a notebook as it is, `.save("x.html")`, `.save("x.png")`, `.terminal()`.

    Raises:
        AuxtaskError: the target is outside (0, 1) or the palette unknown.

    >>> scores = TokenScores(["par", "##ser"], np.array([7, 8]), np.log([0.1, 0.9]), np.array([0, 0]))
    >>> [(token.text, round(token.probability, 2)) for token in mask_heatmap(scores).tokens]
    [('par', 0.27), ('ser', 0.03)]
    """
    check_number("target", target, "(0, 1)", example=0.15)
    if not isinstance(scores, TokenScores):
        raise AuxtaskError(f"scores={scores!r:.60} are not those of one text; give PLLScorer.score([text])[0]")
    if palette not in list(PALETTES):
        raise AuxtaskError(f"palette={palette!r} is unknown; use one of {', '.join(PALETTES)}")
    likelihoods = np.asarray(scores.likelihoods, dtype=np.float64)
    ranked = 1 - likelihoods if priorities is None else np.asarray(priorities, dtype=np.float64)
    probabilities = mean_adjust(ranked, target)
    tokens = [
        HeatmapToken(text, begins, float(likelihood), float(probability))
        for (text, begins), likelihood, probability in zip(
            _readable(scores), likelihoods, probabilities, strict=True
        )
    ]
    return MaskHeatmap(tokens, target, palette)


def _readable(scores: TokenScores) -> list[tuple[str, bool]]:
    """Each token's text without marks, and whether a gap precedes it."""
    mark = marking(scores.tokens)
    readable: list[tuple[str, bool]] = []
    previous_word, opened = -1, False
    for token, word in zip(scores.tokens, scores.word_ids.tolist(), strict=True):
        text = without_marks(token, mark) or "␣"
        if mark in ("Ġ", "▁"):
            begins = token.startswith(mark)
        else:
            # These tokenizers forget where spaces were; punctuation stands as it is usually written.
            begins = word != previous_word and not opened and token not in {*".,;:!?)]%"}
        readable.append((text, begins))
        previous_word, opened = word, token in {*"(["}
    return readable


def _ink_on(background: Color) -> Color:
    """Dark text on light colours, white on dark ones, by relative luminance."""
    red, green, blue = background
    return _INK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.53 else (1.0, 1.0, 1.0)


def _css(color: Color) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in color)
