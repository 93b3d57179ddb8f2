"""Whether the Hugging Face hub answers, asked once: its libraries ask for half a minute, in silence."""

import os
import sys
from functools import cache

from auxtask.ground.machine import is_main_process


@cache
def ask_hub() -> bool:
    """Ask the hub once a process whether it answers; where it does not, its libraries read their cache alone.

    Any answer will do, an error page too. One that takes too long is no refusal: the libraries then go on with
    their own patience. `HF_HUB_OFFLINE=1` leaves the question out.

    Returns:
        Whether the libraries may use the network.
    """
    # Imported here because a model in a local folder does without.
    from huggingface_hub import constants, get_session

    if constants.is_offline_mode():
        return False
    try:
        get_session().head(constants.ENDPOINT, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    except Exception as error:  # Of whichever HTTP library it uses.
        if "Timeout" in type(error).__name__:
            _say(f"the hub ({constants.ENDPOINT}) is slow to answer; waiting for it")
            return True
        _say(f"the hub ({constants.ENDPOINT}) cannot be reached; looking in its cache on this machine")
        _stay_offline()
        return False
    return True


def _stay_offline() -> None:
    """Tell the libraries that are loaded, and through the environment those to come and other processes."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    for module in ("huggingface_hub.constants", "datasets.config"):
        if module in sys.modules:
            sys.modules[module].HF_HUB_OFFLINE = True  # type: ignore[attr-defined]


def _say(line: str) -> None:
    if is_main_process():
        print(line, file=sys.stderr, flush=True)
