"""Pack the small files of finished runs into one archive, which `auxtask.report` reads like their folder.

python scripts/pack_runs.py runs results/runs.tar.xz
"""

import argparse
from pathlib import Path

from auxtask.runs.archive import pack_runs

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="a folder of runs")
    parser.add_argument("archive", type=Path, help="the file to write, ending in .tar.xz")
    arguments = parser.parse_args()
    print(f"{pack_runs(arguments.source, arguments.archive)} runs packed into {arguments.archive}")
