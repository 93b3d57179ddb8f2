"""The pages of the documentation as what they hold: blocks of code, and lines to type."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [path.relative_to(ROOT).as_posix() for path in PAGES]

FENCE = re.compile(r"^```(\w*)(?: title=\"([^\"]*)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What starts one of our commands, alone or in several processes; the options of a launcher come before `-m`.
LAUNCH = re.compile(r"(?:python|torchrun [^|]*?|accelerate launch [^|]*?) -m auxtask\.(\w+)(.*)")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Args:
        language: as it stands behind the fence, perhaps empty.
        title: the file it stands for, or empty.
        text: its lines.
    """

    language: str
    title: str
    text: str


@dataclass(frozen=True)
class Typed:
    """A line to type that starts one of our commands.

    Args:
        command: its name.
        arguments: behind it.
    """

    command: str
    arguments: list[str]


def blocks_of(page: Path) -> list[Block]:
    """Find the fenced blocks of a page."""
    return [Block(*found) for found in FENCE.findall(page.read_text(encoding="utf-8"))]


def lines_of(block: Block) -> Iterator[str]:
    """Give what is to be typed, one command after another, without comments."""
    for line in block.text.replace("\\\n", " ").splitlines():
        for part in line.split(" && "):
            if words := shlex.split(part, comments=True):
                yield shlex.join(words) if "|" not in words else part


def typed(line: str) -> Typed | None:
    """Read a line that starts one of our commands; None for another."""
    found = LAUNCH.search(line)
    if not found:
        return None
    command, rest = found.groups()
    return Typed(command, shlex.split(rest.split(" | ")[0]))
