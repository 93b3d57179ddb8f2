"""The result tables: one a data set with micro-F1 beside macro-F1, and one a metric over all data sets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auxtask.evaluation.groups import Block, Group, strategy_of
from auxtask.evaluation.published import STUDIES, published_scores
from auxtask.evaluation.without_copies import columns_without_copies, order_notes
from auxtask.ground.escaping import file_name
from auxtask.runs.metrics import HEADINGS, REPORTED
from auxtask.tables.values import Cell, MeanStd, Missing, Note, Notes, Table, ranked_within

# Methods that read bags of words: who falls behind them has not earned an encoder.
LINEAR_YARDSTICKS = ("tfidf_logreg", "tfidf_svm")
BELOW_YARDSTICK = "†"
# What stands in the place of their model: they are filed under one, and read none.
BAGS_OF_WORDS = "bags of words"
ONE_STUDY = "A published column is of one study: its rows go with the baseline and the set-up of that study alone."

# From data set, model, method, seeds, the settings of a run like it (empty for none) and the preset of a published
# table (empty for none) to a command line.
CommandLine = Callable[[str, str, str, Sequence[int], Mapping[str, Any], str], str]


@dataclass(frozen=True)
class Row:
    """A row of a data set's table: a method with a model, run or not.

    Args:
        block: where its runs are or belong; None for a published row of a model that was not run.
        model, method: their names on disk; a linear yardstick has `BAGS_OF_WORDS` in the place of a model.
        model_label, method_label: as the table shows them.
        group: its runs; None where there are none.
        settings: of a run like the missing ones; empty where there is none.
        sweep: for a published row of a model that was not run, the preset that computes its table.
    """

    block: Block | None
    model: str
    method: str
    model_label: str
    method_label: str
    group: Group | None
    settings: Mapping[str, Any]
    sweep: str = ""


def main_blocks(blocks: Sequence[Block]) -> list[Block]:
    """Pick of each data set and model the block with the most runs, the first of equals."""
    largest: dict[tuple[str, str], Block] = {}
    for block in blocks:
        name = block.dataset, block.model
        if name not in largest or block.size > largest[name].size:
            largest[name] = block
    return list(largest.values())


def rows_of(dataset: str, blocks: Sequence[Block]) -> list[Row]:
    """List what the table of a data set shows.

    Args:
        dataset: one of the blocks'.
        blocks: of all data sets.

    Returns:
        Every group of the data set; every method that the same model was run with elsewhere; every linear
        yardstick once, whichever models it is filed under; every published row.
    """
    main = main_blocks(blocks)
    rows = []
    yardsticks: dict[str, Row] = {}
    for block in blocks:
        if block.dataset != dataset:
            continue
        own = {group.label: group for group in block.groups}
        expected: dict[str, Group] = {}
        if block in main:
            others = [other for other in main if other.model == block.model]
            expected = {group.label: group for other in others for group in other.groups if not group.is_baseline}
        for label in own | expected:
            group = own.get(label)
            like = group or expected[label]
            settings = settings_like(block, like)
            if like.method in LINEAR_YARDSTICKS:
                yardstick = Row(block, BAGS_OF_WORDS, like.method, BAGS_OF_WORDS, label, group, settings)
                yardsticks.setdefault(label, yardstick)
            else:
                rows.append(Row(block, block.model, like.method, block.label, label, group, settings))
    rows += yardsticks.values()
    run = {(row.model, strategy_of(row.method, row.settings)) for row in rows}
    models = [row.model for row in rows]
    for row in published_scores():
        if row.dataset == dataset and (row.model, row.method) not in run:
            run.add((row.model, row.method))
            rows.append(Row(None, row.model, row.method, row.model, row.method, None, {}, row.sweep))
    # A published row of a model that was run stands with the model's own rows.
    models = list(dict.fromkeys([*models, *(row.model for row in rows)]))
    return sorted(rows, key=lambda row: models.index(row.model))


def settings_like(block: Block, like: Group) -> dict[str, Any]:
    """Give the settings, data included, of a run of a block with the method of a group."""
    here = block.groups[0]
    return {**here.split_settings[1], **like.split_settings[0], **here.runs[0].data_settings}


def dataset_scores(dataset: str, blocks: Sequence[Block], ddof: int, command_line: CommandLine) -> Table:
    """Lay out the scores of a data set: a row a model and method, ours beside the published ones.

    Args:
        dataset: one of the blocks'.
        blocks: of all data sets.
        ddof: of the standard deviation over seeds, 1 or 0.
        command_line: gives the command for runs that are missing.

    Returns:
        The table; the best and second best are ranked within each model's block.
    """
    rows, notes = rows_of(dataset, blocks), Notes()
    yardsticks = linear_yardsticks(dataset, blocks)
    seeds = sorted({seed for row in rows if row.block for seed in row.block.seeds})
    labels = [row.model_label for row in rows]
    columns = {
        metric: ranked_within(labels, [_score_cell(row, metric, ddof, yardsticks, seeds) for row in rows])
        for metric in REPORTED
    }
    groups = [row.group for row in rows]
    without_copies = columns_without_copies(labels, groups, ddof)
    published = {
        f"{heading}, {study}": cells
        for metric, heading in HEADINGS.items()
        for study, cells in published_columns(dataset, rows, metric, notes).items()
    }

    lines = []
    for at, row in enumerate(rows):
        expected = row.block.seeds if row.block else seeds
        lacking = [seed for seed in expected if row.group is None or seed not in row.group.by_seed]
        marks: tuple[str, ...] = ()
        if lacking and not (row.group and row.group.is_baseline):
            command = command_line(dataset, row.model, row.method, lacking, row.settings, row.sweep)
            text = f"{Missing(len(lacking))} of {len(expected)}:"
            marks = (notes.mark(text, command),)
        line = [Cell(row.model_label), Cell(row.method_label, marks=marks)]
        line += [columns[metric][at] for metric in REPORTED]
        lines.append([*line, *(cells[at] for cells in (without_copies | published).values())])
    remarks = [_yardstick_note(dataset, yardsticks, seeds, command_line)]
    if without_copies:
        remarks += order_notes(labels, [row.method_label for row in rows], groups, ddof)
    return Table(
        name=file_name("scores", dataset),
        title=f"{dataset}: test scores in percent, mean ± standard deviation over seeds",
        columns=["model", "method", *HEADINGS.values(), *without_copies, *published],
        rows=lines,
        labels=2,
        notes=[*remarks, *notes.listed(), *([Note("", ONE_STUDY)] if published else [])],
    )


def _score_cell(
    row: Row, metric: str, ddof: int, yardsticks: Mapping[str, tuple[str, MeanStd]], seeds: Sequence[int]
) -> Cell:
    if row.group is None:
        return Cell(Missing(len(row.block.seeds if row.block else seeds)))
    score = row.group.aggregate(metric, ddof)
    below = metric in yardsticks and score.mean < yardsticks[metric][1].mean
    return Cell(score, marks=(BELOW_YARDSTICK,) if below and row.method not in LINEAR_YARDSTICKS else ())


def published_columns(
    dataset: str, rows: Sequence[Row | None], metric: str, notes: Notes
) -> dict[str, list[Cell]]:
    """Lay out what was published of a data set, a column a study: its rows stand beside its own baseline.

    Args:
        dataset: one of the published ones, or any other.
        rows: of a table; None for a row that the data set has no part in.
        metric: `micro_f1` or `macro_f1`.
        notes: of the table; doubts about a figure are added.

    Returns:
        By heading as many cells as there are rows; only studies that have a figure of one of them.
    """
    found = {
        (score.table, score.model, score.method): score
        for score in published_scores()
        if (score.dataset, score.metric) == (dataset, metric)
    }
    columns = {}
    for study, name in STUDIES.items():
        scores = [
            found.get((study, row.model, strategy_of(row.method, row.settings))) if row else None for row in rows
        ]
        if any(scores):
            columns[f"published ({name})"] = [
                Cell(score.score, marks=(notes.mark(score.doubt),) if score.doubt else ()) if score else Cell(None)
                for score in scores
            ]
    return columns


def linear_yardsticks(dataset: str, blocks: Sequence[Block]) -> dict[str, tuple[str, MeanStd]]:
    """Find the best linear method of a data set, whichever model its runs are filed under.

    Args:
        dataset: one of the blocks'.
        blocks: of all data sets.

    Returns:
        By metric its label and score; empty where none was run.
    """
    groups = [group for block in blocks if block.dataset == dataset for group in block.groups]
    linear = [group for group in groups if group.method in LINEAR_YARDSTICKS]
    return {
        metric: max(((group.label, group.aggregate(metric, 1)) for group in linear), key=lambda pair: pair[1].mean)
        for metric in (REPORTED if linear else ())
    }


def _yardstick_note(
    dataset: str,
    yardsticks: Mapping[str, tuple[str, MeanStd]],
    seeds: Sequence[int],
    command_line: CommandLine,
) -> Note:
    if not yardsticks:
        command = command_line(dataset, "tiny", LINEAR_YARDSTICKS[0], seeds[:1], {}, "")
        return Note("", "No linear yardstick was run:", command)
    best = ", ".join(f"{HEADINGS[metric]} {score} ({label})" for metric, (label, score) in yardsticks.items())
    return Note(BELOW_YARDSTICK, f"below the best linear yardstick: {best}")


def metric_scores(metric: str, blocks: Sequence[Block], ddof: int) -> Table:
    """Lay out a metric over all data sets: a row a model and method, a column a data set and its published twin.

    Args:
        metric: `micro_f1` or `macro_f1`.
        blocks: of all data sets.
        ddof: of the standard deviation over seeds, 1 or 0.

    Returns:
        The table; of each data set and model it takes the block with the most runs.
    """
    main = main_blocks(blocks)
    datasets = list(dict.fromkeys(block.dataset for block in main))
    rows = {dataset: rows_of(dataset, main) for dataset in datasets}
    names = list(dict.fromkeys((row.model, row.method_label) for dataset in datasets for row in rows[dataset]))
    models = list(dict.fromkeys(model for model, _ in names))
    names.sort(key=lambda name: models.index(name[0]))

    notes = Notes()
    columns: dict[str, list[Cell]] = {}
    for dataset in datasets:
        by_name = {(row.model, row.method_label): row for row in rows[dataset]}
        seeds = sorted({seed for row in rows[dataset] if row.block for seed in row.block.seeds})
        yardsticks = linear_yardsticks(dataset, blocks)
        found = [by_name.get(name) for name in names]
        cells = [_score_cell(row, metric, ddof, yardsticks, seeds) if row else Cell(None) for row in found]
        columns[dataset] = ranked_within([model for model, _ in names], cells)
        published = published_columns(dataset, found, metric, notes)
        columns |= {f"{dataset}, {study}": cells for study, cells in published.items()}
    lines = [
        [Cell(model), Cell(method), *(cells[at] for cells in columns.values())]
        for at, (model, method) in enumerate(names)
    ]
    heading = HEADINGS[metric]
    return Table(
        name=f"{metric}_by_dataset",
        title=f"{heading} on the test splits in percent, mean ± standard deviation over seeds",
        columns=["model", "method", *columns],
        rows=lines,
        labels=2,
        notes=[
            Note(BELOW_YARDSTICK, "below the best linear yardstick of the data set"),
            *notes.listed(),
            *([Note("", ONE_STUDY)] if len(columns) > len(datasets) else []),
            Note("", "The table of each data set has the commands of missing runs and all settings."),
        ],
    )
