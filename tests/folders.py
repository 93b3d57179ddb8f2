"""Run folders made of chosen predictions, with every file of a real one."""

import numpy as np
import yaml

from auxtask.evaluation.contrasts import PlannedContrast
from auxtask.evaluation.groups import comparable_blocks
from auxtask.ground.files import config_folder, write_json, write_json_lines, write_text
from auxtask.runs.identity import RunIdentity
from auxtask.runs.metrics import classification_metrics, per_class_f1
from auxtask.runs.reading import read_runs

LABELERS = ("all_phrase", "common_label", "bit_label", "disregard")


def make_run(
    folder,
    *,
    dataset="toy",
    model="tiny",
    method="stl",
    seed=0,
    gold=(0, 0, 0, 0, 1, 1, 2, 2, 2, 2),
    predicted=(0, 0, 0, 1, 1, 0, 2, 2, 2, 0),
    names=("a", "b", "c"),
    history=((10, 1.0, 0.4), (20, 2.0, 0.5)),
    weights=None,
    valid=0.5,
    run_id=None,
    baseline=None,
    metrics=None,
    **settings,
):
    """Write a finished run and return its folder.

    `settings` are dotted fields of its config, `metrics` is added to its `metrics.json`.
    """
    config = {
        "paths": {"runs": str(folder), "cache": "cache"},
        "seed": seed,
        "force": False,
        "dataset": {"_target_": "auxtask.data.named.load_named", "name": dataset, "data_folder": "data"},
        "model": {"name": model, "max_length": 128, "learning_rate": 0.001},
        "aux": {} if method == "stl" else {method: task(method)},
        "weighting": {"_target_": "auxtask.training.weighting.static.StaticWeighting", "auxiliary": 1.0},
        "scoring": {"dtype": "auto", "stride": None},
        "trainer": {"max_steps": -1, "learning_rate": 0.001, "logging_steps": 50},
    }
    if baseline:
        config["baseline"] = {"name": method, "_target_": baseline}
    for name, value in settings.items():
        *parents, last = name.split("__")
        node = config
        for parent in parents:
            node = node[parent]
        node[last] = value
    prints = {"dataset": f"{dataset}-content", "model": f"{model}-content"}
    run_id = run_id or RunIdentity.of(config, prints, (dataset, model, method)).run_id
    path = folder / dataset / model / method / run_id
    gold, predicted = np.array(gold), np.array(predicted)
    write_text(path / "config.yaml", yaml.safe_dump(config))
    write_json(path / "environment.json", {"versions": {"torch": "2"}, "processor": "cpu", "fingerprints": prints})
    write_json_lines(
        path / "history.jsonl",
        [
            {
                "step": step,
                "epoch": 1.0,
                "seconds": seconds,
                "losses": {"main": 1.0},
                "weights": {"main": 1.0} if weights is None else weights[at],
                "valid": {"macro_f1": score, "micro_f1": score},
            }
            for at, (step, seconds, score) in enumerate(history)
        ],
    )
    write_json_lines(
        path / "predictions.jsonl",
        [
            {"index": index, "label": names[label], "prediction": names[best], "probabilities": {}}
            for index, (label, best) in enumerate(zip(gold, predicted, strict=True))
        ],
    )
    write_json(
        path / "metrics.json",
        {
            "status": "finished",
            "test": classification_metrics(gold, predicted, len(names)),
            "valid": {"micro_f1": valid, "macro_f1": valid, "accuracy": valid},
            "per_class": per_class_f1(gold, predicted, list(names)),
            "best_step": history[-1][0] if history else 0,
            "steps": history[-1][0] if history else 0,
            "seconds": {"score": 0.5, "train": 2.0, "test": 0.1},
            "tokens_per_second": 100.0,
            "peak_memory_bytes": 1,
            "parameters": 10,
            **(metrics or {}),
        },
    )
    return path


def planned_in(option):
    """The planned comparisons of an option, as the report builds them."""
    entries = yaml.safe_load((config_folder() / "planned" / f"{option}.yaml").read_text())
    return {
        name: PlannedContrast(**{key: entry[key] for key in entry if key != "_target_"})
        for name, entry in entries.items()
    }


def blocks_of(folder):
    return comparable_blocks(read_runs(folder).runs)


def task(method):
    """The config of the one task of a method."""
    if method in LABELERS:
        return {"_target_": "auxtask.tasks.recognition.RecognitionTask"}
    masking = {"_target_": f"auxtask.masking.toy.{method}", "mask_rate": 0.15}
    return {"_target_": "auxtask.tasks.masking.MaskingTask", "masking": masking}


def files_of(folder):
    """Every file below a folder with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
