"""The report as files: Markdown, CSV, LaTeX, figures, and one HTML page that can be mailed."""

from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from matplotlib import rc_context
from tqdm.contrib.concurrent import process_map

from auxtask.evaluation.groups import Block
from auxtask.ground.escaping import escape_markdown, file_name, link
from auxtask.ground.files import write_text
from auxtask.ground.machine import usable_cores
from auxtask.plot.saving import inline_svg, save_figure
from auxtask.plot.style import STYLE
from auxtask.reporting.figures import CAPTIONS, block_figures
from auxtask.reporting.page import Picture, html_page
from auxtask.reporting.sections import Section
from auxtask.tables.rendering import to_csv, to_latex, to_markdown
from auxtask.tables.values import Table

# Fewer are drawn sooner than another process has started.
BLOCKS_WORTH_A_PROCESS = 4


def write_report(sections: Sequence[Section], runs: Table, folder: Path) -> None:
    """Write the report; the same runs give the same bytes.

    Args:
        sections: their tables go into `report.md` and `report.html`, and each into `tables` as `.csv` and `.tex`;
            the figures of their blocks into `figures` as `.png` and `.pdf`.
        runs: the list of all runs, for `tables/runs.csv`.
        folder: the report's own.
    """
    pictures = _draw(sections, folder / "figures")
    for table in [runs, *(table for section in sections for table in section.tables)]:
        write_text(folder / "tables" / f"{table.name}.csv", to_csv(table))
    for table in (table for section in sections for table in section.tables):
        write_text(folder / "tables" / f"{table.name}.tex", to_latex(table))
    write_text(folder / "report.md", _markdown(sections, pictures))
    write_text(folder / "report.html", html_page(sections, pictures))


def _draw(sections: Sequence[Section], folder: Path) -> dict[str, list[Picture]]:
    """Draw the figures of every section, many of them in several processes."""
    blocks = [block for section in sections for block in section.blocks]
    draw = partial(draw_block, folder=folder)
    if len(blocks) < BLOCKS_WORTH_A_PROCESS:
        drawn = iter([draw(block) for block in blocks])
    else:
        workers = min(usable_cores(), len(blocks))
        drawn = iter(process_map(draw, blocks, max_workers=workers, desc="Drawing", unit="block", delay=1))
    return {
        section.title: [picture for of_block in islice(drawn, len(section.blocks)) for picture in of_block]
        for section in sections
    }


def draw_block(block: Block, folder: Path) -> list[Picture]:
    """Draw the figures of a block and write them as PNG and PDF, byte for byte the same for the same runs.

    Args:
        block: runs of one data set and model.
        folder: of the files.

    Returns:
        Those that there is something to draw for: curves, gains by class size, task weights.
    """
    pictures = []
    with rc_context(STYLE):
        for kind, figure in block_figures(block).items():
            name = file_name(kind, block.dataset, block.label)
            for ending in ("png", "pdf"):
                save_figure(figure, folder / f"{name}.{ending}", dpi=150)
            pictures.append(Picture(name, CAPTIONS[kind], inline_svg(figure, name, CAPTIONS[kind])))
    return pictures


def _markdown(sections: Sequence[Section], pictures: dict[str, list[Picture]]) -> str:
    parts = ["# Report\n"]
    for section in sections:
        parts.append(f"## {escape_markdown(section.title)}\n")
        parts += map(to_markdown, section.tables)
        parts += [
            f"![{escape_markdown(each.caption)}]({link(f'figures/{each.name}.png')})\n"
            for each in pictures[section.title]
        ]
    return "\n".join(parts)
