"""Which run a config of `auxtask.train` describes: its data and its folder, found without computing anything."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from auxtask.cli.command import plain
from auxtask.data.dataset import TextDataset
from auxtask.ground.files import folder_name
from auxtask.model.fingerprint import fingerprint
from auxtask.runs.folder import RunFolder
from auxtask.runs.identity import run_id
from auxtask.runs.reading import UNUSED_BY_BASELINES


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
