"""Time the classifier of a run in torch, in float32 and bfloat16, and as ONNX, whole and in 8 bits, side by side.

    python -m auxtask.export RUN int8=true
    python scripts/bench_export.py RUN --rounds 5

Each round classifies the same test documents in batches of like length with each of them, in one process, so that
ratios hold when the machine's speed drifts. Tokenizing is part of it.
"""

import argparse
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from omegaconf import OmegaConf

from auxtask.cli.command import quiet_libraries
from auxtask.cli.planning import load_dataset
from auxtask.model.classifier import classifier_folder, load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--documents", type=int, default=600, help="the first of the test split")
    arguments = parser.parse_args()
    quiet_libraries()
    dataset = load_dataset(OmegaConf.load(arguments.run / "config.yaml"))  # type: ignore[arg-type]
    texts = list(dataset["test"]["text"][: arguments.documents])
    classifiers = {"torch, float32": load(arguments.run), "torch, bfloat16": load(arguments.run)}
    classifiers["torch, bfloat16"].model.to(torch.bfloat16)
    for runtime in ("onnx", "onnx_int8"):
        if (Path(classifier_folder(arguments.run)) / "onnx").is_dir():
            classifiers[runtime] = load(arguments.run, runtime=runtime)
    for classifier in classifiers.values():
        classifier.progress = False
    first = classifiers["torch, float32"]
    tokens = sum(map(len, first.tokenizer(texts, truncation=True)["input_ids"]))
    expected = first.predict_probabilities(texts)
    differing = {}
    for name, classifier in classifiers.items():
        found = classifier.predict_probabilities(texts)
        differing[name] = int((found.argmax(dim=-1) != expected.argmax(dim=-1)).sum())
    seconds: dict[str, list[float]] = {name: [] for name in classifiers}
    for _ in range(arguments.rounds):
        for name, classifier in classifiers.items():
            started = perf_counter()
            classifier.predict_probabilities(texts)
            seconds[name].append(perf_counter() - started)
    print(f"{dataset.name}: {len(texts):,} documents, {tokens:,} tokens, {torch.get_num_threads()} threads")
    print("| runtime | tokens/s | times torch, float32 | other predictions |\n|---|---|---|---|")
    for name, taken in seconds.items():
        ratio = median(base / own for base, own in zip(seconds["torch, float32"], taken, strict=True))
        print(f"| {name} | {tokens / median(taken):,.0f} | {ratio:.2f} | {differing[name]} |")


if __name__ == "__main__":
    main()
