"""Tables and figures of a folder of runs: `python -m auxtask.report RUNS_DIR`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig

from auxtask.cli.command import plain, run_command
from auxtask.cli.overrides import override_value, training_command
from auxtask.errors import AuxtaskError
from auxtask.evaluation.groups import comparable_blocks
from auxtask.evaluation.redrawn import of_own_splits
from auxtask.ground.escaping import visible
from auxtask.reporting.sections import report_sections, run_table
from auxtask.reporting.writing import write_report
from auxtask.runs.archive import ENDING, opened_runs
from auxtask.runs.reading import read_runs
from auxtask.tables.rendering import to_markdown

# Names of the tables that stand on the terminal as well begin so.
PRINTED = ("scores_", "folds_", "resplits_", "learning_")


def report(config: DictConfig) -> None:
    """Write the report, print the scores of each data set and name what was left out."""
    planned = {name: instantiate(contrast) for name, contrast in plain(config.planned).items()}
    source = Path(config.archive or config.paths.runs)
    with opened_runs(source) as opened:
        folder = read_runs(opened)
    for problem in folder.problems:
        print(visible(f"left out: {problem.path}: {problem.reason}"), file=sys.stderr)
    if not folder.runs:
        raise AuxtaskError(f"no finished run in '{source}'; python -m auxtask.train makes one")
    sections = report_sections(
        folder,
        comparable_blocks(of_own_splits(folder.runs)),
        planned,
        ddof=config.ddof,
        resamples=config.resamples,
        command_line=training_command,
    )
    output = Path(config.output or default_output(source))
    write_report(sections, run_table(folder.runs), output)
    for section in sections:
        for table in section.tables:
            if table.name.startswith(PRINTED):
                print(to_markdown(table))
    print(visible(f"{len(folder.runs)} runs; report: {output / 'report.html'}"))


def default_output(source: Path) -> Path:
    """Choose the folder of a report: within the runs folder, or beside the archive.

    >>> default_output(Path("results/runs.tar.xz")).as_posix()
    'results/runs-report'
    """
    if source.name.endswith(ENDING):
        return source.with_name(f"{source.name.removesuffix(ENDING)}-report")
    return source / "report"


def runs_folder_first(arguments: Sequence[str]) -> list[str]:
    """Let the runs folder, or an archive of runs, stand on the command line by itself.

    >>> runs_folder_first(["my runs", "ddof=0"])
    ['paths.runs="my runs"', 'ddof=0']
    """
    if arguments and Path(arguments[0]).is_file():
        return [f"archive={override_value(arguments[0])}", *arguments[1:]]
    if arguments and not arguments[0].startswith("-") and ("=" not in arguments[0] or Path(arguments[0]).is_dir()):
        return [f"paths.runs={override_value(arguments[0])}", *arguments[1:]]
    return list(arguments)


if __name__ == "__main__":
    sys.argv[1:] = runs_folder_first(sys.argv[1:])
    run_command("report", report)
