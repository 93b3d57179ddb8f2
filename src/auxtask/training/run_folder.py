"""A run on disk: its name by content, its files, its lock, and what is left to do."""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from auxtask.errors import AuxtaskError
from auxtask.processes import is_main_process

# What leaves every figure as it is: where things lie, what is logged, and the hardware. The data set's own
# settings are left out too, since its fingerprint says what came of them.
NOT_PART_OF_A_RUN = re.compile(
    r"paths|dataset|force|report_to|logging_\w+|log_\w+|disable_tqdm|run_name|dataloader_(?!drop_last)\w+|save_total_limit"
    r"|use_cpu|eval_accumulation_steps|per_device_eval_batch_size"
)

SCORES = ("micro_f1", "macro_f1", "accuracy")


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


def checked_metrics(text: str) -> dict[str, Any]:
    """Read the content of a `metrics.json` and check that a run can have come to it.

    Args:
        text: the file's.

    Returns:
        Its fields. Every number is finite; scores are in [0, 1], and macro-F1 is the mean of those of the
        classes; steps and seconds are no less than 0.

    Raises:
        ValueError: the text is no such object; its message says why.

    >>> checked_metrics('{"status": "finished", "test": {"micro_f1": NaN}}')
    Traceback (most recent call last):
    ValueError: it holds NaN
    """
    metrics = json.loads(text, parse_constant=_refuse_constant)
    if not isinstance(metrics, dict):
        raise ValueError("not a JSON object")
    if metrics.get("status") != "finished":
        raise ValueError(f"status {metrics.get('status')!r}")
    try:
        scores = {f"{split}.{name}": metrics[split][name] for split in ("test", "valid") for name in SCORES}
        scores |= {f"per_class.{label}.f1": each["f1"] for label, each in metrics["per_class"].items()}
        amounts = {name: metrics[name] for name in ("steps", "best_step")}
        amounts |= {f"seconds.{stage}": value for stage, value in metrics["seconds"].items()}
        amounts |= {f"per_class.{label}.support": each["support"] for label, each in metrics["per_class"].items()}
        for name, value in scores.items():
            if not (isinstance(value, int | float) and 0 <= value <= 1):
                raise ValueError(f"{name} is {value!r}, no number from 0 to 1")
        for name, value in amounts.items():
            if not (isinstance(value, int | float) and value >= 0):
                raise ValueError(f"{name} is {value!r}, no number from 0 on")
        if metrics["best_step"] > metrics["steps"]:
            raise ValueError(f"its best step is {metrics['best_step']} of {metrics['steps']}")
        of_classes = [each["f1"] for each in metrics["per_class"].values()]
        if abs(metrics["test"]["macro_f1"] - sum(of_classes) / len(of_classes)) > 1e-6:
            raise ValueError("its macro-F1 is not the mean over its classes")
    except KeyError as error:
        raise ValueError(f"it has no {error}") from None
    except (TypeError, AttributeError, ZeroDivisionError) as error:
        raise ValueError(f"foreign ({error})") from None
    return metrics


def _refuse_constant(name: str) -> float:
    raise ValueError(f"it holds {name}")


class RunHeldError(AuxtaskError):
    """A run is being computed by another process."""


class RunFolder:
    """The files of one run.

    Args:
        path: `runs/DATASET/MODEL/AUX/RUN_ID`; made where missing once the run is locked.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.checkpoints = self.path / "checkpoints"
        self.model = self.path / "model"

    @property
    def metrics(self) -> dict[str, Any] | None:
        """The content of `metrics.json`; None unless the run is finished and what the file says can be true."""
        try:
            return checked_metrics((self.path / "metrics.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process; the system lets go of it when the process ends, however it ends.

        Of the processes of one run, the main one holds it for all.

        Raises:
            RunHeldError: another living process holds it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        if not is_main_process():
            yield
            return
        lock = FileLock(self.path / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise RunHeldError(
                f"run '{self.path}' is being computed by another process; wait for it or stop it"
            ) from error
        try:
            yield
        except AuxtaskError:
            # Bad input that ends a run before its first checkpoint leaves no run behind.
            if not self.checkpoints.exists() and self.metrics is None:
                shutil.rmtree(self.path)
            raise
        finally:
            lock.release()

    def clear(self) -> None:
        """Remove what an earlier computation of the run has left, all but the lock."""
        for entry in self.path.iterdir():
            if entry.name != ".lock":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
