"""The report as files: Markdown, CSV, LaTeX, figures, and one HTML page that can be mailed."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from auxtask.evaluation.class_gains import gains_by_method
from auxtask.evaluation.groups import Block
from auxtask.evaluation.rendering import to_csv, to_latex, to_markdown
from auxtask.evaluation.sections import Section
from auxtask.evaluation.table import Table
from auxtask.files import write_text
from auxtask.plot.curves import Picture, curve_figure, gain_figure, save_figure
from auxtask.plot.page import html_page
from auxtask.plot.weights import weight_figure


def write_report(sections: Sequence[Section], runs: Table, folder: Path) -> None:
    """Write the report; the same runs give the same bytes.

    Args:
        sections: their tables go into `report.md` and `report.html`, and each into `tables` as `.csv` and `.tex`;
            the figures of their blocks into `figures` as `.png` and `.pdf`.
        runs: the list of all runs, for `tables/runs.csv`.
        folder: the report's own.
    """
    pictures = {section.title: list(_pictures(section.blocks)) for section in sections}
    drawn = [picture for several in pictures.values() for picture in several]
    for picture in tqdm(drawn, desc="Drawing", unit="figure", delay=1):
        save_figure(picture.figure, folder / "figures" / picture.name)
    for table in [runs, *(table for section in sections for table in section.tables)]:
        write_text(folder / "tables" / f"{table.name}.csv", to_csv(table))
    for table in (table for section in sections for table in section.tables):
        write_text(folder / "tables" / f"{table.name}.tex", to_latex(table))
    write_text(folder / "report.md", _markdown(sections, pictures))
    write_text(folder / "report.html", html_page(sections, pictures))


def _pictures(blocks: Sequence[Block]) -> Iterator[Picture]:
    for block in blocks:
        of_block = f"{block.dataset}_{block.file_label}"
        if figure := curve_figure(block):
            caption = "Validation macro-F1 over steps and over seconds: mean and range over seeds"
            yield Picture(f"curves_{of_block}", caption, figure)
        if figure := gain_figure(block, gains_by_method(block)):
            yield Picture(f"gains_{of_block}", "Change in F1 against stl of each class over its size", figure)
        if figure := weight_figure(block):
            yield Picture(f"weights_{of_block}", "Task weights over steps", figure)


def _markdown(sections: Sequence[Section], pictures: dict[str, list[Picture]]) -> str:
    parts = ["# Report\n"]
    for section in sections:
        parts.append(f"## {section.title}\n")
        parts += map(to_markdown, section.tables)
        parts += [f"![{each.caption}](figures/{each.name}.png)\n" for each in pictures[section.title]]
    return "\n".join(parts)
