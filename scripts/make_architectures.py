"""Write the page of the architectures that run: each is scored and trained with, small and random.

python scripts/make_architectures.py
"""

import argparse
import contextlib
import io
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import transformers
from tqdm.auto import tqdm
from transformers import AutoTokenizer

from auxtask.cli.command import quiet_libraries

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from architectures import ALL, TASKS, outcome  # noqa: E402
from conftest import SENTENCES  # noqa: E402

HEAD = """# Architectures

Every architecture for masked language modelling that transformers {version} has, tried on a CPU with small
random weights: its scores are compared with those of a naive loop, and it is trained two steps with each task. The
page is written by `python scripts/make_architectures.py`. What is refused is refused before anything is scored, in
the words that stand here; a model of a user's own is tried in the same way when it is loaded.

{runs} of {count} run with all of these tasks: {tasks}.

| architecture | | reason |
|---|---|---|
"""


def reason_of(refused: dict[str, str]) -> str:
    """Say once what is said of several tasks."""
    tasks: dict[str, list[str]] = {}
    for task, line in refused.items():
        if line:
            tasks.setdefault(line.split("cannot be used: ")[1].split("; use an architecture")[0], []).append(task)
    if len(tasks) == 1 and all(refused.values()):
        return next(iter(tasks))
    return "; ".join(f"{', '.join(f'`{task}`' for task in names)}: {reason}" for reason, names in tasks.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "architectures.md")
    arguments = parser.parse_args()
    quiet_libraries()
    tokenizer = AutoTokenizer.from_pretrained(ROOT / "tests" / "tokenizer")
    rows, complete = [], 0
    for model_type in tqdm(ALL):
        with TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            refused = outcome(model_type, tokenizer, SENTENCES, Path(folder))
        running = [task for task, line in refused.items() if not line]
        complete += len(running) == len(TASKS)
        verdict = "runs" if len(running) == len(TASKS) else "runs in part" if running else "refused"
        rows.append(f"| `{model_type}` | {verdict} | {reason_of(refused)} |\n")
    tasks = ", ".join(f"`{task}`" for task in TASKS)
    head = HEAD.format(version=transformers.__version__, runs=complete, count=len(ALL), tasks=tasks)
    arguments.output.write_text(head + "".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
