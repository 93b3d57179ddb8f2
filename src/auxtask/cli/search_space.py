"""Where a study searches: overrides in Optuna's terms, without what would change nothing in the run at hand."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from auxtask.cli.checks import OptionError, check_options
from auxtask.cli.command import plain
from auxtask.cli.planning import method_name
from auxtask.cli.resolving import with_mask_rate
from auxtask.errors import AuxtaskError, first_line
from auxtask.runs.identity import result_settings

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

# What no study may search, and why.
NOT_SEARCHED = {
    "seed": "the luckiest would win; tune with one seed, then train the best with several",
    "dataset*": "scores of other documents are no measure of a setting; give each data set a study of its own",
    "aux": "a study tunes one method; give each a study of its own",
    "baseline": "a study tunes one method; give each a study of its own",
    "trainer.metric": "trials are ranked by it; choose one",
}


@dataclass(frozen=True)
class SearchSpace:
    """What the trials of a study share, and what each sets.

    Args:
        fixed: overrides that all share, as they were typed.
        searched: what is searched, by names of options.
        idle: what the study's own search space names beside it, which would change nothing.
    """

    fixed: Sequence[str]
    searched: Mapping[str, "BaseDistribution"]
    idle: Sequence[str]

    @classmethod
    def of(cls, runs: "Runs", own: Mapping[str, str], arguments: Sequence[str]) -> "SearchSpace":
        """Split the options of a study.

        Args:
            runs: composes the configs of its trials.
            own: options of the study itself, values or what they are searched in, by names.
            arguments: overrides of the command line; each takes the place of one of the study's own.

        Raises:
            AuxtaskError: something that was typed cannot be searched, or changes nothing; or nothing is searched.
        """
        parser = OverridesParser.create(config_loader=runs.loader)
        typed = {each.get_key_element(): each for each in parser.parse_overrides(list(arguments))}
        preset = parser.parse_overrides([f"{name}={values}" for name, values in own.items()])
        chosen = typed | {name: each for each in preset if (name := each.get_key_element()) not in typed}
        fixed = [str(each.input_line) for each in chosen.values() if not each.is_sweep_override()]
        searched = {name: each for name, each in chosen.items() if each.is_sweep_override()}
        for name, override in searched.items():
            for pattern, reason in NOT_SEARCHED.items():
                if fnmatchcase(name, pattern):
                    raise AuxtaskError(f"{override.input_line} cannot be searched: {reason}")
        space = {name: distribution(override) for name, override in searched.items()}
        idle = [name for name in space if not _counts(runs, name, space, fixed, is_typed=name in typed)]
        for name in idle:
            if name in typed:
                method = method_name(runs.config(fixed))
                raise AuxtaskError(f"{typed[name].input_line} changes nothing with {method}; leave it out")
        space = {name: kind for name, kind in space.items() if name not in idle}
        if not space:
            raise AuxtaskError("nothing is searched; use for example 'trainer.weight_decay=interval(0, 0.1)'")
        return cls(fixed, space, idle)


class Runs:
    """The configs of the runs of a study.

    Args:
        loader: of configs.
        master: the config of the whole study.
    """

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        self.loader = loader
        self.master = master
        self._settings: dict[tuple[str, ...], dict[str, Any]] = {}

    def config(self, overrides: Sequence[str]) -> DictConfig:
        """Compose the config of a run."""
        whole = self.loader.load_sweep_config(self.master, list(overrides))
        return OmegaConf.masked_copy(whole, [str(name) for name in whole if name != "hydra"])

    def settings(self, *overrides: str) -> dict[str, Any]:
        """Give all that can change the result of a run, whose options are checked."""
        if overrides not in self._settings:
            config = self.config(overrides)
            check_options("train", config)
            self._settings[overrides] = result_settings(plain(with_mask_rate(config)))
        return self._settings[overrides]


def distribution(override: Override) -> "BaseDistribution":
    """Say in Optuna's terms what an override searches.

    Args:
        override: a choice, a range or an interval; `tag(log, interval(...))` searches the logarithm.

    Returns:
        Whole numbers where both ends are; a range ends before its stop, as it does in every sweep; the values of a
        choice are text, as it is typed.

    Raises:
        AuxtaskError: there is no such range.

    >>> parser = OverridesParser.create()
    >>> distribution(parser.parse_override("trainer.num_train_epochs=range(4,21,4)"))
    IntDistribution(high=20, log=False, low=4, step=4)
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    value: Any = override.value()
    try:
        if override.is_interval_sweep():
            whole = isinstance(value.start, int) and isinstance(value.end, int)
            interval = IntDistribution if whole else FloatDistribution
            return interval(value.start, value.end, log="log" in value.tags)
        texts = list(override.sweep_string_iterator())
        if not override.is_range_sweep() or value.shuffle:
            return CategoricalDistribution(texts)
        low, *_, high = sorted([*map(float, texts), float(texts[0])])
        if all(isinstance(each, int) for each in (value.start, value.stop, value.step)):
            return IntDistribution(int(low), int(high), step=abs(value.step))
        return FloatDistribution(low, high, step=abs(value.step))
    except (ValueError, IndexError) as error:
        raise AuxtaskError(f"{override.input_line} cannot be searched: {first_line(error)}") from error


def as_typed(value: Any, kind: "BaseDistribution") -> str:
    """Write a proposed value as the command line takes it: of a rate, three digits say enough.

    >>> from optuna.distributions import FloatDistribution, IntDistribution
    >>> as_typed(0.000123456, FloatDistribution(1e-5, 1e-3)), as_typed(8, IntDistribution(4, 20))
    ('0.000123', '8')
    """
    if not isinstance(value, float):
        return str(value)
    if getattr(kind, "step", None) is not None:
        return repr(round(value, 10))
    return repr(min(max(float(f"{value:.3g}"), kind.low), kind.high))


def _counts(
    runs: Runs, name: str, space: Mapping[str, "BaseDistribution"], fixed: Sequence[str], is_typed: bool
) -> bool:
    """Tell whether the values of an option make different runs, beside each choice of the groups searched."""
    values = _tried(space[name])
    for beside in _beside(runs, name, space):
        # What is wrong without the option is another matter.
        without = runs.settings(*fixed, *beside)
        differ = (runs.settings(*fixed, *beside, f"{name}={value}") != without for value in values)
        try:
            # Of what was typed, each end is checked.
            counts = any([*differ] if is_typed else differ) or len(values) == 1
        except (HydraException, OptionError):
            if is_typed:
                raise
            return False
        if not counts:
            return False
    return True


def _beside(runs: Runs, name: str, space: Mapping[str, "BaseDistribution"]) -> Iterator[tuple[str, ...]]:
    """A weighting may lack an option that another has: all choices of the other groups that are searched."""
    groups = [other for other in space if other != name and runs.loader.get_group_options(other)]
    return itertools.product(*([f"{group}={each}" for each in _tried(space[group])] for group in groups))


def _tried(kind: "BaseDistribution") -> list[str]:
    """The ends of an interval, or all choices, as they are typed."""
    values = kind.choices if hasattr(kind, "choices") else [kind.low, kind.high]
    return [as_typed(value, kind) for value in dict.fromkeys(values)]
