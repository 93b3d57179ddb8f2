"""Tables and figures of a folder of runs: `python -m auxtask.report RUNS_DIR`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from auxtask.cli import run_command
from auxtask.errors import AuxtaskError
from auxtask.escaping import visible
from auxtask.evaluation.groups import comparable_blocks
from auxtask.evaluation.rendering import to_markdown
from auxtask.evaluation.runs import read_runs
from auxtask.evaluation.sections import report_sections, run_table
from auxtask.overrides import override_value, training_command
from auxtask.plot.report import write_report


def report(config: DictConfig) -> None:
    """Write the report, print the scores of each data set and name what was left out."""
    folder = read_runs(config.paths.runs)
    for problem in folder.problems:
        print(visible(f"left out: {problem.path}: {problem.reason}"), file=sys.stderr)
    if not folder.runs:
        raise AuxtaskError(f"no finished run in '{config.paths.runs}'; python -m auxtask.train makes one")
    sections = report_sections(
        folder,
        comparable_blocks(folder.runs),
        ddof=config.ddof,
        resamples=config.resamples,
        command_line=training_command,
    )
    output = Path(config.output)
    write_report(sections, run_table(folder.runs), output)
    for section in sections:
        for table in section.tables:
            if table.name.startswith("scores_"):
                print(to_markdown(table))
    print(visible(f"{len(folder.runs)} runs; report: {output / 'report.html'}"))


def runs_folder_first(arguments: Sequence[str]) -> list[str]:
    """Let the runs folder stand on the command line by itself, as `paths.runs` otherwise would.

    >>> runs_folder_first(["my runs", "ddof=0"])
    ['paths.runs="my runs"', 'ddof=0']
    """
    if arguments and not arguments[0].startswith("-") and ("=" not in arguments[0] or Path(arguments[0]).is_dir()):
        return [f"paths.runs={override_value(arguments[0])}", *arguments[1:]]
    return list(arguments)


if __name__ == "__main__":
    sys.argv[1:] = runs_folder_first(sys.argv[1:])
    run_command("report", report)
