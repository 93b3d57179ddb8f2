"""Fine-tune a classifier with mechanical auxiliary tasks: `python -m auxtask.train dataset=ohsumed aux=rtm`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasets import Dataset
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from auxtask.cli import plain, run_command
from auxtask.data.dataset import TextDataset
from auxtask.evaluation.summary import print_summary
from auxtask.files import write_json, write_text
from auxtask.model.fingerprint import fingerprint
from auxtask.training.run_folder import RunFolder, run_id


def train(config: DictConfig) -> None:
    """Compute the run that the config describes, unless it is finished, and say what came of it."""
    dataset = instantiate(config.dataset)
    fingerprints = {
        "dataset": dataset.fingerprint,
        "dataset_versions": dataset.provenance.get("versions"),
        "model": fingerprint(config.model.name),
    }
    task_name = "+".join(config.aux) or "stl"
    folder = RunFolder(
        Path(config.paths.runs)
        / dataset.name
        / Path(config.model.name).name
        / task_name
        / run_id(plain(config), fingerprints)
    )
    with folder.locked():
        finished = folder.metrics is not None and not config.force
        if not finished:
            if config.force:
                folder.clear()
            write_text(folder.path / "config.yaml", OmegaConf.to_yaml(config, resolve=True))
            compute(config, dataset, folder, fingerprints)
    print_summary(
        folder.path,
        title=f"{dataset.name} · {config.model.name} · {task_name} · seed {config.seed}",
        yardsticks=cached_yardsticks(dataset, Path(config.paths.cache) / "yardsticks"),
        note="already finished; force=true computes it again" if finished else None,
    )


def compute(config: DictConfig, dataset: TextDataset, folder: RunFolder, fingerprints: Mapping[str, Any]) -> None:
    """Build the objects that the config names, run the experiment and describe its environment."""
    # Imported here because it takes seconds, and a finished run does without.
    from auxtask.likelihood.scorer import PLLScorer
    from auxtask.model.precision import choose_dtype
    from auxtask.training.environment import environment
    from auxtask.training.experiment import run_experiment

    def annotate(split: Dataset, metric: str) -> Dataset:
        scorer = PLLScorer.from_pretrained(
            config.model.name,
            metric=metric,
            cache=Path(config.paths.cache) / "scores",
            stride=config.scoring.stride,
            dtype=choose_dtype(config.scoring.dtype),
        )
        return scorer.annotate(split)

    write_json(
        folder.path / "environment.json",
        {**environment(), "seed": config.seed, "fingerprints": fingerprints, "data": dataset.provenance},
    )
    run_experiment(
        dataset,
        model_name=config.model.name,
        max_length=config.model.max_length,
        tasks={name: instantiate(task) for name, task in config.aux.items()},
        weighting=instantiate(config.weighting),
        trainer=plain(config.trainer),
        seed=config.seed,
        folder=folder,
        annotate=annotate,
    )


def cached_yardsticks(dataset: TextDataset, cache: Path) -> dict[str, dict[str, float]]:
    """Score the linear yardsticks once for each data set."""
    path = cache / f"{dataset.fingerprint}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        from auxtask.baselines.linear import yardsticks

        scores = yardsticks(dataset)
        write_json(path, scores)
        return scores


if __name__ == "__main__":
    run_command("train", train)
