"""Run folders as values: what a report needs of them, and which of their files cannot be read."""

import json
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from tqdm import tqdm

from auxtask.errors import AuxtaskError
from auxtask.ground.nesting import flatten
from auxtask.runs.identity import YAML_LOADER, RunIdentity, result_settings
from auxtask.runs.metrics import METRICS, REPORTED, checked_metrics
from auxtask.runs.settings import named_settings

SEED_LINE = re.compile(r"^seed: (\d+)$", re.MULTILINE)
# What a run folder may hold; anything else in it is named as foreign.
KNOWN = {
    *("config.yaml", "metrics.json", "history.jsonl", "predictions.jsonl", "environment.json"),
    *("model", "checkpoints", ".lock", ".model"),
}


@dataclass(frozen=True)
class Predictions:
    """What a run predicted for the test documents.

    Args:
        labels: the gold classes, (documents,), indices into `class_names`.
        predicted: the predicted classes, (documents,), likewise.
        class_names: the classes, sorted.
    """

    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """A finished run.

    Args:
        path: of its folder, below the runs folder.
        dataset, model, method: from its path.
        seed: of the run.
        settings: everything but the seed that can change its result: the config's fields by their dotted names, as
            from `named_settings`, and the fingerprints of data and model.
        data_settings: where its data came from, likewise; they are no part of `settings`, where the fingerprint of
            the data stands for them.
        scores: test scores by metric, in [0, 1].
        scores_without_copies: likewise, of the test documents whose text is in neither train nor valid; None where
            there are none, or nobody counted.
        test_repeats: test documents of equal text, their numbers; empty where there are none, or nobody counted.
        valid_scores: validation scores likewise, of the checkpoint that was tested.
        class_scores: `f1` and `support` of each class on the test split.
        best_step: of the checkpoint that was tested.
        steps: steps in all.
        seconds: by stage.
        history: one mapping an evaluation, as in `history.jsonl`; empty where the file is missing or broken.
        predictions: None where the file is missing or broken.
        environment: the content of `environment.json`; empty where it is missing or broken.
        adaptation: what its encoder read before fine-tuning, as in `metrics.json`; empty for a vanilla one.
        task_facts: what was known of its auxiliary tasks before training, by task, likewise.
    """

    path: str
    dataset: str
    model: str
    method: str
    seed: int
    settings: Mapping[str, Any]
    data_settings: Mapping[str, Any]
    scores: Mapping[str, float]
    scores_without_copies: Mapping[str, float] | None
    test_repeats: Sequence[Sequence[int]]
    valid_scores: Mapping[str, float]
    class_scores: Mapping[str, Mapping[str, float]]
    best_step: int
    steps: int
    seconds: Mapping[str, float]
    history: Sequence[Mapping[str, Any]]
    predictions: Predictions | None
    environment: Mapping[str, Any]
    adaptation: Mapping[str, Any]
    task_facts: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Problem:
    """A file that was left out of the report.

    Args:
        path: below the runs folder.
        reason: what is wrong with it.
    """

    path: str
    reason: str


@dataclass(frozen=True)
class RunsFolder:
    """What a runs folder holds.

    Args:
        runs: the finished ones, in the order of their paths.
        unfinished: paths of runs without `metrics.json`.
        problems: files that could not be read or do not belong there.
    """

    runs: Sequence[Run]
    unfinished: Sequence[str]
    problems: Sequence[Problem]


def read_runs(folder: str | Path) -> RunsFolder:
    """Read every run below `folder/DATASET/MODEL/METHOD/RUN_ID`; a file that cannot be read stops nothing.

    A run whose config or metrics are broken is left out; without its predictions, history or environment it stays.
    Of two runs with the same settings and seed, the second is left out: a seed counts once.

    Args:
        folder: the runs folder.

    Returns:
        The runs, and what was left out.

    Raises:
        AuxtaskError: there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise AuxtaskError(f"there is no folder '{folder}'; give the one that holds DATASET/MODEL/AUX/RUN_ID")
    runs: dict[Hashable, Run] = {}
    unfinished: list[str] = []
    problems: list[Problem] = []
    for path in tqdm(sorted(folder.glob("*/*/*/*/")), desc="Reading runs", unit="run", delay=1):
        name = path.relative_to(folder).as_posix()
        entries = {entry.name for entry in path.iterdir()}
        if "config.yaml" not in entries:
            problems.append(Problem(name, "not a run folder: it has no config.yaml"))
            continue
        problems += [Problem(f"{name}/{entry}", "not a file of a run") for entry in sorted(entries - KNOWN)]
        if "metrics.json" not in entries:
            unfinished.append(name)
            continue
        try:
            run = _read_run(path, name, problems)
        except _UnreadableError as error:
            problems.append(Problem(f"{name}/{error.file}", error.reason))
            continue
        setting = run.dataset, run.model, run.method, run.seed, repr(sorted(run.settings.items()))
        first = runs.setdefault(setting, run)
        if first is not run:
            problems.append(Problem(name, f"its settings and seed are those of {first.path}"))
    return RunsFolder(list(runs.values()), unfinished, problems)


def read_predictions(run: str | Path) -> Predictions:
    """Read what one finished run predicted for the test documents.

    Args:
        run: its folder.

    Raises:
        OSError, ValueError, KeyError: a file of it is missing or broken.
    """
    run = Path(run)
    metrics = _parse_metrics((run / "metrics.json").read_text(encoding="utf-8"))
    return _parse_predictions((run / "predictions.jsonl").read_text(encoding="utf-8"), metrics)


class _UnreadableError(Exception):
    def __init__(self, file: str, reason: str) -> None:
        self.file, self.reason = file, reason


def _read_run(path: Path, name: str, problems: list[Problem]) -> Run:
    def read(file: str, parse: Callable[[str], Any]) -> Any:
        try:
            return parse((path / file).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise _UnreadableError(file, "missing") from None
        except KeyError as error:
            raise _UnreadableError(file, f"it has no {error}") from None
        except (ValueError, TypeError, AttributeError, OSError, yaml.YAMLError) as error:
            raise _UnreadableError(file, f"truncated or foreign ({str(error).splitlines()[0]})") from None

    def read_or_name(file: str, parse: Callable[[str], Any], default: Any) -> Any:
        try:
            return read(file, parse)
        except _UnreadableError as error:
            problems.append(Problem(f"{name}/{error.file}", error.reason))
            return default

    environment = read_or_name("environment.json", _parse_object, {})
    processes = environment.get("processes", 1)
    seed, config, data = read("config.yaml", lambda text: _parse_config(text, processes))
    metrics = read("metrics.json", _parse_metrics)
    predictions = read_or_name("predictions.jsonl", lambda text: _parse_predictions(text, metrics), None)
    # What is not trained by steps has no history.
    history = (
        read_or_name("history.jsonl", lambda text: _parse_history(text, metrics), []) if metrics["steps"] else []
    )
    dataset, model, method, run_id = name.split("/")
    prints = environment.get("fingerprints", {})
    if prints and RunIdentity(dataset, model, method, seed, config, prints).run_id != run_id:
        problems.append(Problem(name, "not named by its settings; scripts/migrate_runs.py names older runs anew"))
    return Run(
        path=name,
        dataset=dataset,
        model=model,
        method=method,
        seed=seed,
        settings={**config, **flatten({"fingerprints": prints}, ".")},
        data_settings=data,
        history=history,
        predictions=predictions,
        environment=environment,
        **metrics,
    )


def _parse_config(text: str, processes: int) -> tuple[int, dict[str, Any], dict[str, Any]]:
    # Runs of one setting have equal configs but for this line; each is read once.
    seed = SEED_LINE.search(text)
    if seed is None:
        raise ValueError("no seed")
    return int(seed[1]), *_parse_settings(SEED_LINE.sub("", text, count=1), processes)


@lru_cache(maxsize=1024)
def _parse_settings(text: str, processes: int) -> tuple[dict[str, Any], dict[str, Any]]:
    config = yaml.load(text, YAML_LOADER)
    return result_settings(config, processes), named_settings({"dataset": config.get("dataset") or {}})


def _parse_object(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _parse_metrics(text: str) -> dict[str, Any]:
    value = checked_metrics(text)
    own = value.get("test_without_copies")
    return {
        "scores": {metric: float(value["test"][metric]) for metric in REPORTED},
        "scores_without_copies": {metric: float(own[metric]) for metric in REPORTED} if own else None,
        "test_repeats": [[int(at) for at in group] for group in value.get("test_repeats") or []],
        "valid_scores": {metric: float(value["valid"][metric]) for metric in METRICS},
        "class_scores": {
            label: {"f1": float(scores["f1"]), "support": int(scores["support"])}
            for label, scores in value["per_class"].items()
        },
        "best_step": int(value["best_step"]),
        "steps": int(value["steps"]),
        "seconds": {stage: float(seconds) for stage, seconds in value["seconds"].items()},
        "adaptation": dict(value.get("adaptation") or {}),
        "task_facts": {task: dict(facts) for task, facts in (value.get("tasks") or {}).items()},
    }


def _parse_predictions(text: str, metrics: Mapping[str, Any]) -> Predictions:
    # Read as one array, some two times as fast as line by line.
    rows = json.loads(f"[{','.join(text.splitlines())}]")
    names = tuple(sorted(metrics["class_scores"]))
    index = {label: at for at, label in enumerate(names)}
    labels = np.array([index[row["label"]] for row in rows], dtype=np.int64)
    predicted = np.array([index[row["prediction"]] for row in rows], dtype=np.int64)
    # A file cut after a whole line is still JSON: its scores tell.
    supported = sum(scores["support"] for scores in metrics["class_scores"].values())
    if len(rows) != supported or abs(float(np.mean(labels == predicted)) - metrics["scores"]["micro_f1"]) > 1e-9:
        raise ValueError("its scores are not those of metrics.json")
    return Predictions(labels, predicted, names)


def _parse_history(text: str, metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = [_parse_object(line) for line in text.splitlines()]
    for row in rows:
        float(row["step"]), float(row["seconds"]), float(row["valid"]["macro_f1"])
    # A file cut after a whole line is still JSON lines: it lacks its best step, or stops an evaluation too early.
    steps = [row["step"] for row in rows]
    between = [after - before for before, after in pairwise([0, *steps])]
    if metrics["best_step"] not in steps or metrics["steps"] - steps[-1] >= max(between) or min(between) <= 0:
        raise ValueError("its steps are not those of metrics.json")
    return rows
