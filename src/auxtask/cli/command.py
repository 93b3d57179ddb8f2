"""What the commands share: they find their configs, and turn a user's mistake into one line and an exit code."""

import errno
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, InstantiationException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from auxtask.cli.checks import OptionError, check_options
from auxtask.cli.command_line import prepared, with_suggestion
from auxtask.cli.command_options import OPTIONS, help_table
from auxtask.cli.kinds import NULL
from auxtask.cli.options import FOLDER
from auxtask.errors import AuxtaskError
from auxtask.ground.escaping import visible
from auxtask.ground.files import check_folder, config_folder
from auxtask.ground.machine import keep_freed_memory
from auxtask.ground.termination import TerminatedError, raised_on_sigterm


def run_command(config_name: str, task: Callable[[DictConfig], object]) -> None:
    """Run a command under Hydra; bad input ends in one line on standard error.

    Args:
        config_name: the primary config in `config_folder()`, without its ending.
        task: the command's body; it gets the composed config, and what it gives, a sweeper gets.

    Raises:
        SystemExit: with 2 if the command line makes no config (an unknown or missing name, a value of another
            type), 1 if a value is out of range or the input is wrong, 130 if interrupted, 143 if terminated.
    """
    # Without this, Hydra reports errors over many lines; here they are caught and said in one.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    quiet_libraries()
    keep_freed_memory()

    def guarded(config: DictConfig) -> object:
        try:
            check_options(config_name, config)
            _check_folders(config_name, config)
            return task(config)
        except Exception as error:
            said = _explained(error)
            if said is None:
                raise
            message, code = said
            _say(message)
            # A sweep goes on with its other runs; Hydra raises the first error at its end.
            raise (SaidError(code) if in_sweep() else SystemExit(code)) from None

    typed = list(sys.argv[1:])
    try:
        with raised_on_sigterm():
            sys.argv[1:] = prepared(typed)
            hydra.main(version_base="1.3", config_path=str(config_folder()), config_name=config_name)(guarded)()
    except SystemExit as stop:
        if stop.code == 0 and {"--help", "-h"} & {*typed}:
            print(help_table(config_name))
        raise
    except SaidError as error:
        raise SystemExit(error.code) from None
    except KeyboardInterrupt:
        _say("interrupted; the same command goes on from the last checkpoint")
        raise SystemExit(130) from None
    except TerminatedError:
        _say("terminated; the same command goes on from what is saved")
        raise SystemExit(143) from None
    except Exception as error:
        # What Hydra met before or beside the command's body.
        said = _explained(error)
        if said is None:
            raise
        message, code = said
        if isinstance(error, HydraException):
            message = with_suggestion(message, config_name, typed)
        _say(message)
        raise SystemExit(code) from None


def in_sweep() -> bool:
    """Tell whether this run is one of several that Hydra launches."""
    return HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN


def in_search() -> bool:
    """Tell whether this run is one of a sweep that looks for the best and does not know its runs beforehand."""
    return in_sweep() and is_search(HydraConfig.get().sweeper._target_)


def is_search(sweeper: str) -> bool:
    """Tell whether a sweeper chooses its next runs by what came of the last ones.

    Args:
        sweeper: the path of its class.

    >>> is_search("hydra._internal.core_plugins.basic_sweeper.BasicSweeper")
    False
    """
    return not sweeper.endswith(".BasicSweeper")


@contextmanager
def left_out_if_it_fails(what: str) -> Iterator[None]:
    """Let the failure of something beside the point end in one line on standard error.

    >>> import contextlib, io
    >>> with contextlib.redirect_stderr(io.StringIO()) as said, left_out_if_it_fails("the picture is left out"):
    ...     raise OverflowError("too wide")
    >>> said.getvalue()
    'the picture is left out: OverflowError: too wide\\n'
    """
    try:
        yield
    except Exception as error:
        said = _explained(error)
        reason = said[0] if said else f"{type(error).__name__}: {error}"
        sys.stdout.flush()
        print(visible(f"{what}: {_one_line(reason)}"), file=sys.stderr)


class SaidError(Exception):
    """An error that was said in its line, with the exit code it deserves."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def _explained(error: Exception) -> tuple[str, int] | None:
    """Say a user's mistake in one line, with its exit code; None for what is a mistake of ours."""
    match error:
        case OptionError():
            return str(error), error.code
        case AuxtaskError():
            return str(error), 1
        case InstantiationException():
            # Hydra's wrapping of what a reader, a task or a weighting had to say.
            cause = error.__cause__ or error
            return str(cause), 1 if isinstance(cause, AuxtaskError) else 2
        case HydraException() | OmegaConfBaseException():
            return _config_message(error), 2
        case _ if _disk_is_full(error):
            return "the disk is full; free some space or move paths.runs and paths.cache, then run it again", 1
        case OSError() if error.errno in _PLACES:
            place = f"'{error.filename}'; choose another folder for paths.runs, paths.cache or what is written"
            return f"{error.strerror}: {place}", 1
    return None


# What the system says of a place where it lets nothing be written.
_PLACES = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR),
    *(errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP),
}


def _check_folders(command: str, config: DictConfig) -> None:
    """Refuse a file where a folder belongs, before any work is done."""
    folders = [option.name for option in OPTIONS[command] if option.kind in (FOLDER, FOLDER | NULL)]
    for name in folders:
        if (folder := OmegaConf.select(config, name)) is not None:
            check_folder(name, folder)


def plain(config: DictConfig) -> dict[str, Any]:
    """Resolve a config into nested dicts, lists and numbers, as everything under the commands takes them.

    Args:
        config: any node with named fields.

    Returns:
        Its content.

    Raises:
        MissingMandatoryValue: a field is still `???`.

    >>> from omegaconf import OmegaConf
    >>> plain(OmegaConf.create({"a": 1, "b": {"c": "${a}"}}))
    {'a': 1, 'b': {'c': 1}}
    """
    return cast(dict[str, Any], OmegaConf.to_container(config, resolve=True, throw_on_missing=True))


def quiet_libraries() -> None:
    """Leave the terminal to auxtask's own lines: libraries speak up for errors alone."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
    # A figure shows a box for it; the page's own copy of the figure has the letter.
    warnings.filterwarnings("ignore", message="Glyph .* missing from font")
    # Those that are loaded are told, those that may still come read the environment: a report needs neither.
    os.environ |= {"TRANSFORMERS_VERBOSITY": "error"} | dict.fromkeys(
        ("HF_HUB_DISABLE_PROGRESS_BARS", "HF_DATASETS_DISABLE_PROGRESS_BARS"), "1"
    )
    # transformers takes its bars' switch from this one: where it is loaded and transformers is not, it counts.
    if huggingface_hub := sys.modules.get("huggingface_hub"):
        huggingface_hub.utils.disable_progress_bars()
    if transformers := sys.modules.get("transformers"):
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
    if datasets := sys.modules.get("datasets"):
        datasets.disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)


def _config_message(error: Exception) -> str:
    """Keep what Hydra says about the mistake; leave its search path and its inner error out."""
    message = str(error).split("\nConfig search path:")[0].split("\nKey '")[0]
    return message.replace(":\n\t", ": ")


def _disk_is_full(error: BaseException | None) -> bool:
    """Tell whether a failed write is at the bottom of it; torch and safetensors raise errors of their own."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            return True
        if any(
            words in str(error) for words in ("No space left on device", "File too large", "PytorchStreamWriter")
        ):
            return True
        error = error.__cause__ or error.__context__
    return False


def _say(message: str) -> None:
    sys.stdout.flush()
    print(visible(f"error: {_one_line(message)}"), file=sys.stderr)


def _one_line(message: str) -> str:
    return "; ".join(part.strip() for part in message.splitlines() if part.strip())
