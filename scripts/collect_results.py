"""Copy the small files of finished runs, so that a report can be rebuilt from a repository.

    python scripts/collect_results.py runs results/runs

Kept are metrics, history, predictions without the probability of each class, config without its paths, and
environment; models and checkpoints stay where they are.
"""

import argparse
import json
from pathlib import Path

import yaml

from auxtask.evaluation.runs import read_runs
from auxtask.files import write_json_lines, write_text

AS_THEY_ARE = ("metrics.json", "history.jsonl", "environment.json")


def collect(source: Path, target: Path) -> list[Path]:
    """Copy every finished run below `source` to the same place below `target` and give the new folders."""
    folders = []
    for run in read_runs(source).runs:
        old, new = source / run.path, target / run.path
        for name in AS_THEY_ARE:
            if (old / name).exists():
                write_text(new / name, (old / name).read_text(encoding="utf-8"))
        config = yaml.safe_load((old / "config.yaml").read_text(encoding="utf-8"))
        # Where things lay on the machine of the runs tells nobody else anything.
        del config["paths"]
        config["dataset"].pop("data_folder", None)
        write_text(new / "config.yaml", yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
        lines = (old / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
        kept = [{name: json.loads(line)[name] for name in ("index", "label", "prediction")} for line in lines]
        write_json_lines(new / "predictions.jsonl", kept)
        folders.append(new)
    return folders


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="a folder of runs")
    parser.add_argument("target", type=Path, help="where the copies go")
    arguments = parser.parse_args()
    print(f"{len(collect(arguments.source, arguments.target))} runs copied to {arguments.target}")
