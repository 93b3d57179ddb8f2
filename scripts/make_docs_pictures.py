"""Draw the pictures of the documentation from what the package computes.

    python scripts/make_docs_pictures.py docs/pictures

`ideas.png` shows the two ideas on one sentence, `word_l2r.png` the masked rows of a word, `ceiling.png` the
function f at several mask rates, `labelers.png` the four labelers. The first is computed with `minilm`, the others
with `tiny`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from auxtask.cli.command import quiet_libraries
from auxtask.likelihood.scorer import PLLScorer
from auxtask.masking.mean_adjust import mean_adjust
from auxtask.phrases.extraction import NgramExtractor
from auxtask.phrases.inventory import NgramInventory
from auxtask.phrases.labelers import AllPhraseLabeler, BitLabelLabeler, CommonLabelLabeler, DisregardLabeler
from auxtask.plot.saving import save_figure

SENTENCE = "The court ruled on heart failure."
CLASSES = ("medicine", "law")
DOCUMENTS = (
    (
        "Heart failure was treated.",
        "Heart failure and fever.",
        "The patient had heart failure.",
        "The dose was low.",
    ),
    ("The court ruled again.", "The court ruled today.", SENTENCE, "He died of heart failure."),
)
LABELERS = {
    "All-Phrase": AllPhraseLabeler,
    "Disregard": DisregardLabeler,
    "Common-Label": CommonLabelLabeler,
    "Bit-Label": BitLabelLabeler,
}
RED, BLUE, GRAY, INK = "#d6272a", "#2b70b6", "#e8e9ec", "#1f2126"
RATES = (0.15, 0.3, 0.5, 0.8)
MASK = "[MASK]"


def main() -> None:
    """Draw all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="folder of the pictures")
    folder = parser.parse_args().output
    quiet_libraries()
    folder.mkdir(parents=True, exist_ok=True)
    scorer = PLLScorer.from_pretrained("tiny", progress=False)
    drawn = {
        "ideas": ideas(PLLScorer.from_pretrained("minilm", progress=False)),
        "word_l2r": rows_of_a_word(scorer, "The traveler lost the souvenir."),
        "ceiling": ceiling(),
        "labelers": labelers(scorer),
    }
    for name, figure in drawn.items():
        save_figure(figure, folder / f"{name}.png")
        print(f"{name}: {folder / f'{name}.png'}")


def ideas(scorer: PLLScorer) -> Figure:
    """Show a sentence as L3Masking and as an N-gram task see it."""
    figure = Figure(figsize=(8.2, 2.9), layout="constrained")
    masked, tagged = figure.subplots(2, 1)
    [scores] = scorer.score([SENTENCE])
    tokens = [token.removeprefix("##") for token in scores.tokens]
    probabilities = mean_adjust(1 - scores.likelihoods.astype(float), target=0.15)
    strongest = np.abs(probabilities - 0.15).max()
    colors = [
        (RED if value > 0.15 else BLUE, float(0.75 * abs(value - 0.15) / strongest)) for value in probabilities
    ]
    row_of_cells(masked, 1, tokens, colors)
    row_of_cells(masked, 0, [f"{value:.0%}" for value in probabilities], [(GRAY, 0)] * len(tokens))
    masked.set_title(
        "L3Masking: mask what the model did not expect (probability of being masked)", loc="left", fontsize=10
    )
    inventory = inventory_of(scorer)
    labels = BitLabelLabeler(inventory).label(scores.token_ids.tolist(), document_class=1)
    row_of_cells(tagged, 1, tokens, label_colors(labels))
    row_of_cells(tagged, 0, labels, [(GRAY, 0)] * len(tokens))
    tagged.set_title(
        "Token N-gram recognition: tag the frequent N-grams of each class (medicine, law)", loc="left", fontsize=10
    )
    return figure


def rows_of_a_word(scorer: PLLScorer, text: str) -> Figure:
    """Show the rows that `word_l2r` masks for the longest word of a text, with what the model says."""
    [scores] = scorer.score([text])
    words = scores.word_ids.tolist()
    word = max(set(words), key=words.count)
    places = [at for at, each in enumerate(words) if each == word]
    figure = Figure(figsize=(8.2, 0.55 * len(places) + 0.7), layout="constrained")
    axes = figure.subplots()
    for line, asked in enumerate(places):
        shown = [MASK if asked <= at <= places[-1] else token for at, token in enumerate(scores.tokens)]
        colors = [
            (RED, 0.45) if at == asked else (BLUE, 0.25) if asked < at <= places[-1] else (GRAY, 0.6)
            for at in range(len(shown))
        ]
        row_of_cells(axes, len(places) - 1 - line, shown, colors)
        likelihood = np.format_float_positional(scores.likelihoods[asked], 1, fractional=False)
        said = f"P({scores.tokens[asked]}) = {likelihood}"
        axes.text(len(shown) + 0.15, len(places) - 1 - line, said, va="center", fontsize=9, color=INK)
    axes.set_xlim(-0.5, len(scores) + 1.6)
    axes.set_title("red: asked for; blue: the rest of its word, masked too", loc="left", fontsize=10)
    return figure


def ceiling() -> Figure:
    """Show f on a document whose likelihoods are spread evenly, at several mask rates."""
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    axes = figure.subplots()
    scores = np.linspace(0, 1, 201)
    for rate in RATES:
        axes.plot(scores, mean_adjust(scores, target=rate), label=f"mask rate {rate:.0%}")
    axes.set_xlabel("1 - P of the token")
    axes.set_ylabel("probability of being masked")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, bbox_to_anchor=(1, 0.5), loc="center left")
    return figure


def labelers(scorer: PLLScorer) -> Figure:
    """Show the labels of the four labelers on one document."""
    inventory = inventory_of(scorer)
    token_ids = scorer.tokenizer(SENTENCE, add_special_tokens=False)["input_ids"]
    figure = Figure(figsize=(8.2, 2.6), layout="constrained")
    axes = figure.subplots()
    tokens = scorer.tokenizer.convert_ids_to_tokens(token_ids)
    row_of_cells(axes, len(LABELERS), tokens, [(GRAY, 0)] * len(tokens), left="")
    for line, (name, labeler) in enumerate(LABELERS.items()):
        labels = labeler(inventory).label(token_ids, document_class=1)
        row_of_cells(axes, len(LABELERS) - 1 - line, labels, label_colors(labels), left=name)
    axes.set_xlim(-2.0, len(tokens) - 0.5)
    return figure


def inventory_of(scorer: PLLScorer) -> NgramInventory:
    """Extract the N-grams of the few documents above."""
    texts = [text.strip(".") for documents in DOCUMENTS for text in documents]
    classes = [at for at, documents in enumerate(DOCUMENTS) for _ in documents]
    token_ids = [scorer.tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    return NgramExtractor(num_merges=4).extract(token_ids, classes, class_names=CLASSES)


def label_colors(labels: Sequence[str]) -> list[tuple[str, float]]:
    """Color what is outside gray, N-grams of several classes blue and all others red."""
    return [
        (GRAY, 0.6) if label == "O" else (BLUE, 0.35) if label.endswith(("∅", "11")) else (RED, 0.35)
        for label in labels
    ]


def row_of_cells(
    axes: Axes, y: float, texts: Sequence[str], colors: Sequence[tuple[str, float]], left: str | None = None
) -> None:
    """Write texts side by side, each on its color; `left` names the row."""
    axes.set_axis_off()
    for x, (text, (color, strength)) in enumerate(zip(texts, colors, strict=True)):
        axes.fill_between([x - 0.47, x + 0.47], y - 0.4, y + 0.4, color=color, alpha=strength, linewidth=0)
        axes.text(x, y, text, ha="center", va="center", fontsize=9, color=INK)
    if left is not None:
        axes.text(-0.6, y, left, ha="right", va="center", fontsize=9, color=INK)
    axes.set_xlim(-0.5, len(texts) - 0.5)


if __name__ == "__main__":
    main()
