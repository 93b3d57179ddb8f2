"""The settings of a run: the fields of its config by their dotted names, and its classes by short ones."""

from collections.abc import Mapping
from typing import Any

from auxtask.ground.nesting import flatten

# Ends the name of the setting that says which class builds a part; the part's other settings are that class's own.
CLASS_FIELD = ".class"
# Packages with a class a file, which has the name of the option on the command line.
OPTION_FILES = ("auxtask.training.weighting.", "auxtask.training.losses.")


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
    """Name a class or function of ours by its option, or else by its last name; any other by its path.

    >>> class_name("auxtask.training.weighting.gradnorm.GradNorm"), class_name("auxtask.tasks.masking.MaskingTask")
    ('gradnorm', 'MaskingTask')
    """
    if path.startswith(OPTION_FILES):
        return path.split(".")[-2]
    return path.rpartition(".")[2] if path.startswith("auxtask.") else path
