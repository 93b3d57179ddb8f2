"""The report as one HTML page that needs nothing beside it, for light and for dark screens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auxtask.ground.escaping import escape_html
from auxtask.reporting.sections import Section
from auxtask.tables.rendering import to_html

CSS = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1f2126; --soft: #5b606b; --line: #d9dce2; --tint: #f4f5f8;
  --accent: #0b63b0; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #16181d; --ink: #e6e8ec; --soft: #a2a8b4; --line: #343943; --tint: #1f232a; --accent: #7db7f0; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
a { color: var(--accent); }
figure { margin: 1.5rem 0; }
figcaption { font-weight: 600; margin-bottom: .4rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; border-block: 2px solid var(--soft); }
th, td { padding: .3rem .7rem; text-align: right; white-space: nowrap; vertical-align: top; }
th { font-weight: 500; text-align: left; }
thead th { color: var(--soft); border-bottom: 1px solid var(--soft); }
thead .number { text-align: right; }
tbody tr:nth-child(even) { background: var(--tint); }
tbody tr.block > * { border-top: 1px solid var(--line); }
td.text { text-align: left; white-space: normal; }
em { color: var(--soft); }
sup { color: var(--accent); font-size: .7em; margin-left: .15em; }
.note { margin: .35rem 0 0; color: var(--soft); font-size: .87rem; max-width: 64rem; }
code { background: var(--tint); border: 1px solid var(--line); border-radius: .25rem; padding: .05rem .3rem;
  font: .92em ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
svg { max-width: 100%; height: auto; color: var(--ink); }
@media print {
  @page { size: landscape; margin: 12mm; }
  body { max-width: none; padding: 0; }
  nav { display: none; }
  .wide { overflow: visible; }
  table { font-size: .6rem; }
  th, td { white-space: normal; overflow-wrap: anywhere; padding: .15rem .3rem; }
  tr, figure { break-inside: avoid; }
}
""".strip()


@dataclass(frozen=True)
class Picture:
    """A figure of the report.

    Args:
        name: of its files, without an ending.
        caption: one line.
        svg: itself, to stand in a page.
    """

    name: str
    caption: str
    svg: str


def html_page(sections: Sequence[Section], pictures: Mapping[str, Sequence[Picture]]) -> str:
    """Put the tables and figures of a report on one page.

    Args:
        sections: of the report.
        pictures: by the title of their section.

    Returns:
        HTML without a link to anything outside, scripts included.
    """
    names = {section.title: f"section-{at}" for at, section in enumerate(sections, 1)}
    links = "\n".join(f'<a href="#{name}">{escape_html(title)}</a>' for title, name in names.items())
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<link rel="icon" href="data:,">\n<title>auxtask report</title>',
        f"<style>\n{CSS}\n</style>\n</head>\n<body>\n<h1>Report</h1>\n<nav>\n{links}\n</nav>",
    ]
    for section in sections:
        parts.append(f'<section id="{names[section.title]}">\n<h2>{escape_html(section.title)}</h2>')
        parts += map(to_html, section.tables)
        parts += map(_inline, pictures[section.title])
        parts.append("</section>")
    return "\n".join([*parts, "</body>\n</html>\n"])


def _inline(picture: Picture) -> str:
    return f"<figure>\n<figcaption>{escape_html(picture.caption)}</figcaption>\n{picture.svg}</figure>"
