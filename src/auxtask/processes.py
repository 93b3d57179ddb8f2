"""Which of the processes of a run this is: `accelerate launch` and `torchrun` say so in the environment."""

import os


def is_main_process() -> bool:
    """Tell whether this process is the one that writes and prints.

    >>> is_main_process()
    True
    """
    return int(os.environ.get("RANK", "0")) == 0
