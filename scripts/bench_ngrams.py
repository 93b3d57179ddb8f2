"""Time N-gram extraction and labelling beside tokenization, print the curve over 1/8 .. 1 of the text and what
was found.

    python scripts/bench_ngrams.py data/r8 --model bert-base-uncased
"""

import argparse
import resource
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from auxtask.data.readers import read_pairs
from auxtask.model.loading import load_tokenizer
from auxtask.phrases.extraction import NgramExtractor
from auxtask.phrases.labelers import BitLabelLabeler
from auxtask.phrases.tables import ngrams_by_class, summarize, top_ngrams
from auxtask.tables.rendering import to_markdown


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    start = perf_counter()
    value = function()
    return perf_counter() - start, value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="holds train.jsonl.gz with text and label")
    parser.add_argument("--model", default="tiny", help="whose tokenizer to use")
    parser.add_argument("--num-merges", type=int)
    parser.add_argument("--scope", default="per_class", choices=["per_class", "corpus"])
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()

    tokenizer = load_tokenizer(arguments.model)
    pairs = read_pairs(arguments.folder / "train.jsonl.gz")
    class_names = sorted({label for _, label in pairs})
    extractor = NgramExtractor(num_merges=arguments.num_merges, scope=arguments.scope)

    print("share  documents     tokens  tokenize s  extract s  label s  ratio  peak MB")
    for eighths in (1, 2, 4, 8):
        # Every n-th document, so that all shares have the same mix of classes.
        sample = pairs[:: 8 // eighths]
        texts = [text for text, _ in sample]
        classes = [class_names.index(label) for _, label in sample]
        seconds: list[tuple[float, float, float]] = []
        for _ in range(arguments.repeats):
            tokenizing, encoded = timed(lambda: tokenizer(texts, add_special_tokens=False)["input_ids"])  # noqa: B023
            extracting, inventory = timed(
                lambda: extractor.extract(encoded, classes, class_names=class_names)  # noqa: B023
            )
            labeler = BitLabelLabeler(inventory)
            labeling, _ = timed(lambda: list(map(labeler.label, encoded, classes)))  # noqa: B023
            seconds.append((tokenizing, extracting, labeling))
        tokenizing, extracting, labeling = (median(column) for column in zip(*seconds, strict=True))
        ratio = median((extract + label) / tokenize for tokenize, extract, label in seconds)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"{eighths}/8 {len(texts):12} {sum(map(len, encoded)):10} {tokenizing:11.2f} {extracting:10.2f} "
            f"{labeling:8.2f} {ratio:6.2f} {peak:8}"
        )
    print(summarize(inventory))
    print(to_markdown(ngrams_by_class(top_ngrams(inventory, tokenizer))))


if __name__ == "__main__":
    main()
