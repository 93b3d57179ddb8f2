"""What a run is called: everything that can change its result, as 12 digits."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

# What leaves every figure as it is: where things lie, what is logged, and the hardware. The data set's own
# settings are left out too, since its fingerprint says what came of them.
NOT_PART_OF_A_RUN = re.compile(
    r"paths|dataset|force|report_to|logging_\w+|log_\w+|disable_tqdm|run_name|dataloader_(?!drop_last)\w+|save_total_limit"
    r"|use_cpu|eval_accumulation_steps|per_device_eval_batch_size"
)


def run_id(config: Mapping[str, Any], fingerprints: Mapping[str, Any]) -> str:
    """Name a run by everything that can change its result.

    Args:
        config: the resolved config as plain nested dicts.
        fingerprints: hashes or versions of what the config only names, the data and the model.

    Returns:
        12 hexadecimal digits: equal for configs that differ in paths, logging and hardware alone.

    >>> run_id({"seed": 0, "paths": {"runs": "a"}}, {}) == run_id({"seed": 0, "paths": {"runs": "b"}}, {})
    True
    """
    content = {"config": result_settings(config), "fingerprints": dict(fingerprints)}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def result_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Keep of a config what can change the result of its run.

    Args:
        config: nested dicts.

    Returns:
        The same without paths, logging, hardware and the data set's own settings, at every depth.

    >>> result_settings({"seed": 0, "force": True, "trainer": {"max_steps": 9, "logging_steps": 5}})
    {'seed': 0, 'trainer': {'max_steps': 9}}
    """
    return {
        key: result_settings(value) if isinstance(value, Mapping) else value
        for key, value in config.items()
        if not NOT_PART_OF_A_RUN.fullmatch(str(key))
    }
