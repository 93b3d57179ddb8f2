"""Write the tables of runs as pages that people read: one of all data sets, one a data set, one of the runs.

They are the sections of the `report.md` that `python -m auxtask.report` writes, without its pictures.

    python scripts/make_tables.py results/runs.tar.xz results/tables
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from auxtask.ground.files import write_text

NAMES = {"Planned comparisons": "planned", "All data sets": "all", "Behind the figures": "runs"}


def sections(report: str) -> dict[str, str]:
    """Cut a report at its data sets.

    Args:
        report: the content of `report.md`.

    Returns:
        The text of each page by its name.
    """
    lines = [line for line in report.splitlines() if not line.startswith("![")]
    starts = [at for at, line in enumerate(lines) if line.startswith("## ")]
    pages = {}
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        title = lines[start].removeprefix("## ")
        # An empty line stands on either side of what was a picture.
        text = "\n".join(lines[start:end]).strip()
        while "\n\n\n" in text:
            text = text.replace("\n\n\n", "\n\n")
        pages[NAMES.get(title, title)] = f"{text.removeprefix('#')}\n"
    return pages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", help="folder or archive of runs")
    parser.add_argument("output", type=Path, help="folder of the pages")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "auxtask.report", arguments.runs, f"output={folder}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        report = (Path(folder) / "report.md").read_text(encoding="utf-8")
    for name, text in sections(report).items():
        write_text(arguments.output / f"{name}.md", text)
        print(arguments.output / f"{name}.md")


if __name__ == "__main__":
    main()
