"""Time a training step of each auxiliary task and weighting beside `stl`, and `stl` beside a plain `Trainer`.

Every round takes one batch of documents through a whole step of each variant in turn: collation with the draw of
the masks, forward, backward, optimizer, move of the weights. Ratios are taken round by round, in one process, so
that they hold when the machine's speed drifts. Likelihoods are random: in a run they come from a cache, and
what they are costs nothing. The plain trainer of `transformers` takes the documents of `stl` once, and once
documents in random order, as it does unless `train_sampling_strategy="group_by_length"` tells it otherwise.

    python scripts/bench_step.py --rounds 120
    python scripts/bench_step.py --rounds 20 --shape minilm --variants stl,rtm --compile
    python scripts/bench_step.py --rounds 4 --batch-size 8 --shape bert-base --variants stl,rtm,bit_label,rtm:meta
"""

import argparse
import dataclasses
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from datasets import Dataset
from hydra import compose, initialize_config_dir
from transformers import (
    BertConfig,
    BertForMaskedLM,
    DataCollatorWithPadding,
    PreTrainedTokenizerBase,
    Trainer,
    set_seed,
)

from auxtask.cli.command import quiet_libraries
from auxtask.cli.planning import build_experiment, load_dataset
from auxtask.data.encoding import document_lengths
from auxtask.data.order import LengthGroupedSampler
from auxtask.experiment.experiment import build_network
from auxtask.ground.files import config_folder
from auxtask.ground.machine import keep_freed_memory
from auxtask.model.loading import load_classifier, load_tokenizer
from auxtask.tasks.base import prepare
from auxtask.training.plan import training_arguments
from auxtask.training.stages import stage_trainer
from auxtask.training.trainer import MultiTaskTrainer

VARIANTS = (
    "stl,rtm,l3masking,whole_word,span,frequency,all_phrase,bit_label,"
    "rtm:meta,rtm:gradnorm,rtm:pcgrad,rtm:gate,rtm:uncertainty,rtm:dwa"
)
PLAIN, RANDOM = "plain Trainer", "plain Trainer, random order"


class RandomLikelihoods:
    """Stand for the scorer: likelihoods of the right shape."""

    def annotate(self, split: Dataset) -> Dataset:
        """Add the column `likelihoods`."""
        generator = np.random.default_rng(0)
        rows = [
            np.where(np.array(words) < 0, np.nan, generator.beta(0.5, 0.5, len(words)))
            for words in split["word_ids"]
        ]
        return split.add_column("likelihoods", rows)


def encoder_of_shape(shape: str, tokenizer: PreTrainedTokenizerBase, folder: Path) -> str:
    """Give `tiny` or `minilm`, or write a BERT of base size with random weights."""
    if shape != "bert-base":
        return shape
    BertForMaskedLM(BertConfig()).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def build(variant: str, model_name: str, fields: list[str], folder: Path) -> MultiTaskTrainer:
    """Build the trainer that `python -m auxtask.train aux=... weighting=... FIELDS` would use."""
    aux, _, weighting = variant.partition(":")
    options = [f"aux={aux}", f"weighting={weighting or 'static'}", f"model.name={model_name}"]
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        config = compose("train", [*options, *fields])
    experiment = build_experiment(config, load_dataset(config))
    tools = dataclasses.replace(experiment.tools, scorers=lambda encoder, metric: RandomLikelihoods())
    prepared = prepare(experiment.dataset, experiment.tasks, tools, experiment.max_length)
    network = build_network(experiment, prepared)
    return started(stage_trainer(experiment.plan.stages[0], network, prepared, folder, folder / "checkpoints"))


def build_plain(stl: MultiTaskTrainer, model_name: str, batch_size: int, folder: Path) -> Trainer:
    """Build what a user without auxtask would: the same classifier and documents, dynamic padding."""
    set_seed(0)
    tokenizer = load_tokenizer(model_name)
    rows = stl.train_dataset.select_columns(["input_ids", "attention_mask", "label"])
    names = list(stl.network.classifier.config.id2label.values())
    trainer = Trainer(
        load_classifier(model_name, names),
        training_arguments(
            folder,
            bf16="auto",
            report_to="none",
            remove_unused_columns=False,
            disable_tqdm=True,
            per_device_train_batch_size=batch_size,
        ),
        data_collator=DataCollatorWithPadding(tokenizer),
        train_dataset=rows,
    )
    return started(trainer)


def started(trainer: Any) -> Any:
    # What the training loop would do; a step outside the loop needs it too.
    trainer.model, trainer.optimizer = trainer.accelerator.prepare(trainer.model, trainer.create_optimizer())
    trainer.current_gradient_accumulation_steps = 1
    return trainer


def step(trainer: Any, features: list[dict[str, Any]]) -> float:
    """Take one training step and give its seconds."""
    start = perf_counter()
    collated = iter([trainer.data_collator(features)])
    [batch], count = trainer.get_batch_samples(collated, 1, trainer.args.device)
    trainer.training_step(trainer.model, batch, count)
    trainer.accelerator.clip_grad_norm_(trainer.model.parameters(), 1.0)
    trainer.optimizer.step()
    if isinstance(trainer, MultiTaskTrainer):
        trainer.weighting.update()
    trainer.model.zero_grad()
    return perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", default="tiny", choices=("tiny", "minilm", "bert-base"))
    parser.add_argument("--variants", default=VARIANTS, help="aux or aux:weighting, stl among them")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--compile", action="store_true", help="the encoder (trainer.torch_compile)")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--warm-up", type=int, default=3, help="rounds before the clock runs")
    arguments = parser.parse_args()
    quiet_libraries()
    keep_freed_memory()
    variants, size = arguments.variants.split(","), arguments.batch_size
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model_name = encoder_of_shape(arguments.shape, load_tokenizer("tiny"), folder / "encoder")
        fields = [f"trainer.per_device_train_batch_size={size}", "trainer.disable_tqdm=true"]
        fields += [f"trainer.torch_compile={arguments.compile}"]
        trainers: dict[str, Any] = {variant: build(variant, model_name, fields, folder) for variant in variants}
        trainers[PLAIN] = trainers[RANDOM] = build_plain(trainers["stl"], model_name, size, folder)
    rows = {variant: list(trainer.train_dataset) for variant, trainer in trainers.items()}
    lengths = document_lengths(trainers["stl"].train_dataset)
    rounds = arguments.warm_up + arguments.rounds
    order = list(LengthGroupedSampler(lengths, size, seed=0))
    batches = [order[start : start + size] for start in range(0, len(order) - size, size)]
    in_random_order = np.random.default_rng(0).permutation(len(lengths))
    seconds: dict[str, list[float]] = {variant: [] for variant in trainers}
    tokens = {"stl": 0, PLAIN: 0, RANDOM: 0}
    for number in range(rounds):
        start = number * size % (len(lengths) - size)
        batch = {"stl": batches[number % len(batches)], RANDOM: in_random_order[start : start + size]}
        # The order changes every round, so that no variant always runs in the wake of the same other.
        for variant in np.roll(list(trainers), number):
            chosen = batch.get(variant, batch["stl"])
            duration = step(trainers[variant], [rows[variant][index] for index in chosen])
            if number >= arguments.warm_up:
                seconds[variant].append(duration)
                if variant in tokens:
                    tokens[variant] += int(lengths[chosen].sum())
    print(f"docstrings, {arguments.shape}, batch {size}, {arguments.rounds} rounds")
    for variant in (*variants, PLAIN):
        ratio = median(mine / stl for mine, stl in zip(seconds[variant], seconds["stl"], strict=True))
        print(f"{variant:16} median {1000 * median(seconds[variant]):8.1f} ms   {ratio:.3f} x stl")
    speeds = {variant: count / sum(seconds[variant]) for variant, count in tokens.items()}
    for variant, speed in speeds.items():
        print(f"{variant:28} {speed:8,.0f} tokens/s   stl has {speeds['stl'] / speed:.3f} x as many")


if __name__ == "__main__":
    main()
