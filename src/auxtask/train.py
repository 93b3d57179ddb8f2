"""Fine-tune a classifier with mechanical auxiliary tasks: `python -m auxtask.train dataset=ohsumed aux=rtm`."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

from datasets import Dataset
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from auxtask.cli import plain, run_command
from auxtask.data.dataset import TextDataset
from auxtask.evaluation.summary import print_summary
from auxtask.files import write_json, write_text
from auxtask.model.fingerprint import fingerprint
from auxtask.processes import is_main_process
from auxtask.training.run_folder import RunFolder, run_id


def train(config: DictConfig) -> None:
    """Compute the run that the config describes, unless it is finished, and say what came of it."""
    dataset = instantiate(config.dataset)
    folder, computed = run(config, dataset)
    if not is_main_process():
        return
    print_summary(
        folder.path,
        title=f"{dataset.name} · {config.model.name} · {method_name(config)} · seed {config.seed}",
        yardsticks=cached_yardsticks(dataset, Path(config.paths.cache)),
        note=None if computed else "already finished; force=true computes it again",
    )


def run(config: DictConfig, dataset: TextDataset) -> tuple[RunFolder, bool]:
    """Compute the run that the config describes, unless it is finished; tell whether it was computed now."""
    fingerprints = {
        "dataset": dataset.fingerprint,
        "dataset_versions": dataset.provenance.get("versions"),
        "model": fingerprint(config.model.name),
    }
    settings = plain(config)
    if "baseline" in config:
        # Nothing of multi-task training reaches a baseline.
        unused = {"aux", "weighting", "scoring", "loss", "adapter", "callbacks"}
        settings = {name: value for name, value in settings.items() if name not in unused}
        if checkpoint := config.baseline.get("checkpoint"):
            fingerprints["checkpoint"] = fingerprint(checkpoint)
    folder = RunFolder(
        Path(config.paths.runs)
        / dataset.name
        / Path(config.model.name).name
        / method_name(config)
        / run_id(settings, fingerprints)
    )
    with folder.locked():
        finished = folder.metrics is not None and not config.force
        if not finished:
            from auxtask.training.environment import environment

            if config.force and is_main_process():
                folder.clear()
            write_text(folder.path / "config.yaml", OmegaConf.to_yaml(config, resolve=True))
            write_json(
                folder.path / "environment.json",
                {**environment(), "seed": config.seed, "fingerprints": fingerprints, "data": dataset.provenance},
            )
            compute = fine_tune if "baseline" not in config else compute_baseline
            compute(config, dataset, folder)
    return folder, not finished


def method_name(config: DictConfig) -> str:
    """Name the method in the paths of its runs: the baseline, or the auxiliary tasks."""
    return config.baseline.name if "baseline" in config else "+".join(config.aux) or "stl"


def fine_tune(config: DictConfig, dataset: TextDataset, folder: RunFolder) -> None:
    """Build the objects that the config names and run the experiment."""
    # Imported here because it takes seconds, and a finished run does without.
    from auxtask.likelihood.scorer import PLLScorer
    from auxtask.model.precision import choose_dtype
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

    run_experiment(
        dataset,
        model_name=config.model.name,
        max_length=config.model.max_length,
        tasks={name: instantiate(task) for name, task in config.aux.items()},
        weighting=instantiate(config.weighting),
        loss=instantiate(config.loss),
        adapter=instantiate(config.get("adapter")),
        callbacks=list(instantiate(config.callbacks).values()),
        trainer=plain(config.trainer),
        seed=config.seed,
        folder=folder,
        annotate=annotate,
    )


def compute_baseline(config: DictConfig, dataset: TextDataset, folder: RunFolder) -> None:
    """Build the baseline that the config names and run it."""
    from auxtask.baselines.run import Resources, run_baseline

    def fine_tuned() -> Path:
        reference = OmegaConf.masked_copy(config, [str(name) for name in config if name != "baseline"])
        reference.aux, reference.force = {}, False
        return run(reference, dataset)[0].model

    settings = plain(config.baseline)
    baseline = instantiate({name: settings[name] for name in settings if name != "name"}, _convert_="all")
    run_baseline(baseline, dataset, Resources(config.seed, Path(config.paths.cache), fine_tuned), folder)


def cached_yardsticks(dataset: TextDataset, cache: Path) -> dict[str, dict[str, float]]:
    """Score the linear yardsticks once for each data set."""
    from auxtask.baselines import linear

    recipe = hashlib.sha256(Path(linear.__file__).read_bytes() + version("scikit-learn").encode()).hexdigest()
    path = cache / "yardsticks" / f"{dataset.fingerprint}-{recipe[:12]}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        scores = linear.yardsticks(dataset)
        write_json(path, scores)
        return scores


if __name__ == "__main__":
    run_command("train", train)
