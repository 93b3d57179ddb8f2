"""The sweeper of `+sweep=tune`, in the one place where Hydra looks for plugins.

Every Hydra command of an environment loads this file: it loads little, nothing of auxtask before a study begins.
"""

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf


class OptunaSweeper(Sweeper):
    """Lets Optuna propose what each trial of a study tries; see `auxtask.cli.study`.

    Args:
        n_trials: in all, those of an earlier call of the same line among them, at least 1.
        n_jobs: proposed at once, for a launcher that runs several, at least 1.
        seed: of the proposals.
        params: values of options, or what they are searched in, in Hydra's grammar of sweeps.
    """

    # There once Hydra has set the sweeper up.
    config: DictConfig
    launcher: Launcher

    def __init__(self, n_trials: int, n_jobs: int, seed: int, params: DictConfig) -> None:
        self.n_trials = n_trials
        self.n_jobs = n_jobs
        self.seed = seed
        self.params = {str(name): str(values) for name, values in params.items()}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take what Hydra has composed."""
        self.config = config
        self.config_loader = hydra_context.config_loader
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        """Run the study."""
        from auxtask.cli.study import run_study

        run_study(self, arguments)


@dataclass
class OptunaSweeperConfig:
    """What `hydra.sweeper` holds."""

    _target_: str = "hydra_plugins.auxtask_optuna.OptunaSweeper"
    n_trials: int = 20
    n_jobs: int = 1
    seed: int = 0
    params: dict[str, Any] = field(default_factory=dict)


ConfigStore.instance().store(
    group="hydra/sweeper", name="auxtask_optuna", node=OptunaSweeperConfig, provider="auxtask"
)
# Rates are searched around that of the model: ${auxtask.times:${model.learning_rate},4}.
OmegaConf.register_new_resolver("auxtask.times", lambda value, factor: f"{value * factor:g}", replace=True)
