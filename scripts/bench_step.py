"""Time a training step of each auxiliary task beside that of `rtm` and `stl`: paired, in one process.

Every round takes one batch of documents through a whole step of each task in turn: collation with the draw of the
masks, forward, backward, optimizer. Ratios are taken round by round, so that they hold when the machine's speed
drifts; likelihoods come from the cache, as they do in a run.

    python scripts/bench_step.py --dataset docstrings --model tiny --rounds 200
"""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from transformers import set_seed

from auxtask.cli import config_folder, quiet_libraries
from auxtask.data.encoding import encode
from auxtask.likelihood.scorer import PLLScorer
from auxtask.model.loading import load_classifier, load_tokenizer
from auxtask.model.multitask import MultiTaskModel
from auxtask.model.precision import choose_dtype
from auxtask.training.arguments import training_arguments
from auxtask.training.batches import ClassificationCollator, MultiTaskCollator
from auxtask.training.sampling import LengthGroupedSampler
from auxtask.training.tasks import Preparation
from auxtask.training.trainer import MultiTaskTrainer
from auxtask.training.weighting.static import StaticWeighting


def build(aux: str, arguments: argparse.Namespace, folder: str) -> MultiTaskTrainer:
    """Build the trainer that `python -m auxtask.train aux=...` would use."""
    overrides = [f"dataset={arguments.dataset}", f"model={arguments.model}", f"aux={aux}"]
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        config = compose("train", overrides)
    tokenizer = load_tokenizer(config.model.name)
    dataset = instantiate(config.dataset)
    encoded = encode(dataset, tokenizer, config.model.max_length)
    tasks = {name: instantiate(task) for name, task in config.aux.items()}

    def annotate(split: Any, metric: str) -> Any:
        cache = Path(config.paths.cache) / "scores"
        dtype = choose_dtype(config.scoring.dtype)
        return PLLScorer.from_pretrained(config.model.name, metric=metric, cache=cache, dtype=dtype).annotate(
            split
        )

    for task in tasks.values():
        encoded = task.prepare(encoded, Preparation(config.model.name, tokenizer, dataset.label_names, annotate))
    set_seed(0)
    model = MultiTaskModel(
        load_classifier(config.model.name, dataset.label_names),
        {name: task.head(config.model.name) for name, task in tasks.items()},
        {name: task.loss for name, task in tasks.items()},
    )
    main = ClassificationCollator(tokenizer)
    trainer = MultiTaskTrainer(
        model,
        training_arguments(folder, bf16="auto", report_to="none", remove_unused_columns=False, disable_tqdm=True),
        MultiTaskCollator(main, {name: task.collator(tokenizer, 0) for name, task in tasks.items()}),
        MultiTaskCollator(main),
        encoded["train"],
        encoded["valid"],
        StaticWeighting(),
    )
    trainer.create_optimizer()
    # What the training loop would set; a step outside the loop needs it too.
    trainer.current_gradient_accumulation_steps = 1
    return trainer


def step(trainer: MultiTaskTrainer, features: list[Mapping[str, Any]]) -> float:
    """Take one training step and give its seconds."""
    start = perf_counter()
    trainer.training_step(trainer.model, trainer.data_collator(features))
    trainer.optimizer.step()
    trainer.model.zero_grad()
    return perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="docstrings")
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--aux", default="stl,rtm,l3masking", help="tasks to time, stl and rtm among them")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=200)
    arguments = parser.parse_args()
    quiet_libraries()
    tasks = arguments.aux.split(",")
    with tempfile.TemporaryDirectory() as folder:
        trainers = {aux: build(aux, arguments, folder) for aux in tasks}
    rows = {aux: list(trainer.train_dataset) for aux, trainer in trainers.items()}
    lengths = [len(row["input_ids"]) for row in rows["stl"]]
    seconds: dict[str, list[float]] = {aux: [] for aux in tasks}
    warm_up, epoch, batches = 10, 0, []
    sampler = LengthGroupedSampler(lengths, arguments.batch_size, seed=0)
    for round_number in range(warm_up + arguments.rounds):
        if not batches:
            sampler.set_epoch(epoch)
            order, epoch = list(sampler), epoch + 1
            batches = [
                batch
                for start in range(0, len(order), arguments.batch_size)
                if len(batch := order[start : start + arguments.batch_size]) == arguments.batch_size
            ]
        batch = batches.pop()
        # The order changes every round, so that no task always runs in the wake of the same other.
        for aux in np.roll(tasks, round_number):
            duration = step(trainers[aux], [rows[aux][index] for index in batch])
            if round_number >= warm_up:
                seconds[aux].append(duration)
    print(f"{arguments.dataset}, {arguments.model}, batch {arguments.batch_size}, {arguments.rounds} rounds")
    for aux in tasks:
        ratios = {
            other: median(mine / theirs for mine, theirs in zip(seconds[aux], seconds[other], strict=True))
            for other in ("stl", "rtm")
        }
        print(
            f"{aux:10} median {1000 * median(seconds[aux]):7.1f} ms   "
            f"{ratios['stl']:.3f} x stl   {ratios['rtm']:.3f} x rtm"
        )


if __name__ == "__main__":
    main()
