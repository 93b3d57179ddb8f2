"""Which run a config of `auxtask.train` describes: its data and its folder, found without computing anything."""

from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from auxtask.cli import plain
from auxtask.data.dataset import TextDataset
from auxtask.evaluation.runs import UNUSED_BY_BASELINES
from auxtask.model.fingerprint import fingerprint
from auxtask.training.run_folder import RunFolder, run_id


def load_dataset(config: DictConfig) -> TextDataset:
    """Load the data of a run; the runs of a sweep load it once."""
    return _load_dataset(OmegaConf.to_yaml(config.dataset, resolve=True))


@lru_cache(maxsize=8)
def _load_dataset(dataset: str) -> TextDataset:
    return cast(TextDataset, instantiate(OmegaConf.create(dataset)))


def method_name(config: DictConfig) -> str:
    """Name the method in the paths of its runs: the baseline, or the auxiliary tasks."""
    return config.baseline.name if config.get("baseline") else "+".join(config.aux) or "stl"


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
    path = Path(config.paths.runs) / dataset.name / Path(config.model.name).name / method_name(config)
    return RunFolder(path / run_id(settings, fingerprints)), fingerprints
