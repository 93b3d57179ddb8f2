"""The model card of a run: what it was trained on, what it scores, how to use it, what it does not know."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from huggingface_hub import EvalResult, ModelCard, ModelCardData

from auxtask.evaluation.significance import Resamples, draw_counts
from auxtask.ground.escaping import escape_markdown, markdown_code
from auxtask.runs.identity import YAML_LOADER
from auxtask.runs.metrics import HEADINGS, REPORTED
from auxtask.runs.reading import read_predictions
from auxtask.tables.rendering import to_markdown
from auxtask.tables.values import Cell, Table

RESAMPLES = 2000
SEED = 0
# The shares of the resamples outside of an interval of 95 %.
TAILS = (2.5, 97.5)
USE = """```python
from transformers import pipeline

classify = pipeline("text-classification", "FOLDER OR ID OF THIS MODEL", truncation=True)
classify(["a new text"])
```"""
REPEAT = """Saved as `config.yaml`, the configuration below repeats the training:

```bash
python -m auxtask.train --config-path "$PWD" --config-name config
```"""


def model_card(run: str | Path) -> str:
    """Write the card of a finished run from its files.

    Args:
        run: its folder.

    Returns:
        Markdown that begins with the metadata of the Hugging Face hub; the same run gives the same text.

    Raises:
        FileNotFoundError: the run is not finished.
    """
    run = Path(run)
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    environment = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    config = yaml.load((run / "config.yaml").read_text(encoding="utf-8"), YAML_LOADER)
    dataset, model, method, _ = run.resolve().parts[-4:]
    data = ModelCardData(
        library_name="transformers",
        pipeline_tag="text-classification",
        tags=["auxtask", *method.split("+")],
        model_name=f"{model}-{dataset}-{method}",
        eval_results=[
            EvalResult(
                task_type="text-classification",
                dataset_type=dataset,
                dataset_name=dataset,
                dataset_split="test",
                metric_type="f1",
                metric_name=HEADINGS[name],
                metric_value=round(metrics["test"][name], 4),
                metric_args={"average": name.removesuffix("_f1")},
            )
            for name in REPORTED
        ],
    )
    sections = [
        f"# {escape_markdown(f'{model} on {dataset}, {method}')}",
        _what_it_is(config, metrics),
        "## Use",
        USE,
        "## Scores",
        _rows(_scores(run, metrics)),
        "Intervals draw the test documents anew; they do not cover that another seed gives another classifier.",
        "## Data",
        _rows(_classes(metrics)),
        _counts(metrics),
        "## Training",
        _training(config, metrics, environment),
        "## Limits",
        _limits(config, metrics),
    ]
    return str(ModelCard(f"---\n{data.to_yaml()}\n---\n\n" + "\n\n".join(sections) + "\n"))


def _what_it_is(config: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    tasks = " and ".join(markdown_code(name) for name in config["aux"])
    beside = f"with the auxiliary {'tasks' if len(config['aux']) > 1 else 'task'} {tasks}" if tasks else "alone"
    encoder = markdown_code(config["model"]["name"])
    return (
        f"A text classifier of {len(metrics['per_class'])} classes: the encoder {encoder} fine-tuned {beside} "
        "by `auxtask`, which makes auxiliary tasks from the training text. "
        "Auxiliary heads are not part of it."
    )


def _scores(run: Path, metrics: Mapping[str, Any]) -> Table:
    found = read_predictions(run)
    draws = draw_counts(len(found.labels), RESAMPLES, SEED)
    drawn = Resamples(found.labels, len(found.class_names), draws).scores(found.predicted)
    without_copies = metrics["test_without_copies"]  # null where nothing is left
    rows = []
    for name in REPORTED:
        low, high = np.percentile(drawn[name][1:], TAILS)
        rows.append(
            [
                Cell(HEADINGS[name]),
                Cell(f"{metrics['test'][name]:.3f}"),
                Cell(f"{low:.3f} to {high:.3f}"),
                Cell(f"{metrics['valid'][name]:.3f}"),
                Cell(f"{without_copies[name]:.3f}" if without_copies else "every test document is one"),
            ]
        )
    return Table(
        "scores",
        "Scores",
        ("score", "test", "95 % interval", "validation", "test without copies of training"),
        rows,
    )


def _classes(metrics: Mapping[str, Any]) -> Table:
    rows = [
        [Cell(name), Cell(scores["support"]), Cell(f"{scores['f1']:.3f}")]
        for name, scores in sorted(metrics["per_class"].items())
    ]
    return Table("classes", "Classes", ("class", "test documents", "F1"), rows)


def _rows(table: Table) -> str:
    """Render a table without its title, which the heading says."""
    return to_markdown(table).partition("\n\n")[2].strip()


def _counts(metrics: Mapping[str, Any]) -> str:
    counts = metrics["counts"]
    documents = ", ".join(f"{number:,} {split}" for split, number in counts["documents"].items())
    copies = counts["copies"]["train"]
    return f"Documents: {documents}. {copies:,} test documents have a text that is in training as well."


def _training(config: Mapping[str, Any], metrics: Mapping[str, Any], environment: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    trainer = config["trainer"]
    chosen = {
        "encoder": config["model"]["name"],
        "longest text, tokens": config["model"]["max_length"],
        "auxiliary tasks": "+".join(config["aux"]) or "none",
        "learning rate": trainer["learning_rate"],
        "seed": config["seed"],
        "steps": metrics["steps"],
        "best step by validation": metrics["best_step"],
        "seconds of training": metrics["seconds"]["train"],
        "parameters": f"{metrics['parameters']:,}",
        "device": f"{environment['device']}, {environment.get('processor', '')}".strip(", "),
        "versions": versions,
    }
    lines = "\n".join(f"- {name}: {escape_markdown(str(value))}" for name, value in chosen.items())
    # Where things lay on this machine is nobody's business, and is nowhere else.
    places = {config["paths"][name]: name for name in ("cache", "data", "runs")}
    whole = yaml.safe_dump(_moved(config, places), allow_unicode=True, sort_keys=False)
    return f"{lines}\n\n{REPEAT}\n\n<details>\n\n```yaml\n{whole}```\n\n</details>"


def _moved(value: Any, places: Mapping[str, str]) -> Any:
    """Give values that are a place, or lie below it, the place's other name; the longest place counts."""
    if isinstance(value, Mapping):
        return {name: _moved(part, places) for name, part in value.items()}
    if isinstance(value, list):
        return [_moved(part, places) for part in value]
    if isinstance(value, str):
        for place in sorted(places, key=len, reverse=True):
            if value == place or value.startswith(f"{place}/"):
                return places[place] + value.removeprefix(place)
    return value


def _limits(config: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    counts = metrics["counts"]
    limits = [
        f"Texts are read up to {config['model']['max_length']:,} tokens; "
        f"{counts.get('cut', {}).get('documents', 0):,} documents of the data set were longer.",
        "It knows the classes above alone: a text of none of them gets one of them all the same.",
        "Its probabilities are those of a fine-tuned network and are not calibrated.",
    ]
    if counts["absent_classes"]:
        limits.append(f"Classes that test does not have, untested: {', '.join(counts['absent_classes'])}.")
    few = [name for name, scores in sorted(metrics["per_class"].items()) if 0 < scores["support"] < 10]
    if few:
        limits.append(f"Classes with fewer than ten test documents, whose F1 says little: {', '.join(few)}.")
    return "\n".join(f"- {escape_markdown(each)}" for each in limits)
