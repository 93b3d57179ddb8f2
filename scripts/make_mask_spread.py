"""Draw how the mask probabilities of L3Masking spread by encoder, and print the figures behind the picture.

    python scripts/make_mask_spread.py docs/mask_spread.png --models tiny minilm --data acl_arc ohsumed

Under an encoder that knows its language, function words are masked seldom and the domain's words often; under one
that knows little, all tokens are masked alike, as they are by random masking.
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from auxtask.cli.command import quiet_libraries
from auxtask.likelihood.scorer import PLLScorer
from auxtask.masking.mean_adjust import mean_adjust
from auxtask.plot.saving import save_figure
from bench_encoder import texts_of

RATE = 0.15
# Where the tokens lie that are masked about as often as by random masking.
ALIKE = (0.146, 0.198)
BINS = np.linspace(0, 0.3, 31)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="the picture: .png, .pdf or .svg")
    parser.add_argument("--models", nargs="+", default=["tiny", "minilm"])
    parser.add_argument("--data", nargs="+", default=["acl_arc", "ohsumed"])
    parser.add_argument("--documents", type=int, default=300, help="the first of the training split")
    parser.add_argument("--max-length", type=int, default=128, help="tokens that the encoder reads at once")
    arguments = parser.parse_args()
    quiet_libraries()
    figure = Figure(figsize=(4.2 * len(arguments.data), 3.2), layout="constrained")
    panels = figure.subplots(1, len(arguments.data), sharey=True, squeeze=False)[0]
    print("| data | encoder | tokens | P < .1 | between .146 and .198 | standard deviation |")
    print("|---|---|---|---|---|---|")
    for axes, data in zip(panels, arguments.data, strict=True):
        texts = texts_of(data, "train", arguments.documents)
        for model in arguments.models:
            scores = PLLScorer.from_pretrained(model, max_length=arguments.max_length).score(texts)
            found = [each.likelihoods for each in scores if len(each.likelihoods)]
            masked = np.concatenate([mean_adjust(1 - row, target=RATE) for row in found])
            alike = np.mean((masked > ALIKE[0]) & (masked < ALIKE[1]))
            unlikely = np.mean(np.concatenate(found) < 0.1)
            print(
                f"| {data} | {model} | {len(masked):,} | {unlikely:.1%} | {alike:.1%} | {masked.std():.3f} |",
                flush=True,
            )
            shares = np.full(len(masked), 1 / len(masked))
            axes.hist(
                masked,
                bins=np.linspace(0, 0.3, 31),
                weights=shares,
                histtype="stepfilled",
                alpha=0.45,
                label=model,
            )
        axes.axvline(RATE, color="black", linewidth=1, linestyle="--", label="random masking")
        axes.set(title=data, xlabel="probability of being masked", xlim=(0, 0.3))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("share of tokens")
    panels[0].legend(frameon=False, loc="upper left")
    save_figure(figure, arguments.output)
    print(f"picture: {arguments.output}")


if __name__ == "__main__":
    main()
