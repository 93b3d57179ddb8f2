"""A sweep before it starts and while it runs: how many runs, how many finished, how long the rest will take."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf
from tqdm import tqdm

from auxtask.cli.checks import MISREAD, OptionError, check_options
from auxtask.cli.command import is_search
from auxtask.cli.planning import load_dataset, run_identity
from auxtask.cli.resolving import either_precision
from auxtask.runs.folder import RunFolder


class SweepProgress(Callback):
    """Says what a sweep of `auxtask.train` is about to do, and after each run what is left of it.

    All it knows comes from the run folders, so that it counts what other workers on the same folder have finished.
    """

    def __init__(self) -> None:
        self._runs: list[list[Path]] = []
        self._jobs_left = 0

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Find the folder of every run; the same run named twice counts once."""
        if is_search(config.hydra.sweeper._target_):
            return
        loader = GlobalHydra.instance().config_loader()
        arguments = [f"{name}={values}" for name, values in (config.hydra.sweeper.params or {}).items()]
        jobs = sweep_jobs([*arguments, *config.hydra.overrides.task], loader)
        found: dict[Path, list[Path]] = {}
        for job in tqdm(jobs, desc="Planning", unit="run", delay=1):
            whole = loader.load_sweep_config(config, job)
            of_job = OmegaConf.masked_copy(whole, [str(name) for name in whole if name != "hydra"])
            try:
                check_options("train", of_job)
            except OptionError as error:
                if error.code == MISREAD:
                    # It describes no run; its job says so.
                    continue
            # A run in the other precision is one all the same: another machine may have computed it.
            paths = [
                run_identity(each, load_dataset(each)).path(of_job.paths.runs) for each in either_precision(of_job)
            ]
            found[paths[0]] = paths
        self._runs, self._jobs_left = list(found.values()), len(jobs)
        print(progress_line(self._folders), flush=True)

    def on_job_end(self, config: DictConfig, job_return: Any, **kwargs: Any) -> None:
        """Say what is left; after the last job here, where Hydra goes no further if one of them failed, why."""
        if self._runs:
            print(progress_line(self._folders), flush=True)
            self._jobs_left -= 1
            if not self._jobs_left:
                self._name_unfinished()

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Say why something is left where the jobs ended in other processes."""
        if self._jobs_left:
            self._name_unfinished()

    @property
    def _folders(self) -> list[Path]:
        return [
            next((path for path in paths if RunFolder(path).metrics is not None), paths[0]) for paths in self._runs
        ]

    def _name_unfinished(self) -> None:
        left = sum(RunFolder(folder).metrics is None for folder in self._folders)
        if left:
            print(f"{left} of {len(self._runs)} runs are unfinished: other workers have them, or they failed")


def sweep_jobs(arguments: Sequence[str], loader: ConfigLoader) -> list[list[str]]:
    """Multiply the choices of a sweep out, as Hydra's basic sweeper does.

    Args:
        arguments: overrides; a later one takes the place of an earlier one of the same name.
        loader: of the configs.

    Returns:
        The overrides of each job, in order.
    """
    choices: dict[str, list[str]] = {}
    for override in OverridesParser.create(config_loader=loader).parse_overrides(list(arguments)):
        name = override.get_key_element()
        if override.is_sweep_override():
            values: Iterable[Any] = override.sweep_string_iterator()
        else:
            values = [override.get_value_element_as_str()]
        choices[name] = [f"{name}={value}" for value in values]
    return [list(job) for job in itertools.product(*choices.values())]


def progress_line(folders: Sequence[Path]) -> str:
    """Count runs and estimate what is left.

    Args:
        folders: of all runs, `.../DATASET/MODEL/METHOD/RUN_ID`.

    Returns:
        One line. A run is taken to last as long as the finished ones of its data set, model and method on
        average, else those of its data set and model, else those of its data set, else all.
    """
    seconds = {folder: _seconds(folder) for folder in folders}
    finished = {folder: value for folder, value in seconds.items() if value is not None}
    left = [folder for folder in folders if folder not in finished]
    counted = f"sweep: {len(folders)} runs, {len(finished)} finished"
    if not left:
        return counted
    if not finished:
        return f"{counted}; the time left is estimated once a run has finished"
    remaining = sum(_expected_seconds(folder, finished) for folder in left)
    return f"{counted}, {len(left)} left: about {duration(remaining)} for one worker"


def _seconds(folder: Path) -> float | None:
    metrics = RunFolder(folder).metrics
    return None if metrics is None else sum(metrics["seconds"].values())


def _expected_seconds(folder: Path, finished: Mapping[Path, float]) -> float:
    for level in range(3):
        same = [value for other, value in finished.items() if other.parents[level] == folder.parents[level]]
        if same:
            return sum(same) / len(same)
    return sum(finished.values()) / len(finished)


def duration(seconds: float) -> str:
    """Print a time as people say it.

    >>> duration(42), duration(125), duration(5400)
    ('42 s', '2 min', '1 h 30 min')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
