"""Time the report of many run folders: real ones, copied under other seeds, data sets and models.

python scripts/bench_report.py results/runs.tar.xz --dataset acl_arc --count 2000
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from itertools import count, islice
from pathlib import Path
from time import perf_counter

from auxtask.runs.archive import opened_runs


def copy_runs(source: Path, target: Path, dataset: str, number: int, datasets: int, models: int) -> None:
    """Copy the runs of a folder over and over, spread evenly over data sets and models."""
    runs = sorted(path.parent for path in source.glob(f"{dataset}/*/*/*/metrics.json"))
    if not runs:
        raise SystemExit(
            f"no finished run in '{source}/{dataset}'; python -m auxtask.train dataset={dataset} makes one"
        )
    for copy, run in islice(((copy, run) for copy in count() for run in runs), number):
        _, model, method, run_id = run.relative_to(source).parts
        seeds, block = divmod(copy, datasets * models)
        folder = target / f"{dataset}_{block // models}" / f"{model}_{block % models}" / method
        copied = Path(shutil.copytree(run, folder / f"{run_id}_{seeds}"))
        config = copied / "config.yaml"
        text = config.read_text(encoding="utf-8")
        text = re.sub(r"^seed: (\d+)$", rf"seed: {seeds}\1", text, flags=re.MULTILINE)
        config.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, help="a folder of runs, or an archive of them")
    parser.add_argument("--dataset", default="acl_arc", help="whose runs are copied")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--datasets", type=int, default=3, help="of the copies")
    parser.add_argument("--models", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs, output = Path(folder, "runs"), Path(folder, "report")
        with opened_runs(arguments.runs) as source:
            copy_runs(source, runs, arguments.dataset, arguments.count, arguments.datasets, arguments.models)
        start = perf_counter()
        command = [sys.executable, "-m", "auxtask.report", str(runs), f"output={output}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = perf_counter() - start
        pictures = len(list(output.glob("figures/*.png")))
        print(f"{arguments.count} run folders, {pictures} figures: {seconds:.1f} s")


if __name__ == "__main__":
    main()
