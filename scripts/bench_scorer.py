"""Time the scorer against the machine's own matrix-multiplication peak and against row-per-token loops, and
print how far bfloat16 is from float32.

    python scripts/bench_scorer.py data/acl_arc --model tiny --documents 40

On a machine that others use too, `--threads 1 --clock cpu` counts the seconds this process had for itself.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import nn
from transformers import BertConfig, BertForMaskedLM, PreTrainedModel, PreTrainedTokenizerBase

from auxtask.data.encoding import encode
from auxtask.data.readers import read_pairs
from auxtask.likelihood.documents import Documents
from auxtask.likelihood.rows import masked_batches
from auxtask.likelihood.scorer import PLLScorer
from auxtask.masking.mean_adjust import mean_adjust
from auxtask.model.loading import load_masked_lm, load_tokenizer

RANDOM = {
    "bert-4x256": BertConfig(
        vocab_size=30522, hidden_size=256, num_hidden_layers=4, num_attention_heads=4, intermediate_size=1024
    ),
    "bert-base": BertConfig(vocab_size=30522),
}
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def matmul_peak(dtype: torch.dtype, clock: Callable[[], float]) -> float:
    """Best GFLOP/s over square products of several sizes."""
    best = 0.0
    for size in (512, 1024, 2048):
        left, right = torch.randn(size, size).to(dtype), torch.randn(size, size).to(dtype)
        repeats = max(1, (2048 // size) ** 3 // 8)
        for _ in range(6):
            start = clock()
            for _ in range(repeats):
                left @ right
            best = max(best, repeats * 2 * size**3 / (clock() - start) / 1e9)
    return best


def encoder_flops(model: PreTrainedModel, documents: Documents) -> float:
    """Arithmetic of one full encoder row for each scored token: projections and attention."""
    stacks = [module for module in model.base_model.modules() if isinstance(module, nn.ModuleList)]
    weights = max(sum(w.numel() for w in stack.parameters() if w.ndim == 2) for stack in stacks)
    width, layers = model.config.hidden_size, model.config.num_hidden_layers
    lengths = documents.lengths.astype(np.float64)
    rows = np.array([(documents.part(documents.word_ids, i) >= 0).sum() for i in range(len(documents))])
    return float((rows * (2 * weights * lengths + 4 * lengths**2 * width * layers)).sum())


@torch.inference_mode()
def sentence_at_a_time(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, documents: Documents, rows_at_once: int
) -> NDArray[np.float32]:
    """A call a sentence, a row a token, full logits everywhere: all rows at once, or one by one."""
    log_probs = []
    for index in range(len(documents)):
        one = documents.take(np.array([index]))
        [batch] = masked_batches(one, "word_l2r", tokenizer.mask_token_id, 10**9)
        rows = torch.from_numpy(batch.input_ids).split(rows_at_once)
        logits = [model(input_ids=part, attention_mask=torch.ones_like(part)).logits for part in rows]
        chosen = torch.cat(
            [
                part.float().log_softmax(-1)[range(len(part)), batch.position[start : start + len(part)]]
                for start, part in zip(range(0, len(batch.row), rows_at_once), logits, strict=True)
            ]
        )
        log_probs.append(chosen[range(len(chosen)), batch.target].numpy())
    return np.concatenate(log_probs)


def mask_probabilities(documents: Documents, likelihoods: NDArray[np.float32]) -> NDArray[np.float32]:
    """What L3Masking makes of the likelihoods of each document, special tokens left out."""
    parts = [documents.part(likelihoods, index) for index in range(len(documents))]
    return np.concatenate(mean_adjust([1 - part[~np.isnan(part)] for part in parts]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="holds train.jsonl.gz with text and label")
    parser.add_argument("--model", default="tiny", help="a model name, or random weights: bert-4x256, bert-base")
    parser.add_argument("--documents", type=int, default=20)
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--strides", type=int, nargs="*", default=[8, 16, 32])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    clock = CLOCKS[arguments.clock]

    tokenizer = load_tokenizer("tiny" if arguments.model in RANDOM else arguments.model)
    texts = [text for text, _ in read_pairs(arguments.folder / "train.jsonl.gz")][: arguments.documents]
    dataset = encode(Dataset.from_dict({"text": texts}), tokenizer, arguments.max_length)
    documents = Documents.from_dataset(dataset)
    inside = documents.word_ids >= 0
    tokens = int(inside.sum())
    print(
        f"{arguments.model}: {len(documents)} documents, {tokens} tokens, "
        f"{arguments.threads} threads, {arguments.clock} seconds"
    )

    likelihoods = {}
    for dtype in (torch.float32, torch.bfloat16):
        if arguments.model in RANDOM:
            torch.manual_seed(0)
            model: PreTrainedModel = BertForMaskedLM(RANDOM[arguments.model]).eval().to(dtype)
        else:
            model = load_masked_lm(arguments.model).to(dtype)
        scorer = PLLScorer(model, tokenizer, progress=False)
        name = str(dtype).removeprefix("torch.")
        scorer.score(["warm up"])
        peaks, seconds = [], {"scorer": [], "a sentence at once": [], "a row at once": []}
        # Every repeat times all of them: what else the machine does meets all alike.
        for _ in range(arguments.repeats):
            peaks.append(matmul_peak(dtype, clock))
            start = clock()
            scored = scorer.annotate(dataset)
            seconds["scorer"].append(clock() - start)
            for label, rows_at_once in (("a sentence at once", 10**9), ("a row at once", 1)):
                start = clock()
                naive = sentence_at_a_time(model, tokenizer, documents, rows_at_once)
                seconds[label].append(clock() - start)
        likelihoods[name] = np.concatenate(scored.with_format("numpy")["likelihoods"][:])
        order = np.argsort(np.flatnonzero(inside))
        deviation = np.abs(np.log(likelihoods[name][inside][order]) - naive).max()
        gflops = encoder_flops(model, documents) / median(seconds["scorer"]) / 1e9
        print(
            f"\n{name}: matmul peak {max(peaks):.0f} GFLOP/s; largest deviation from the loop {deviation:.1e} nats"
        )
        print(
            f"  scorer             {tokens / median(seconds['scorer']):8.1f} tokens/s; in arithmetic of full rows "
            f"{gflops:.0f} GFLOP/s = {gflops / max(peaks):.0%} of peak"
        )
        for label in ("a sentence at once", "a row at once"):
            ratio = median(slow / fast for slow, fast in zip(seconds[label], seconds["scorer"], strict=True))
            print(f"  {label:18} {tokens / median(seconds[label]):8.1f} tokens/s, scorer x {ratio:.2f}")

        masks = mask_probabilities(documents, likelihoods[name])
        for stride in arguments.strides:
            strided = PLLScorer(model, tokenizer, stride=stride, progress=False)
            strided.score(["warm up"])
            start = clock()
            close = np.concatenate(strided.annotate(dataset).with_format("numpy")["likelihoods"][:])
            took = clock() - start
            difference = np.abs(mask_probabilities(documents, close) - masks)
            print(
                f"  stride {stride:<11} {tokens / took:8.1f} tokens/s, x {median(seconds['scorer']) / took:.1f}; "
                f"Spearman {spearmanr(close[inside], likelihoods[name][inside]).statistic:.4f}; "
                f"mask probabilities differ by {difference.mean():.4f}, at most {difference.max():.4f}"
            )

        with tempfile.TemporaryDirectory() as folder:
            cached = PLLScorer(model, tokenizer, progress=False, cache=folder)
            cached.annotate(dataset)
            start = clock()
            cached.annotate(dataset)
            hit = clock() - start
            assert cached.summary is not None
            assert cached.summary.cached_documents == len(documents)
        print(f"  from the cache     {tokens / hit:8.0f} tokens/s, x {median(seconds['scorer']) / hit:.0f}")

    exact, half = likelihoods["float32"], likelihoods["bfloat16"]
    difference = np.abs(np.log(exact[inside]) - np.log(half[inside]))
    masks_of = [mask_probabilities(documents, likelihood) for likelihood in (exact, half)]
    print(
        f"\nbfloat16 against float32: |ln P| differs by {difference.mean():.4f} on average, "
        f"{np.quantile(difference, 0.99):.4f} at the 99th percentile, {difference.max():.4f} at most; "
        f"mask probabilities: Spearman {spearmanr(*masks_of).statistic:.5f}, largest difference "
        f"{np.abs(masks_of[0] - masks_of[1]).max():.4f}"
    )
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    main()
