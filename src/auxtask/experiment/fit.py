"""A run as a whole: it is found, skipped where it is finished, or computed under a lock."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from auxtask.data.dataset import TextDataset
from auxtask.experiment.fitted import FittedRun
from auxtask.ground.files import write_json, write_text
from auxtask.ground.machine import is_main_process, share_of_cores
from auxtask.runs.folder import RunFolder
from auxtask.runs.identity import RunIdentity

# Computes a run and writes its files.
Method = Callable[[RunFolder], Mapping[str, Any]]


def fit(
    identity: RunIdentity,
    settings: Mapping[str, Any],
    dataset: TextDataset,
    build: Callable[[], Method],
    *,
    runs: Path,
    cache: Path,
    force: bool = False,
) -> FittedRun:
    """Compute a run, unless it is finished.

    Args:
        identity: which run it is.
        settings: all that the run depends on, for `config.yaml`.
        dataset: texts and labels; where they came from goes into `environment.json`.
        build: gives the method; it is asked only where there is something to compute, for that may take seconds.
        runs: folder of all runs.
        cache: folder of what is shared between runs.
        force: whether to compute a finished run anew.

    Returns:
        The run.

    Raises:
        RunHeldError: another living process computes it.
        AuxtaskError: the input is wrong.
    """
    folder = RunFolder(identity.path(runs))
    with folder.locked():
        finished = folder.metrics is not None and not force
        if not finished:
            from auxtask.runs.environment import environment  # it loads torch

            with share_of_cores(cache / "workers"):
                if is_main_process():
                    if force:
                        folder.clear()
                    write_text(folder.path / "config.yaml", OmegaConf.to_yaml(OmegaConf.create(dict(settings))))
                    provenance = {
                        "seed": identity.seed,
                        "fingerprints": identity.fingerprints,
                        "data": dataset.provenance,
                    }
                    write_json(folder.path / "environment.json", {**environment(), **provenance})
                build()(folder)
                if is_main_process() and folder.model.is_dir():
                    from auxtask.reporting.card import model_card

                    write_text(folder.model / "README.md", model_card(folder.path))
    return FittedRun(folder.path, not finished, dataset)
