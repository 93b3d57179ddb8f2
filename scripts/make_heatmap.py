"""Draw a heat map of the documentation: `python scripts/make_heatmap.py docs/heatmap.png [MODEL]`, or `tiny`."""

import sys

from auxtask.cli.command import quiet_libraries
from auxtask.likelihood.scorer import PLLScorer
from auxtask.plot.heatmap import mask_heatmap

TEXT = (
    "Over the past few years, several dependency parsers have been trained on the Penn Treebank; the parser of "
    "Nivre is fast, but it was the first to lose its accuracy on sentences from biomedical abstracts."
)

if __name__ == "__main__":
    quiet_libraries()
    [scores] = PLLScorer.from_pretrained(*(sys.argv[2:] or ["tiny"])).score([TEXT])
    mask_heatmap(scores, target=0.15).save(sys.argv[1])
