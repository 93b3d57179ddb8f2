"""Time the report of many run folders: real ones, copied under other names of data sets and models.

python scripts/bench_report.py results/runs --count 2000
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from itertools import count, islice
from pathlib import Path
from time import perf_counter


def copy_runs(source: Path, target: Path, number: int, models: int) -> None:
    """Copy the runs of a folder over and over: a data set of their own for every so many models."""
    runs = sorted(path.parent for path in source.glob("*/*/*/*/metrics.json"))
    if not runs:
        raise SystemExit(f"no finished run in '{source}'; give a folder that python -m auxtask.train has filled")
    names = (
        (run, f"{dataset}_{copy // models}", f"{model}_{copy % models}", method, run_id)
        for copy in count()
        for run in runs
        for dataset, model, method, run_id in [run.relative_to(source).parts]
    )
    for run, *parts in islice(names, number):
        shutil.copytree(run, target.joinpath(*parts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--models", type=int, default=4, help="a data set")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs, output = Path(folder, "runs"), Path(folder, "report")
        copy_runs(arguments.runs, runs, arguments.count, arguments.models)
        start = perf_counter()
        command = [sys.executable, "-m", "auxtask.report", str(runs), f"output={output}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = perf_counter() - start
        pictures = len(list(output.glob("figures/*.png")))
        print(f"{arguments.count} run folders, {pictures} figures: {seconds:.1f} s")


if __name__ == "__main__":
    main()
