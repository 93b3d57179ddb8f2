"""The report before it is written: sections of tables, and what was run on what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tqdm import tqdm

from auxtask.evaluation.class_gains import class_gain_table
from auxtask.evaluation.comparisons import Comparison, Resampled, compare, corrected
from auxtask.evaluation.confusion import per_class_table
from auxtask.evaluation.contrasts import PlannedContrast
from auxtask.evaluation.efficiency import efficiency_table
from auxtask.evaluation.groups import Block
from auxtask.evaluation.mask_rates import mask_rate_table
from auxtask.evaluation.mechanism import mechanism_table
from auxtask.evaluation.power import power_table
from auxtask.evaluation.rankings import outcome_table, planned_table, ranking_table
from auxtask.evaluation.redrawn import FRACTIONS, Redrawn, redrawn_runs
from auxtask.evaluation.redrawn_tables import redrawn_tables
from auxtask.evaluation.score_tables import CommandLine, dataset_scores, metric_scores
from auxtask.runs.metrics import HEADINGS, REPORTED
from auxtask.runs.reading import Run, RunsFolder
from auxtask.tables.values import Cell, Note, Number, Table

MACHINE = ("python", "platform", "processor", "device", "threads", "commit")


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Args:
        title: one line.
        tables: in order.
        blocks: what its figures are drawn from.
    """

    title: str
    tables: Sequence[Table]
    blocks: Sequence[Block] = ()


def report_sections(
    folder: RunsFolder,
    blocks: Sequence[Block],
    planned: Mapping[str, PlannedContrast],
    *,
    ddof: int,
    resamples: int,
    command_line: CommandLine,
) -> list[Section]:
    """Make every table of the report.

    Args:
        folder: what was read.
        blocks: its runs on the data sets' own splits.
        planned: the comparisons that were named before any run, by the name of the hypothesis.
        ddof: of standard deviations over seeds, 1 or 0.
        resamples: of the test documents and of the seeds, for significance.
        command_line: gives the command for runs that are missing.

    Returns:
        What was planned, all data sets together, a section a data set, one for each way in which documents were
        drawn anew, and what the runs ran on and was left out.
    """
    datasets = list(dict.fromkeys(block.dataset for block in blocks))
    comparisons: list[Comparison] = []
    power: dict[str, Table] = {}
    for dataset in tqdm(datasets, desc="Comparing", unit="data set", delay=1):
        here = [block for block in blocks if block.dataset == dataset]
        # Resamples take memory: those of one data set go before those of the next come.
        resampled = Resampled(resamples, [run for block in here for group in block.groups for run in group.runs])
        comparisons += compare(dataset, here, resampled, planned)
        power[dataset] = power_table(dataset, here, resampled)
    compared = corrected(comparisons)
    sections = []
    if table := planned_table(compared):
        sections.append(Section("Planned comparisons", [table]))
    if len(datasets) > 1:
        tables = [metric_scores(metric, blocks, ddof) for metric in REPORTED]
        sections.append(Section("All data sets", tables + ([outcome_table(compared)] if compared else [])))
    for dataset in datasets:
        here = [block for block in blocks if block.dataset == dataset]
        tables = [dataset_scores(dataset, blocks, ddof, command_line)]
        tables += [power[dataset]] if power[dataset].rows else []
        rankings = (ranking_table(block, compared, metric, ddof) for block in here for metric in REPORTED)
        tables += [table for table in rankings if table]
        tables += [table for block in here if (table := mask_rate_table(block, ddof, command_line))]
        tables += [table for block in here if (table := class_gain_table(block))]
        tables += [table for block in here if (table := per_class_table(block, ddof))]
        tables += [table for block in here if (table := efficiency_table(block)).rows]
        tables += [table for block in here if (table := mechanism_table(block))]
        sections.append(Section(dataset, tables, here))
    for dataset in dict.fromkeys(run.dataset for run in folder.runs):
        sections += [_redrawn_section(dataset, redrawn, ddof) for redrawn in redrawn_runs(folder.runs, dataset)]
    return [*sections, Section("Behind the figures", _provenance(folder))]


def _redrawn_section(dataset: str, redrawn: Redrawn, ddof: int) -> Section:
    tables = redrawn_tables(redrawn, ddof)
    if redrawn.kind != FRACTIONS:
        tables += [table for block in redrawn.blocks if (table := per_class_table(block, ddof))]
    return Section(f"{dataset}: {redrawn.title}", tables, redrawn.blocks)


def _provenance(folder: RunsFolder) -> list[Table]:
    tables = [_environment_table(folder.runs)]
    if any(run.adaptation for run in folder.runs):
        tables.append(_adaptation_table(folder.runs))
    if folder.unfinished:
        rows = [[Cell(path)] for path in folder.unfinished]
        tables.append(Table("unfinished", "Unfinished runs; the same command goes on with them", ("run",), rows))
    if folder.problems:
        rows = [[Cell(problem.path), Cell(problem.reason)] for problem in folder.problems]
        tables.append(Table("left_out", "Files that were left out", ("file", "reason"), rows, labels=2))
    return tables


def _adaptation_table(runs: Sequence[Run]) -> Table:
    """List the encoders that read text of their domain before fine-tuning, and what they learned of it."""
    sharing: dict[str, list[Run]] = {}
    for run in runs:
        if run.adaptation:
            sharing.setdefault(str(run.adaptation["encoder"]), []).append(run)
    rows = []
    for encoder, users in sharing.items():
        adaptation = users[0].adaptation
        first, *_, last = adaptation["evaluations"]
        numbers = (
            Number(len(users), f"{len(users)}"),
            Number(adaptation["tokens"], f"{adaptation['tokens']:,}"),
            Number(adaptation["passes"], f"{adaptation['passes']:.1f}"),
            *(Number(entry["loss"], f"{entry['loss']:.3f}") for entry in (first, last)),
            *(Number(entry["accuracy"], f"{entry['accuracy']:.1%}") for entry in (first, last)),
        )
        rows.append([Cell(encoder), Cell(users[0].dataset), Cell(users[0].model), *map(Cell, numbers)])
    columns = ("encoder", "data set", "model", "runs", "tokens", "passes", "loss before", "loss after")
    return Table(
        "adaptations",
        "Encoders that read text of the domain before fine-tuning: held-out loss (nats) and top-1 accuracy",
        (*columns, "top-1 before", "top-1 after"),
        rows,
        notes=[
            Note(
                "",
                "Runs of all seeds share an adapted encoder: their spread is that of fine-tuning alone.",
            )
        ],
        labels=3,
    )


def _environment_table(runs: Sequence[Run]) -> Table:
    values: dict[str, dict[str, None]] = {}
    for run in runs:
        versions = run.environment.get("versions", {})
        for name, value in {**versions, **{name: run.environment.get(name) for name in MACHINE}}.items():
            if value is not None:
                values.setdefault(name, {})[str(value)] = None
    rows = [[Cell(name), Cell("; ".join(sorted(found)))] for name, found in values.items()]
    title = f"{len(runs)} finished runs: versions and hardware"
    return Table("environment", title, ("", "value"), rows, labels=2)


def run_table(runs: Sequence[Run]) -> Table:
    """List every run with its scores: where each figure of the report comes from.

    Args:
        runs: finished runs.

    Returns:
        A row a run, in the order of their paths.
    """
    rows = [
        [
            *(Cell(text) for text in (run.path, run.dataset, run.model, run.method)),
            Cell(run.seed),
            *(Cell(Number(100 * run.scores[metric], f"{100 * run.scores[metric]:.2f}")) for metric in REPORTED),
            Cell(run.steps),
            Cell(Number(run.seconds["train"], f"{run.seconds['train']:.1f}")),
        ]
        for run in runs
    ]
    columns = ("run", "data set", "model", "method", "seed", *(HEADINGS[metric] for metric in REPORTED))
    return Table("runs", "Runs", (*columns, "steps", "seconds training"), rows, labels=4)
