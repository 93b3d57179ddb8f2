"""A run as a whole: it is found, skipped where it is finished, or computed under a lock."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from auxtask.ground.files import write_json, write_text
from auxtask.ground.machine import is_main_process, share_of_cores
from auxtask.runs.folder import RunFolder
from auxtask.runs.identity import RunIdentity

if TYPE_CHECKING:
    from auxtask.model.classifier import Classifier

# Computes a run and writes its files.
Method = Callable[[RunFolder], Mapping[str, Any]]


@dataclass(frozen=True)
class FittedRun:
    """A run and what came of it; its files are read when they are asked for.

    Args:
        folder: the run's.
        computed: whether it was computed now, and not finished before.
    """

    folder: Path
    computed: bool

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """The content of `metrics.json`."""
        return json.loads((self.folder / "metrics.json").read_text(encoding="utf-8"))

    @cached_property
    def history(self) -> list[dict[str, Any]]:
        """The lines of `history.jsonl`; none for a method that is not trained by steps."""
        path = self.folder / "history.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    @cached_property
    def classifier(self) -> "Classifier":
        """The exported classifier, on the CPU."""
        from auxtask.model.classifier import load

        return load(self.folder / "model")

    def predict(self, texts: Sequence[str]) -> list[str]:
        """Predict the class of each text."""
        return self.classifier.predict(texts)


def fit(
    identity: RunIdentity,
    settings: Mapping[str, Any],
    data: Mapping[str, Any],
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
        data: where the data came from, for `environment.json`.
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
                    provenance = {"seed": identity.seed, "fingerprints": identity.fingerprints, "data": data}
                    write_json(folder.path / "environment.json", {**environment(), **provenance})
                build()(folder)
    return FittedRun(folder.path, not finished)
