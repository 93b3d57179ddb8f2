"""What a run is called: everything that can change its result, as 12 digits."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from auxtask.ground.files import folder_name
from auxtask.runs.settings import named_settings

# Counted up when the rules below change, so that no run of other rules is taken for one of these.
RULES = 2
# What leaves every figure as it is: where things lie, and whether a finished run is computed again. Data and texts
# have their fingerprints in place of their settings, but for how documents are drawn from them.
OUTSIDE = re.compile(
    r"force|paths(\..*)?|dataset(\.(?!(train_fraction|split|fold|resplit|group_column)$).*)?"
    r"|adaptation\.(texts|text_column)|unlabelled\.(?!ratio).*"
)
# Files that an option may name, which has their fingerprint in its place then.
GENERAL_TEXT = re.compile(r"(aux|adaptation\.masking)\.[^.]+\.annotate\.general")
# The same of logging and hardware, right below the settings of a trainer.
LOGGING_AND_HARDWARE = re.compile(
    r"(adaptation\.)?trainer\.(last_stage\.)?(report_to|logging_\w+|log_\w+|disable_tqdm|run_name|dataloader_(?!drop_last)\w+"
    r"|save_total_limit|gradient_documents|use_cpu|eval_accumulation_steps|per_device_eval_batch_size)(\..*)?"
)
# A batch on each process, as a trainer has it, and the batch of all processes together, which is what counts.
BATCH_OF_A_PROCESS, BATCH = ".per_device_train_batch_size", ".train_batch_size"
# Groups that do not reach a baseline, and those that mean nothing without an auxiliary task.
UNUSED_BY_BASELINES = ("aux", "weighting", "scoring", "loss", "adapter", "adaptation", "unlabelled", "callbacks")
UNUSED_ALONE = ("weighting", "scoring")
# An option that came later stands here with what was in effect before it: at that value it changes no id. A star
# stands for any part of the name.
ORIGINAL_VALUES = {
    "dataset.train_fraction": 1,
    "dataset.split": None,
    "dataset.fold": None,
    "dataset.resplit": None,
    "dataset.group_column": None,
    "scoring.words": None,
    "aux.*.decoder": "tied",
    "aux.*.annotate": None,
    "aux.*.relabel": None,
    "trainer.main_mask": 0,
    "trainer.main_mask_replace_prob": 1.0,
    "trainer.main_rows": None,
    "trainer.main_clean": 0,
    "trainer.task_every": 1,
    "weighting.dev_head": "fresh",
    "weighting.through_softmax": False,
    "weighting.meta_share": 0,
}
# libyaml reads a config some ten times faster than PyYAML alone.
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class RunIdentity:
    """What tells a run from every other; runs that agree in all of it have the same figures on a machine.

    Args:
        dataset, model, method: names, as in the path of its folder.
        seed: of the run.
        settings: by dotted paths, all else that can change the result (`result_settings`).
        fingerprints: hashes or versions of what the settings only name, the data and the model.

    >>> first = RunIdentity("docstrings", "tiny", "stl", 0, {"model.max_length": 128}, {})
    >>> first.run_id == RunIdentity("docstrings", "tiny", "stl", 1, {"model.max_length": 128}, {}).run_id
    False
    """

    dataset: str
    model: str
    method: str
    seed: int
    settings: Mapping[str, Any]
    fingerprints: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        config: Mapping[str, Any],
        fingerprints: Mapping[str, Any],
        names: tuple[str, str, str],
        processes: int = 1,
    ) -> "RunIdentity":
        """Read the identity off a resolved config.

        Args:
            config: nested dicts, without `auto`.
            fingerprints: of data and model.
            names: of data set, model and method.
            processes: that train together.
        """
        return cls(*names, int(config["seed"]), result_settings(config, processes), dict(fingerprints))

    @classmethod
    def of_folder(cls, path: str | Path, config: Mapping[str, Any] | None = None) -> "RunIdentity":
        """Read the identity off the files of a run, wherever its folder lies now.

        Args:
            path: `.../DATASET/MODEL/METHOD/RUN_ID`.
            config: what `config.yaml` holds, or is to hold; None to read it.

        Raises:
            FileNotFoundError, ValueError, KeyError: `config.yaml` or `environment.json` is missing or foreign.
        """
        path = Path(path)
        if config is None:
            config = yaml.load((path / "config.yaml").read_text(encoding="utf-8"), YAML_LOADER)
        environment = json.loads((path / "environment.json").read_text(encoding="utf-8"))
        names = path.parts[-4:-1]
        return cls.of(config, environment["fingerprints"], names, environment.get("processes", 1))  # type: ignore[arg-type]

    @property
    def run_id(self) -> str:
        """12 hexadecimal digits."""
        content = {
            "settings": {**self.settings, "seed": self.seed},
            "fingerprints": self.fingerprints,
            "rules": RULES,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]

    def path(self, runs: str | Path) -> Path:
        """Give the run's folder below a folder of runs.

        Raises:
            AuxtaskError: a name cannot be that of a folder.
        """
        names = (
            folder_name("dataset.name", self.dataset),
            folder_name("model.name", self.model),
            folder_name("the method", self.method),
        )
        return Path(runs, *names, self.run_id)


def result_settings(config: Mapping[str, Any], processes: int = 1) -> dict[str, Any]:
    """Keep of a config what can change the result of its run, but for the seed.

    A class of auxtask's goes by its name, which no other has, so that its module may move. A batch counts as what
    all processes take together. What the method does not read is absent, as is a group that is empty.

    Args:
        config: nested dicts, without `auto`.
        processes: that train together.

    Returns:
        Values by dotted paths.

    >>> config = {"seed": 0, "force": True, "aux": {}, "trainer": {"max_steps": 9, "logging_steps": 5}}
    >>> result_settings(config)
    {'trainer.max_steps': 9}
    >>> result_settings({"loss": {"_target_": "auxtask.training.losses.focal.FocalLoss", "gamma": 2.0}})
    {'loss.class': 'FocalLoss', 'loss.gamma': 2.0}
    """
    unused: Sequence[str] = ()
    if config.get("baseline"):
        unused = UNUSED_BY_BASELINES
    elif not config.get("aux"):
        # An adaptation may mask by likelihoods.
        unused = UNUSED_ALONE[:1] if config.get("adaptation") else UNUSED_ALONE
    groups = {name: value for name, value in config.items() if name not in unused and value not in (None, {})}
    settings: dict[str, Any] = {}
    for name, value in named_settings(groups).items():
        if name == "seed" or OUTSIDE.fullmatch(name) or LOGGING_AND_HARDWARE.fullmatch(name):
            continue
        if GENERAL_TEXT.fullmatch(name) and value is not None:
            continue
        if any(fnmatchcase(name, option) and value == before for option, before in ORIGINAL_VALUES.items()):
            continue
        if name.startswith(("trainer.", "adaptation.trainer.")) and name.endswith(BATCH_OF_A_PROCESS):
            name, value = name.removesuffix(BATCH_OF_A_PROCESS) + BATCH, value * processes
        settings[name] = value
    return settings
