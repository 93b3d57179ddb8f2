"""Time the document-word graph beside counting each pair of each window, and two ways of multiplying with it.

python scripts/bench_graph.py data/r8 --counter
python scripts/bench_graph.py data/20ng
"""

import argparse
import resource
from collections import Counter
from itertools import combinations
from pathlib import Path
from time import perf_counter

import numpy as np
import torch

from auxtask.baselines.graph import document_word_edges, normalized_adjacency
from auxtask.baselines.graph_networks import DocumentGraph, Propagation
from auxtask.data.cleaning import clean_documents
from auxtask.data.readers import read_pairs

HIDDEN = 200


def count_pairs_window_by_window(documents: list[list[str]], window: int) -> Counter[tuple[str, str]]:
    """The plain way: a counter that every window adds its pairs of positions to."""
    counts: Counter[tuple[str, str]] = Counter()
    for document in documents:
        for start in range(max(1, len(document) - window + 1)):
            words = document[start : start + window]
            counts.update((min(pair), max(pair)) for pair in combinations(words, 2) if pair[0] != pair[1])
    return counts


def step(propagation: Propagation, features: torch.Tensor) -> float:
    """Seconds of a product and its gradient; the best of five."""
    seconds = []
    for _ in range(5):
        started = perf_counter()
        propagation(features).sum().backward()
        seconds.append(perf_counter() - started)
    return min(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="holds train.jsonl.gz and test.jsonl.gz with text and label")
    parser.add_argument("--counter", action="store_true", help="count window by window, too")
    parser.add_argument("--window", type=int, default=20)
    arguments = parser.parse_args()

    texts = [text for split in ("train", "test") for text, _ in read_pairs(arguments.folder / f"{split}.jsonl.gz")]
    times = [perf_counter()]
    documents = clean_documents(texts)
    times.append(perf_counter())
    edges = document_word_edges(documents, arguments.window)
    times.append(perf_counter())
    adjacency = normalized_adjacency(edges)
    times.append(perf_counter())
    cleaning, counting, normalising = np.diff(times)
    word_edges, document_edges = edges[len(documents) :].nnz, edges[: len(documents)].nnz
    print(
        f"{edges.shape[0]:,} nodes ({len(documents):,} documents), {word_edges:,} edges between words, "
        f"{document_edges:,} between documents and words, {adjacency.nnz:,} non-zeros"
    )
    print(f"cleaning {cleaning:.1f} s, edges {counting:.1f} s, normalisation {normalising:.1f} s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")

    if arguments.counter:
        started = perf_counter()
        pairs = count_pairs_window_by_window(documents, arguments.window)
        plain = perf_counter() - started
        print(f"window by window: {len(pairs):,} pairs in {plain:.1f} s, {plain / counting:.1f} x all edges above")

    features = torch.randn(len(documents), HIDDEN, requires_grad=True)
    whole = step(Propagation(adjacency), torch.randn(len(adjacency.indptr) - 1, HIDDEN, requires_grad=True))
    needed = step(DocumentGraph(edges).to_nodes, features)
    print(
        f"product with {HIDDEN} features and its gradient, {torch.get_num_threads()} threads: whole adjacency "
        f"{1000 * whole:.0f} ms, from documents alone {1000 * needed:.0f} ms"
    )
    started = perf_counter()
    adjacency @ np.ones((adjacency.shape[0], HIDDEN), dtype=np.float32)
    print(f"SciPy's product alone: {1000 * (perf_counter() - started):.0f} ms")


if __name__ == "__main__":
    main()
