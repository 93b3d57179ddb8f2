"""Time the scorer against the machine's own matrix-multiplication peak and against row-per-token loops; print how
far the approximations and bfloat16 are from the exact scores, what the cache brings, and the peak of memory.

    python scripts/bench_scorer.py data/acl_arc --model bert-base --documents 6
    python scripts/bench_scorer.py data/ohsumed --model tiny --documents 6 --min-length 256 --max-length 256
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import nn
from transformers import BertConfig, BertForMaskedLM, PreTrainedModel, PreTrainedTokenizerBase

from auxtask.cli.command import quiet_libraries
from auxtask.data.documents import Documents
from auxtask.data.encoding import document_lengths, encode
from auxtask.data.readers import read_pairs
from auxtask.ground.machine import keep_freed_memory
from auxtask.likelihood.rows import masked_batches
from auxtask.likelihood.scorer import PLLScorer
from auxtask.masking.mean_adjust import mean_adjust
from auxtask.model.loading import load_masked_lm, load_tokenizer
from auxtask.model.precision import DTYPES, choose_dtype
from auxtask.runs.environment import peak_memory_bytes

RANDOM = {
    "bert-4x256": BertConfig(
        vocab_size=30522, hidden_size=256, num_hidden_layers=4, num_attention_heads=4, intermediate_size=1024
    ),
    "bert-base": BertConfig(vocab_size=30522),
}
LOOPS = {"a sentence at once": 10**9, "a row at a time": 1}


def build(name: str, dtype: torch.dtype) -> PreTrainedModel:
    """A model by name, or one of random weights, which are as fast."""
    if name not in RANDOM:
        return load_masked_lm(name).to(dtype)  # type: ignore[arg-type]
    torch.manual_seed(0)
    return BertForMaskedLM(RANDOM[name]).eval().to(dtype)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds that some work takes, and what comes of it."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def matmul_peak(dtype: torch.dtype) -> float:
    """Best GFLOP/s over square products of several sizes."""
    best = 0.0
    for size in (512, 1024, 2048):
        left, right = torch.randn(size, size).to(dtype), torch.randn(size, size).to(dtype)
        shortest = min(timed(partial(torch.mm, left, right))[0] for _ in range(12))
        best = max(best, 2 * size**3 / shortest / 1e9)
    return best


def arithmetic(model: PreTrainedModel, documents: Documents) -> tuple[float, float, float]:
    """GFLOP of one row a token: the encoder whole; with the vocabulary head everywhere; what exact scores need.

    Needed are all layers but the last, of the last keys and values, and at one position the rest and the head.
    """
    stacks = [module for module in model.base_model.modules() if isinstance(module, nn.ModuleList)]
    encoder = max(sum(w.numel() for w in stack.parameters() if w.ndim == 2) for stack in stacks)
    width, layers = model.config.hidden_size, model.config.num_hidden_layers
    head = width * (model.config.vocab_size + width)
    length = documents.lengths.astype(np.float64)
    rows = np.diff(np.concatenate([[0], np.cumsum(documents.scored)])[documents.offsets])
    attention = 2 * length * width * layers
    whole = length * (encoder + attention)
    last = encoder / layers - 2 * width**2 + attention / layers
    needed = whole - (length - 1) * last + head
    return tuple(2e-9 * float((rows * one).sum()) for one in (whole, whole + length * head, needed))  # type: ignore[return-value]


@torch.inference_mode()
def public_loop(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, documents: Documents, rows_at_once: int
) -> NDArray[np.float32]:
    """The public way: a row a token, logits at every position; the rows of a sentence at once or one by one."""
    log_probs = []
    for index in range(len(documents)):
        one = documents.take(np.array([index]))
        [batch] = masked_batches(one, "word_l2r", tokenizer.mask_token_id, 10**9)
        arrays = (torch.from_numpy(array) for array in (batch.input_ids, batch.position, batch.target))
        for rows, position, target in zip(*(array.split(rows_at_once) for array in arrays), strict=True):
            every = torch.arange(len(rows))
            logits = model(input_ids=rows, attention_mask=torch.ones_like(rows)).logits[every, position].float()
            log_probs.append((logits[every, target] - logits.logsumexp(1)).numpy())
    return np.concatenate(log_probs)


def likelihoods_of(scorer: PLLScorer, dataset: Dataset) -> NDArray[np.float32]:
    return np.concatenate(scorer.annotate(dataset).with_format("numpy")["likelihoods"][:])


def mask_probabilities(documents: Documents, likelihoods: NDArray[np.float32]) -> NDArray[np.float32]:
    """What L3Masking makes of the likelihoods of each document, special tokens left out."""
    parts = [documents.part(likelihoods, index) for index in range(len(documents))]
    return np.concatenate(mean_adjust([1 - part[~np.isnan(part)] for part in parts]))


def closeness(documents: Documents, close: NDArray[np.float32], exact: NDArray[np.float32]) -> str:
    """How near approximate likelihoods, and the mask probabilities they lead to, come to the exact ones."""
    masks, exact_masks = mask_probabilities(documents, close), mask_probabilities(documents, exact)
    difference = np.abs(masks - exact_masks)
    return (
        f"Spearman {spearmanr(close[documents.scored], exact[documents.scored]).statistic:.4f}, of mask "
        f"probabilities {spearmanr(masks, exact_masks).statistic:.4f}; these differ by {difference.mean():.4f}, "
        f"at most {difference.max():.4f}"
    )


def long_documents(count: int, length: int, scored: int) -> Dataset:
    """Random documents of which a few tokens are scored, so that a few rows are as long as any."""
    generator = np.random.default_rng(0)
    ids = generator.integers(1000, 30000, size=(count, length))
    words = [[position if 0 < position <= scored else -1 for position in range(length)]] * count
    return Dataset.from_dict({"input_ids": ids.tolist(), "word_ids": words})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="holds train.jsonl.gz with text and label")
    parser.add_argument("--model", default="tiny", help="a model name, or random weights: bert-4x256, bert-base")
    parser.add_argument("--documents", type=int, default=9)
    parser.add_argument("--min-length", type=int, default=3, help="shorter documents are left out")
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--strides", type=int, nargs="*", default=[4, 8, 12, 16])
    parser.add_argument("--cached", type=int, default=300, help="documents in the cache")
    parser.add_argument("--dtypes", nargs="+", choices=DTYPES, default=list(DTYPES))
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument(
        "--memory", type=int, nargs="*", default=[2, 8], help="documents of 512 tokens, a process each"
    )
    parser.add_argument("--memory-alone", type=int, help="only score so many documents; tell the peak of memory")
    arguments = parser.parse_args()
    quiet_libraries()
    # As the commands do; the loops profit too.
    keep_freed_memory()
    if arguments.memory_alone is not None:
        scorer = PLLScorer(build(arguments.model, torch.float32), load_tokenizer("tiny"), progress=False)
        scorer.annotate(long_documents(arguments.memory_alone, length=512, scored=8))
        print(f"  {arguments.memory_alone:3} documents of 512 tokens: {peak_memory_bytes() / 1e9:.2f} GB at most")
        return

    tokenizer = load_tokenizer("tiny" if arguments.model in RANDOM else arguments.model)
    # A sample of the whole, so that lengths are those of the data set.
    texts = [text for text, _ in read_pairs(arguments.folder / "train.jsonl.gz")]
    texts = np.random.default_rng(0).permutation(np.array(texts, dtype=object)).tolist()
    dataset = encode(Dataset.from_dict({"text": texts}), tokenizer, arguments.max_length)
    every = Documents.from_dataset(dataset)
    distinct = every.take(np.array(list({key: index for index, key in enumerate(every.keys())}.values())))
    repeated = every.scored.sum() / distinct.scored.sum()
    dataset = dataset.filter(lambda row: len(row["input_ids"]) >= arguments.min_length)
    whole = dataset.select(range(min(arguments.cached, len(dataset))))
    # A few lengths, several documents of each: rows are pooled as those of a whole data set are.
    by_length = np.argsort(document_lengths(dataset), kind="stable")
    starts = (np.array([0.1, 0.5, 0.9]) * (len(by_length) - arguments.documents // 3)).astype(int)
    dataset = dataset.select(
        np.concatenate([by_length[start : start + arguments.documents // 3] for start in starts])
    )
    documents = Documents.from_dataset(dataset)
    tokens = int(documents.scored.sum())
    print(
        f"{arguments.model}: {len(documents)} documents, {tokens} tokens, {documents.lengths.mean():.0f} a row; "
        f"{torch.get_num_threads()} threads; the whole data set has {every.scored.sum()} tokens, "
        f"{distinct.scored.sum()} of them in documents that differ, which alone are computed"
    )

    likelihoods, first_loops = {}, {}
    for name in arguments.dtypes:
        dtype = choose_dtype(name)
        model = build(arguments.model, dtype)
        scorer = PLLScorer(model, tokenizer, progress=False)
        scorer.score(["warm up"])
        taken: dict[str, list[float]] = {way: [] for way in ("scorer", *LOOPS)}
        peaks = []
        # Every repeat times all of them: what else the machine does meets all alike.
        for _ in range(arguments.repeats):
            peaks.append(matmul_peak(dtype))
            took, likelihoods[name] = timed(partial(likelihoods_of, scorer, dataset))
            taken["scorer"].append(took)
            for way, rows_at_once in LOOPS.items():
                took, loop = timed(partial(public_loop, model, tokenizer, documents, rows_at_once))
                taken[way].append(took)
        peak, fast = max(peaks), median(taken["scorer"])
        first_loops = first_loops or {way: median(taken[way]) for way in LOOPS}
        rows, with_head, needed = arithmetic(model, documents)
        deviation = np.abs(np.log(likelihoods[name][documents.scored]) - loop).max()
        print(
            f"\n{name}: matmul peak {peak:.0f} GFLOP/s; ln P differs from the loop's by {deviation:.1e} at most\n"
            f"  scorer             {tokens / fast:8.1f} tokens/s; in arithmetic of whole rows "
            f"{rows / fast:.0f} GFLOP/s = {rows / fast / peak:.0%} of peak, in what it needs "
            f"{needed / fast / peak:.0%}"
        )
        for way in LOOPS:
            slow, first = median(taken[way]), first_loops[way]
            print(
                f"  {way:18} {tokens / slow:8.1f} tokens/s, {with_head / slow / peak:.0%} of peak; scorer x "
                f"{slow / fast:.2f}, x {slow / fast * repeated:.2f} over the whole data set; against this loop in "
                f"{arguments.dtypes[0]} x {first / fast:.2f}, x {first / fast * repeated:.2f}"
            )
        print(
            f"  the loops' arithmetic is x {with_head / needed:.2f} of what exact scores need; the rest of the "
            "scorer's gain is how fast it does the same, and what it does once"
        )
        for metric, stride in [("word_l2r", stride) for stride in arguments.strides] + [("unmasked", None)]:
            approximate = PLLScorer(model, tokenizer, metric, stride=stride, progress=False)
            took, close = timed(partial(likelihoods_of, approximate, dataset))
            label = metric if stride is None else f"stride {stride}"
            print(
                f"  {label:18} {tokens / took:8.1f} tokens/s, x {fast / took:.1f}; "
                + closeness(documents, close, likelihoods[name])
            )
        with tempfile.TemporaryDirectory() as folder:
            # What the cache holds does not matter for its speed: the cheapest scores of many documents.
            cached = PLLScorer(model, tokenizer, "unmasked", progress=False, cache=folder)
            cached.annotate(whole)
            hit, _ = timed(partial(cached.annotate, whole))
            assert cached.summary is not None
            speed = cached.summary.tokens / hit
        print(f"  from the cache     {speed:8.0f} tokens/s, x {speed / (tokens / fast):.0f}")

    if len(likelihoods) == 2:
        exact, half = (values[documents.scored] for values in likelihoods.values())
        difference = np.abs(np.log(exact) - np.log(half))
        print(
            f"\n{' and '.join(likelihoods)}: ln P differs by {difference.mean():.4f} on average, "
            f"{np.quantile(difference, 0.99):.4f} at the 99th percentile, {difference.max():.4f} at most; "
            + closeness(documents, *reversed(likelihoods.values()))
        )
    print("\npeak memory of a fresh process, bert-base in float32:", flush=True)
    for count in arguments.memory:
        script = [
            sys.executable,
            __file__,
            str(arguments.folder),
            "--model",
            "bert-base",
            "--memory-alone",
            str(count),
        ]
        subprocess.run(script, check=True)


if __name__ == "__main__":
    main()
