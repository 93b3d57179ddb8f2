"""A study: Optuna proposes what each trial tries, and the trials are ranked by their validation scores.

A trial is an ordinary run. The study itself is kept nowhere: its proposals follow from its seed and the scores
so far, which stand in the run folders. So the same line, given again, meets its finished runs in their order.
"""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hydra.core.config_loader import ConfigLoader
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig

from auxtask.cli.command import SaidError
from auxtask.cli.planning import load_dataset, run_identity
from auxtask.cli.resolving import resolved
from auxtask.cli.search_space import Runs, SearchSpace, as_typed
from auxtask.errors import AuxtaskError, first_line
from auxtask.ground.escaping import visible
from auxtask.ground.machine import process_count
from auxtask.runs.metrics import HEADINGS
from auxtask.tables.values import Cell, Number, Table

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

# The preset says where to search, and nothing of a run.
PRESET = "+sweep=tune"

# What a trial sets, as it is typed, in the order of the search space.
Proposal = tuple[str, ...]


@dataclass(frozen=True)
class TrialOutcome:
    """What came of a proposal.

    Args:
        score: of validation, in [0, 1]; None for a run that failed.
        folder: of the run.
    """

    score: float | None
    folder: Path


class Study(Protocol):
    """What a sweeper brings: see `hydra_plugins.auxtask_optuna.OptunaSweeper`."""

    n_trials: int
    n_jobs: int
    seed: int
    params: dict[str, str]
    config: DictConfig
    config_loader: ConfigLoader
    launcher: Launcher


def run_study(study: Study, arguments: Sequence[str]) -> None:
    """Search, say what came of each trial, and end with the command of the best.

    Args:
        study: what to search, and how.
        arguments: overrides of the command line; each takes the place of one of the study's own.

    Raises:
        AuxtaskError: Optuna is missing, something cannot be searched, or no trial came to a score.
    """
    _check(study)
    runs = Runs(study.config_loader, study.config)
    space = SearchSpace.of(runs, study.params, arguments)
    # What is wrong with data or model is no matter of a trial.
    run_folder(runs.config(space.fixed))
    without = f"; {', '.join(space.idle)} would change nothing" if space.idle else ""
    print(f"study: {study.n_trials} trials of {', '.join(space.searched)}{without}", flush=True)
    outcomes = search(
        space.searched,
        lambda before, proposals: _launched(study.launcher, space.fixed, before, proposals),
        n_trials=study.n_trials,
        n_jobs=study.n_jobs,
        seed=study.seed,
    )
    scores = {proposal: each.score for proposal, each in outcomes.items() if each.score is not None}
    if not scores:
        raise AuxtaskError(f"no trial of {len(outcomes)} came to a score; what each said stands above")
    _print_trials(outcomes, study.config.trainer.metric)
    best = max(scores, key=lambda proposal: scores[proposal])
    words = [word for word in space.fixed if word != PRESET]
    print("The command of the best trial; it shows the test scores, and with -m seed=1,2,3 trains further seeds:")
    print(visible(shlex.join(["python", "-m", "auxtask.train", *words, *best])), flush=True)


def search(
    space: Mapping[str, "BaseDistribution"],
    launch: Callable[[int, Sequence[Proposal]], Sequence[TrialOutcome]],
    *,
    n_trials: int,
    n_jobs: int,
    seed: int,
) -> dict[Proposal, TrialOutcome]:
    """Let the tree-structured Parzen estimator (Bergstra et al. 2011) look for the highest score.

    Args:
        space: what to search, by the names of options.
        launch: gets how many trials ran before and some proposals, and gives their outcomes.
        n_trials: proposals in all.
        n_jobs: proposals that are made at once.
        seed: of the proposals; the same seed and scores make the same proposals.

    Returns:
        The outcome of each proposal, in order; what is proposed twice is run once, and a failed run counts as 0.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    outcomes: dict[Proposal, TrialOutcome] = {}
    for before in range(0, n_trials, n_jobs):
        trials = [study.ask(dict(space)) for _ in range(min(n_jobs, n_trials - before))]
        proposals = [
            tuple(f"{name}={as_typed(trial.params[name], kind)}" for name, kind in space.items())
            for trial in trials
        ]
        new = [proposal for proposal in dict.fromkeys(proposals) if proposal not in outcomes]
        outcomes |= zip(new, launch(len(outcomes), new), strict=True)
        for trial, proposal in zip(trials, proposals, strict=True):
            # A run that failed counts as the lowest score there is: it would be proposed again and again.
            study.tell(trial, outcomes[proposal].score or 0.0)
    return outcomes


def run_folder(config: DictConfig) -> Path:
    """Say where the run of a config of `auxtask.train` lies, or will lie."""
    return run_identity(resolved(config), load_dataset(config)).path(config.paths.runs)


def trials_table(outcomes: Mapping[Proposal, TrialOutcome], metric: str) -> Table:
    """Rank trials by their validation scores.

    Args:
        outcomes: of the proposals.
        metric: the score.

    Returns:
        A row a trial, the best first and those that failed last: its values, its score and its run.

    >>> found = {("rate=0.1",): TrialOutcome(0.5, Path("a")), ("rate=0.3",): TrialOutcome(0.6, Path("b"))}
    >>> table = trials_table(found, "macro_f1")
    >>> table.columns, [str(cell) for cell in table.rows[0]]
    (('trial', 'rate', 'macro-F1', 'run'), ['2', '0.3', '0.6000', 'b'])
    """
    names = [word.partition("=")[0].lstrip("+") for word in next(iter(outcomes))]
    short = [name.rpartition(".")[2] for name in names]

    def row(number: int, proposal: Proposal) -> list[Cell]:
        score = outcomes[proposal].score
        values = [Cell(word.partition("=")[2]) for word in proposal]
        said = Cell("failed" if score is None else Number(score, f"{score:.4f}"))
        return [Cell(str(number)), *values, said, Cell(outcomes[proposal].folder.name)]

    def rank(item: tuple[int, Proposal]) -> float:
        score = outcomes[item[1]].score
        return 1.0 if score is None else -score

    return Table(
        name="trials",
        title=f"{len(outcomes)} trials by validation score",
        columns=("trial", *(short if len({*short}) == len(short) else names), HEADINGS.get(metric, metric), "run"),
        rows=[row(*item) for item in sorted(enumerate(outcomes, start=1), key=rank)],
    )


def _check(study: Study) -> None:
    """Refuse a study that cannot begin."""
    try:
        # Older versions have no such name.
        from optuna.distributions import FloatDistribution  # noqa: F401
    except ImportError as error:
        raise AuxtaskError("tuning needs optuna; install it with pip install 'auxtask[tune]'") from error
    for name, count in {"n_trials": study.n_trials, "n_jobs": study.n_jobs}.items():
        if count < 1:
            raise AuxtaskError(f"hydra.sweeper.{name}={count} is below 1; use 1 or more")
    if process_count() > 1:
        raise AuxtaskError(
            f"a study does not run in {process_count()} processes together; start one process, "
            "and let it run several trials at once: hydra.sweeper.n_jobs=2 hydra/launcher=joblib"
        )


def _launched(
    launcher: Launcher, fixed: Sequence[str], before: int, proposals: Sequence[Proposal]
) -> list[TrialOutcome]:
    """Run some trials, which are not the first if others ran before."""
    for number, proposal in enumerate(proposals, start=before + 1):
        print(visible(f"trial {number}: {' '.join(proposal)}"), flush=True)
    jobs = launcher.launch([[*fixed, *each] for each in proposals], initial_job_idx=before)
    return [_outcome(job) for job in jobs]


def _outcome(job: JobReturn) -> TrialOutcome:
    """Read what came of a job, and say why it failed unless the command has said it."""
    assert job.cfg is not None
    folder = run_folder(job.cfg)
    if job.status == JobStatus.FAILED:
        error = job._return_value  # the property raises it
        if not isinstance(error, SaidError):
            print(visible(f"the trial failed: {type(error).__name__}: {first_line(error)}"), flush=True)
        return TrialOutcome(None, folder)
    if job.return_value is None:
        raise AuxtaskError(
            f"a trial of this study, run '{folder}', is being computed by another process; wait for it, "
            "or let one study run several trials at once: hydra.sweeper.n_jobs=2 hydra/launcher=joblib"
        )
    return TrialOutcome(job.return_value, folder)


def _print_trials(outcomes: Mapping[Proposal, TrialOutcome], metric: str) -> None:
    """Print the table of trials, and where their runs are."""
    from rich.console import Console

    from auxtask.tables.terminal import to_terminal

    console = Console()
    table = to_terminal(trials_table(outcomes, metric), emphasized=[0])
    # Values and runs must stay whole, however narrow the terminal is.
    needed = console.measure(table, options=console.options.update(max_width=1000)).maximum
    Console(width=max(console.width, needed)).print(table)
    for folder in sorted({each.folder.parent for each in outcomes.values()}):
        print(visible(f"runs: {folder}"))
