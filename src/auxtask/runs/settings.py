"""The settings of a run: the fields of its config by their dotted names, and its classes by short ones."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from auxtask.ground.files import config_folder
from auxtask.ground.nesting import flatten

# Ends the name of the setting that says which class builds a part; the part's other settings are that class's own.
CLASS_FIELD = ".class"
# Groups whose options people know by the option's name and not by its class.
KNOWN_BY_OPTION = ("weighting", "loss")


def named_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Name every field of a config by its way through it, and the class that builds a part `PART.class`.

    Args:
        config: nested dicts, as a `config.yaml` has them.

    Returns:
        One mapping, in the order of the config; classes go by short names, which moving a file does not change.

    >>> named_settings({"aux": {"rtm": {"_target_": "auxtask.tasks.masking.MaskingTask", "mask_rate": 0.15}}})
    {'aux.rtm.class': 'MaskingTask', 'aux.rtm.mask_rate': 0.15}
    """
    settings: dict[str, Any] = {}
    for name, value in flatten(config, ".").items():
        part = name.removesuffix("._target_")
        settings |= {name: value} if part == name else {f"{part}{CLASS_FIELD}": class_name(value)}
    return settings


def class_name(path: str) -> str:
    """Shorten the path of a class or function of auxtask's to its name, which no other has.

    >>> class_name("auxtask.training.weighting.static.StaticWeighting"), class_name("mine.Weighting")
    ('StaticWeighting', 'mine.Weighting')
    """
    return path.rpartition(".")[2] if path.startswith("auxtask.") else path


@cache
def option_names() -> dict[str, str]:
    """Name the options of the command line that build the weightings and losses, by their classes.

    >>> option_names()["MetaWeighting"], option_names()["FocalLoss"]
    ('meta', 'focal')
    """
    names: dict[str, str] = {}
    for group in KNOWN_BY_OPTION:
        for path in sorted((config_folder() / group).glob("*.yaml")):
            fields = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
            if "_target_" in fields:
                names.setdefault(class_name(fields["_target_"]), path.stem)
    return names
