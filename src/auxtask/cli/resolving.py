"""What a config of `auxtask.train` means on this machine: no `auto`, and each mask rate at its task."""

import copy

from omegaconf import DictConfig, OmegaConf, open_dict

from auxtask.model.precision import remembered_bf16_is_fast

# What `auto` means where bfloat16 is faster than float32, and where it is not.
AUTOMATIC = {
    "trainer.bf16": (True, False),
    "trainer.last_stage.bf16": (True, False),
    "adaptation.trainer.bf16": (True, False),
    "scoring.dtype": ("bfloat16", "float32"),
    "baseline.dtype": ("bfloat16", "float32"),
}


def resolved(config: DictConfig) -> DictConfig:
    """Put in the place of every `auto` what it means on this machine; a run is named by that.

    Args:
        config: of `auxtask.train`.

    Returns:
        A copy without `auto`, and with the mask rate of all tasks at each of them.
    """
    config = with_mask_rate(config)
    if not automatic(config):
        return config
    return _with_precision(config, remembered_bf16_is_fast(config.paths.cache))


def either_precision(config: DictConfig) -> list[DictConfig]:
    """Give all that a config can mean on some machine, this one's meaning first."""
    config = with_mask_rate(config)
    if not automatic(config):
        return [config]
    here = remembered_bf16_is_fast(config.paths.cache)
    return [_with_precision(config, here), _with_precision(config, not here)]


def with_mask_rate(config: DictConfig) -> DictConfig:
    """Give the mask rate of all masking tasks to each of them: a run has one name, however its rate is set.

    >>> config = OmegaConf.create({"mask_rate": 0.3, "aux": {"rtm": {"masking": {"mask_rate": 0.15}}}})
    >>> with_mask_rate(config)
    {'mask_rate': None, 'aux': {'rtm': {'masking': {'mask_rate': 0.3}}}}
    """
    rate = config.get("mask_rate")
    if rate is None:
        return config
    config = copy.deepcopy(config)
    for task in config.aux.values():
        if "masking" in task:
            with open_dict(task.masking):
                task.masking.mask_rate = rate
    config.mask_rate = None
    return config


def automatic(config: DictConfig) -> list[str]:
    """List the options of a config that are `auto`."""
    return [option for option in AUTOMATIC if OmegaConf.select(config, option) == "auto"]


def _with_precision(config: DictConfig, bf16_is_fast: bool) -> DictConfig:
    config = copy.deepcopy(config)
    for option in automatic(config):
        fast, slow = AUTOMATIC[option]
        OmegaConf.update(config, option, fast if bf16_is_fast else slow)
    return config
