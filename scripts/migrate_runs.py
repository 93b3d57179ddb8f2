"""Give finished runs of older releases the settings, and so the names, that they would have today.

A run is named by its settings. Where the modules and options of a release have moved, `config.yaml` of a finished
run is rewritten to today's words and its folder renamed; its figures stay as they are. In older runs `bf16: auto`
stood for what the machine found faster: say which it was.

    python scripts/migrate_runs.py runs --bf16 true

Unfinished runs and runs whose new place is taken are left alone and named. To migrate twice is to migrate once.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from auxtask.errors import AuxtaskError
from auxtask.ground.files import write_text
from auxtask.runs.folder import RunFolder
from auxtask.runs.identity import YAML_LOADER, RunIdentity

MOVED = {
    "auxtask.training.tasks.MaskingTask": "auxtask.tasks.masking.MaskingTask",
    "auxtask.training.tasks.FrequencyMaskingTask": "auxtask.tasks.masking.MaskingTask",
    "auxtask.training.tasks.LikelihoodMaskingTask": "auxtask.tasks.masking.MaskingTask",
    "auxtask.training.self_paced.SelfPacedMaskingTask": "auxtask.tasks.self_paced.SelfPacedTask",
    "auxtask.training.recognition.RecognitionTask": "auxtask.tasks.recognition.RecognitionTask",
    "auxtask.masking.collators.RTMCollator": "auxtask.masking.random.RTMCollator",
    "auxtask.masking.collators.L3MaskingCollator": "auxtask.masking.likelihood.L3MaskingCollator",
    "auxtask.masking.units.WholeWordMaskingCollator": "auxtask.masking.whole_word.WholeWordMaskingCollator",
    "auxtask.masking.units.SpanMaskingCollator": "auxtask.masking.span.SpanMaskingCollator",
} | {
    f"auxtask.masking.scores.{name}": f"auxtask.masking.likelihood.{name}"
    for name in ("one_minus_likelihood", "negative_log_likelihood", "likelihood")
}  # fmt: skip
# What `auto` stood for, in these places of a config: with bfloat16 and without.
AUTOMATIC = {
    ("trainer", "bf16"): (True, False),
    ("trainer", "last_stage", "bf16"): (True, False),
    ("scoring", "dtype"): ("bfloat16", "float32"),
    ("baseline", "dtype"): ("bfloat16", "float32"),
}


def migrated(config: Mapping[str, Any], bf16: bool) -> dict[str, Any]:
    """Write a config in today's words.

    Args:
        config: the content of a `config.yaml`.
        bf16: what `auto` stood for.

    Returns:
        The config; one of today stays as it is.
    """
    config = {name: _moved(value) for name, value in config.items()}
    if config.get("aux"):
        config["aux"] = {name: _task(task) for name, task in config["aux"].items()}
    weighting = config.get("weighting") or {}
    if weighting.get("seed", ...) == config["seed"]:
        # It stood for the run's.
        config["weighting"] = {**weighting, "seed": None}
    for place, meanings in AUTOMATIC.items():
        *above, option = place
        node: Any = config
        for name in above:
            node = (node or {}).get(name)
        if node and node.get(option) == "auto":
            node[option] = meanings[0] if bf16 else meanings[1]
    return config


def _moved(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _moved(each) for name, each in value.items()}
    return MOVED.get(value, value) if isinstance(value, str) else value


def _task(task: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in task.items() if name != "column"}
    masking = dict(fields.get("masking") or {})
    if "score" in masking:
        fields["masking"] = {"priority" if name == "score" else name: value for name, value in masking.items()}
    if "annotate" in fields or not masking:
        return fields
    # The function that makes a column used to be a class of tasks, and its metric a field of that.
    annotate: dict[str, Any] | None = None
    if masking["_target_"].endswith(".FrequencyMaskingCollator"):
        annotate = {"_target_": "auxtask.masking.frequency.annotate_frequencies", "_partial_": True}
    elif masking["_target_"].endswith(".L3MaskingCollator"):
        metric = fields["metric"] if fields["_target_"].endswith(".SelfPacedTask") else fields.pop("metric")
        target = "auxtask.masking.likelihood.annotate_likelihoods"
        annotate = {"_target_": target, "_partial_": True, "metric": metric}
    return {**fields, "annotate": annotate}


def migrate(runs: Path, bf16: bool) -> Iterator[str]:
    """Migrate every finished run below a folder.

    Args:
        runs: holds DATASET/MODEL/METHOD/RUN_ID.
        bf16: what `auto` stood for.

    Yields:
        A line for each run that is renamed, or left alone for a reason.
    """
    for path in sorted(runs.glob("*/*/*/*/")):
        name = path.relative_to(runs).as_posix()
        if RunFolder(path).metrics is None:
            yield f"{name}: left alone, it is not finished"
            continue
        try:
            text = (path / "config.yaml").read_text(encoding="utf-8")
            old = yaml.load(text, YAML_LOADER)
            new = migrated(old, bf16)
            identity = RunIdentity.of_folder(path, new)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
            yield f"{name}: left alone, its files are damaged ({type(error).__name__}: {error})"
            continue
        place = path.with_name(identity.run_id)
        if place != path and place.exists():
            yield f"{name}: left alone, {identity.run_id} is taken"
            continue
        if new != old:
            write_text(path / "config.yaml", yaml.safe_dump(new, sort_keys=False, allow_unicode=True))
        if place != path:
            path.rename(place)
            yield f"{name} -> {identity.run_id}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, help="folder that holds DATASET/MODEL/METHOD/RUN_ID")
    parser.add_argument("--bf16", required=True, choices=("true", "false"), help="what bf16: auto stood for")
    arguments = parser.parse_args()
    try:
        if not arguments.runs.is_dir():
            raise AuxtaskError(f"there is no folder '{arguments.runs}'; give the one that holds the runs")
        for line in migrate(arguments.runs, arguments.bf16 == "true"):
            print(line)
    except AuxtaskError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
