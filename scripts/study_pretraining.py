"""Compare shapes of the shipped encoder at equal training time on this machine, and print a Markdown table.

python scripts/study_pretraining.py --train FILE... --valid FILE --output runs/study --seconds 240

The seconds of a training step are measured first, shape after shape in turn; each shape is then trained for as
many steps as fit into the time, by `python -m auxtask.pretrain`, so that other work on the machine does not
change the comparison. Losses over different vocabularies are compared as bits per character.
"""

import argparse
import json
import math
import shutil
import statistics
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForMaskedLM

from auxtask.model.precision import bf16_is_fast
from auxtask.pretraining.network import MaskedLanguageModeling
from auxtask.pretraining.text import read_documents

BLOCK_LENGTH = 256
MODERNBERT = {
    "model_type": "modernbert",
    "max_position_embeddings": 512,
    "global_attn_every_n_layers": 1,
    "global_rope_theta": 10000,
    "classifier_pooling": "mean",
}
BERT = {"model_type": "bert", "max_position_embeddings": 512}


def shape(layers: int, width: int, inner: int, heads: int, family: dict[str, object] = MODERNBERT) -> dict:
    """Name the fields of an architecture."""
    return {
        **family,
        "num_hidden_layers": layers,
        "hidden_size": width,
        "intermediate_size": inner,
        "num_attention_heads": heads,
    }


# name: (architecture, vocabulary, blocks of a batch, further overrides of the recipe)
SHAPES: dict[str, tuple[dict, int, int, list[str]]] = {
    "4x256": (shape(4, 256, 512, 4), 8192, 16, []),
    "4x256, random embeddings": (shape(4, 256, 512, 4), 8192, 16, ["embeddings=null"]),
    "4x256, batches of 8": (shape(4, 256, 512, 4), 8192, 8, []),
    "4x256, batches of 32": (shape(4, 256, 512, 4), 8192, 32, []),
    "4x256, masks at 15 %": (shape(4, 256, 512, 4), 8192, 16, ["masking.mask_rate=0.15"]),
    "4x256, 4k": (shape(4, 256, 512, 4), 4096, 16, []),
    "4x256, 12k": (shape(4, 256, 512, 4), 12288, 16, []),
    "2x320": (shape(2, 320, 640, 5), 8192, 16, []),
    "6x256": (shape(6, 256, 512, 4), 8192, 16, []),
    "3x320": (shape(3, 320, 640, 5), 8192, 16, []),
    "8x192": (shape(8, 192, 384, 3), 8192, 16, []),
    "BERT 4x256": (shape(4, 256, 1024, 4, BERT), 8192, 16, []),
}


def step_seconds(names: list[str], rounds: int) -> dict[str, float]:
    """Measure the median seconds of a training step of each shape, taking turns."""
    steps = {}
    for name in names:
        architecture, vocabulary, batch, overrides = SHAPES[name]
        rate = 0.15 if any("mask_rate" in text for text in overrides) else (0.3 + 0.15) / 2
        config = AutoConfig.for_model(**architecture, vocab_size=vocabulary, pad_token_id=0)
        model = MaskedLanguageModeling(AutoModelForMaskedLM.from_config(config))
        optimizer = torch.optim.AdamW(model.parameters(), fused=True)
        input_ids = torch.randint(5, vocabulary, (batch, BLOCK_LENGTH))
        labels = torch.where(torch.rand(input_ids.shape) < rate, input_ids, -100)
        mask = torch.ones_like(input_ids)

        def step(model=model, optimizer=optimizer, arguments=(input_ids, mask, labels)) -> None:
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_fast()):
                loss = model(*arguments)["loss"]
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()

        steps[name] = step
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds + 1):
        for name, step in steps.items():
            started = time.perf_counter()
            step()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(values[1:]) for name, values in seconds.items()}


def train(name: str, steps: int, arguments: argparse.Namespace) -> dict[str, float]:
    """Train one shape unless that is done, and read its figures."""
    architecture, vocabulary, batch, overrides = SHAPES[name]
    output = arguments.output / name.replace(", ", "_").replace(" ", "-").replace("%", "percent")
    done = output / "model" / "pretraining_metrics.json"
    if not done.is_file():
        # Shapes of one vocabulary share its tokenizer and token streams.
        shared = arguments.output / f"text-{vocabulary}"
        output.mkdir(parents=True, exist_ok=True)
        for part in ("tokenizer", "train.bin", "valid.bin"):
            if (shared / part).exists() and not (output / part).exists():
                (output / part).symlink_to((shared / part).resolve())
        train_files = ",".join(str(path.resolve()) for path in arguments.train)
        command = [
            *(sys.executable, "-m", "auxtask.pretrain", f"output={output}"),
            *(f"data.train=[{train_files}]", f"data.valid={arguments.valid.resolve()}"),
            *(f"+architecture.{field}={value}" for field, value in architecture.items()),
            *(f"tokenizer.vocabulary_size={vocabulary}", f"block_length={BLOCK_LENGTH}"),
            *(f"trainer.max_steps={steps}", f"trainer.warmup_steps={steps // 10}"),
            f"trainer.lr_scheduler_kwargs.num_decay_steps={int(steps * 0.4)}",
            *(f"trainer.per_device_train_batch_size={batch}", "trainer.eval_strategy=no"),
            *overrides,
        ]
        command = [text.replace("+architecture.", "architecture.") if known(text) else text for text in command]
        with (output / "log.txt").open("w", encoding="utf-8") as log:
            subprocess.run(command, check=True, stdout=log, stderr=log)
        shared.mkdir(exist_ok=True)
        for part in ("tokenizer", "train.bin", "valid.bin"):
            if not (shared / part).exists():
                shutil.move(output / part, shared / part)
    figures = json.loads(done.read_text(encoding="utf-8"))
    weights = (output / "model" / "model.safetensors").read_bytes()
    characters = sum(len(document) for document in read_documents([arguments.valid]))
    tokens = (arguments.output / f"text-{vocabulary}" / "valid.bin").stat().st_size // np.dtype(np.uint16).itemsize
    return {
        "parameters": figures["parameters"],
        "tokens": figures["tokens"],
        "loss": figures["valid"]["loss"],
        "accuracy": figures["valid"]["accuracy"],
        "bits_per_character": figures["valid"]["loss"] / math.log(2) * tokens / characters,
        "megabytes": len(zlib.compress(weights, 6)) / 1e6,
    }


def known(override: str) -> bool:
    """Say whether the recipe's own file has the field, which Hydra then wants without a plus."""
    recipe = {*MODERNBERT, "num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads"}
    return override.removeprefix("+architecture.").split("=")[0] in recipe


def main() -> None:
    """Measure, train, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, nargs="+", required=True, help="files of general text")
    parser.add_argument("--valid", type=Path, required=True, help="a file of held-out text")
    parser.add_argument("--output", type=Path, default=Path("runs/study"))
    parser.add_argument("--seconds", type=float, default=240, help="training time of a shape")
    parser.add_argument("--rounds", type=int, default=5, help="timed steps of each shape")
    parser.add_argument("--only", nargs="*", choices=list(SHAPES), help="the shapes to compare; all by default")
    arguments = parser.parse_args()
    names = arguments.only or list(SHAPES)
    arguments.output.mkdir(parents=True, exist_ok=True)
    timed = arguments.output / "step_seconds.json"
    seconds = json.loads(timed.read_text(encoding="utf-8")) if timed.is_file() else {}
    seconds |= step_seconds([name for name in names if name not in seconds], arguments.rounds)
    timed.write_text(json.dumps(seconds, indent=2), encoding="utf-8")
    print("| shape | parameters | MB in the wheel | tokens/s | tokens seen | loss | top-1 | bits a character |")
    print("|---|---|---|---|---|---|---|---|")
    for name in names:
        steps = round(arguments.seconds / seconds[name])
        figures = train(name, steps, arguments)
        speed = SHAPES[name][2] * BLOCK_LENGTH / seconds[name]
        print(
            f"| {name} | {figures['parameters'] / 1e6:.2f} M | {figures['megabytes']:.1f} | {speed:,.0f} "
            f"| {figures['tokens'] / 1e6:.2f} M | {figures['loss']:.3f} | {figures['accuracy']:.1%} "
            f"| {figures['bits_per_character']:.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
