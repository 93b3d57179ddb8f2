"""From a config of `auxtask.train` to the run it describes: its data, its folder, the objects it names."""

import os
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from auxtask.cli.command import plain
from auxtask.data.dataset import TextDataset
from auxtask.experiment.fit import FittedRun, Method, fit
from auxtask.ground.files import folder_name
from auxtask.ground.tools import Resources
from auxtask.model.fingerprint import fingerprint
from auxtask.runs.folder import RunFolder
from auxtask.runs.identity import run_id
from auxtask.runs.reading import UNUSED_BY_BASELINES

if TYPE_CHECKING:
    from auxtask.experiment.experiment import Experiment


def load_dataset(config: DictConfig) -> TextDataset:
    """Load the data of a run; the runs of a sweep load it once."""
    return _load_dataset(OmegaConf.to_yaml(config.dataset, resolve=True))


@lru_cache(maxsize=8)
def _load_dataset(dataset: str) -> TextDataset:
    return cast(TextDataset, instantiate(OmegaConf.create(dataset)))


def method_name(config: DictConfig) -> str:
    """Name the method in the paths of its runs: the baseline, or the auxiliary tasks."""
    return config.baseline.name if config.get("baseline") else "+".join(config.aux) or "stl"


def model_name(config: DictConfig) -> str:
    """Name the encoder in paths: the last part of its hub id or of its folder, even if that is given as `..`."""
    return Path(os.path.abspath(config.model.name)).name


def run_folder(config: DictConfig, dataset: TextDataset) -> tuple[RunFolder, dict[str, Any]]:
    """Find the folder of a run.

    Args:
        config: of `auxtask.train`.
        dataset: what `load_dataset` gives for it.

    Returns:
        The folder, and the fingerprints of data and model that are part of its name.
    """
    fingerprints = {
        "dataset": dataset.fingerprint,
        "dataset_versions": dataset.provenance.get("versions"),
        "model": fingerprint(config.model.name),
    }
    settings = plain(config)
    if config.get("baseline"):
        # No auxiliary task reaches a baseline.
        settings = {name: value for name, value in settings.items() if name not in UNUSED_BY_BASELINES}
        if checkpoint := config.baseline.get("checkpoint"):
            fingerprints["checkpoint"] = fingerprint(checkpoint)
    names = (
        folder_name("dataset.name", dataset.name),
        folder_name("model.name", model_name(config)),
        folder_name("baseline.name" if config.get("baseline") else "aux", method_name(config)),
    )
    return RunFolder(Path(config.paths.runs, *names, run_id(settings, fingerprints))), fingerprints


def fit_config(config: DictConfig, dataset: TextDataset) -> FittedRun:
    """Compute the run that a config describes, unless it is finished.

    Args:
        config: of `auxtask.train`.
        dataset: what `load_dataset` gives for it.

    Returns:
        The run.
    """
    folder, fingerprints = run_folder(config, dataset)
    return fit(
        folder,
        plain(config),
        {"seed": config.seed, "fingerprints": fingerprints, "data": dataset.provenance},
        lambda: build_method(config, dataset),
        cache=Path(config.paths.cache),
        force=config.force,
    )


def build_method(config: DictConfig, dataset: TextDataset) -> Method:
    """Build what a config names: a baseline, or fine-tuning with its tasks."""
    if config.get("baseline"):
        from auxtask.baselines.base import run_baseline

        settings = plain(config.baseline)
        baseline = instantiate({name: settings[name] for name in settings if name != "name"}, _convert_="all")
        return partial(run_baseline, baseline, dataset, _resources(config, dataset))
    from auxtask.experiment.experiment import run_experiment

    return partial(run_experiment, build_experiment(config, dataset))


def build_experiment(config: DictConfig, dataset: TextDataset) -> "Experiment":
    """Build the objects that a config of fine-tuning names.

    Args:
        config: of `auxtask.train`.
        dataset: what `load_dataset` gives for it.

    Returns:
        What the run trains, and on what.
    """
    # Imported here because it takes seconds, and a finished run does without.
    from auxtask.data.segmenters import find_segmenter
    from auxtask.experiment.experiment import Experiment
    from auxtask.ground.tools import Tools
    from auxtask.likelihood.scorer import PLLScorer
    from auxtask.model.loading import load_tokenizer
    from auxtask.model.precision import choose_dtype
    from auxtask.training.plan import TrainingPlan

    segmenter = find_segmenter(instantiate(config.scoring).words)

    def scorer(metric: str) -> PLLScorer:
        return PLLScorer.from_pretrained(
            config.model.name,
            metric=metric,
            cache=Path(config.paths.cache) / "scores",
            stride=config.scoring.stride,
            segmenter=segmenter,
            dtype=choose_dtype(config.scoring.dtype),
        )

    return Experiment(
        dataset,
        tasks={name: instantiate(task) for name, task in config.aux.items()},
        plan=TrainingPlan.of(
            plain(config.trainer),
            instantiate(config.weighting),
            config.seed,
            list(instantiate(config.callbacks).values()),
        ),
        tools=Tools(
            **vars(_resources(config, dataset)),
            encoder=config.model.name,
            tokenizer=load_tokenizer(config.model.name),
            label_names=dataset.label_names,
            scorer=scorer,
            segmenter=segmenter,
        ),
        max_length=config.model.max_length,
        loss=instantiate(config.loss),
        adapter=instantiate(config.get("adapter")),
    )


def _resources(config: DictConfig, dataset: TextDataset) -> Resources:
    def fine_tuned() -> Path:
        reference = OmegaConf.masked_copy(config, [str(name) for name in config if name != "baseline"])
        reference.aux, reference.force = {}, False
        return fit_config(reference, dataset).folder / "model"

    return Resources(config.seed, Path(config.paths.cache), fine_tuned)
