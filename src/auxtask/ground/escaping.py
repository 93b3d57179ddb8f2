"""What goes out: labels, words, names and commands as text of a format, whatever they hold, by a function each."""

import html
import re
import unicodedata
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from rich.text import Text


# Controls, formats (direction marks, zero-width characters), lone surrogates, separators of lines and paragraphs.
HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}

# A spreadsheet takes a field that begins with one of them, or with its wide form, for a formula.
FORMULA = tuple("=+-@＝＋－＠")

LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "−": "$-$",
    "†": r"$\dagger$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    # After the end of a row these would be its options.
    **{character: f"{{{character}}}" for character in "[]*"},
}

# Of its 255 bytes a file name keeps some for an ending and for what a temporary file adds.
LONGEST_NAME = 180


def visible(text: str) -> str:
    """Write out the characters that are not seen but do something, as Python would.

    Terminal escapes, line breaks, direction marks, zero-width characters and halves of a surrogate pair change the
    place, the colour or the order of what stands beside them.

    Args:
        text: any text.

    Returns:
        One line that shows all that it holds; text without such characters is itself.

    >>> print(visible("a\\nb \\x1b[31mred \\u202edesrever"))
    a\\nb \\x1b[31mred \\u202edesrever
    """
    if text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if unicodedata.category(character) in HIDDEN
        else character
        for character in text
    )


def escape_markdown(text: str) -> str:
    """Write text as Markdown that shows it, in a line or in a cell of a table.

    >>> print(escape_markdown("bit_label *a|b* [/x]"))
    bit_label \\*a\\|b\\* \\[/x\\]
    """
    # An underscore between letters is plain text, as in names of runs.
    return re.sub(r"([\\`*<>|\[\]#$&~]|(?<!\w)_|_(?!\w))", r"\\\1", visible(text))


def markdown_code(text: str) -> str:
    """Write text as a code span of Markdown, as it is to be copied.

    >>> print(markdown_code("echo `date`"))
    `` echo `date` ``
    """
    text = visible(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    # Where backquotes stand at an end, or spaces at both, one space is taken away.
    space = " " if "`" in text[:1] + text[-1:] or (text[:1] == text[-1:] == " ") else ""
    return f"{fence}{space}{text}{space}{fence}"


def escape_latex(text: str) -> str:
    """Write text as LaTeX, also as the first of a row, where `[` and `*` are options of the row before.

    >>> print(escape_latex("50 % of a_b < {c}"))
    50 \\% of a\\_b \\textless{} \\{c\\}
    """
    return "".join(LATEX.get(character, character) for character in visible(text))


def escape_html(text: str) -> str:
    """Write text as HTML, in an element or in the quotes of an attribute.

    >>> escape_html('a < "b"')
    'a &lt; &quot;b&quot;'
    """
    return html.escape(visible(text))


def csv_field(text: str) -> str:
    """Write text as a field of CSV that no spreadsheet takes for a formula; `csv.writer` adds the quotes.

    Args:
        text: any text; numbers go to the writer as they are.

    Returns:
        The text, after an apostrophe where it begins as a formula does (OWASP, CSV injection).

    >>> csv_field("=cmd()"), csv_field("a = b")
    ("'=cmd()", 'a = b')
    """
    text = visible(text)
    return f"'{text}" if text.startswith(FORMULA) else text


def escape_figure(text: str) -> str:
    """Write text for matplotlib, which takes what stands between two dollar signs for mathematics.

    >>> print(escape_figure("$a$"))
    \\$a\\$
    """
    return visible(text).replace("$", r"\$")


def terminal_text(text: str, style: str = "") -> "Text":
    """Write text for rich, which takes names in brackets for markup and those in colons for pictures.

    >>> terminal_text("[/x] :smile: \\x1b[0m").plain
    '[/x] :smile: \\\\x1b[0m'
    """
    from rich.text import Text

    return Text(visible(text), style=style)


def file_name(*parts: str) -> str:
    """Make a name of a file, without its ending, of texts.

    Args:
        *parts: joined by underscores.

    Returns:
        Letters, digits, `_`, `-` and `.` alone, at most 180 bytes; where something else had to give way, digits of
        a hash keep it apart from others.

    >>> file_name("scores", "acl_arc"), file_name("scores", "50 % of $a$")
    ('scores_acl_arc', 'scores_50_of_a_-09fce694')
    """
    name = "_".join(parts)
    safe = re.sub(r"[^\w.-]+", "_", name)
    if safe == name and len(name.encode()) <= LONGEST_NAME:
        return name
    kept = safe.encode()[: LONGEST_NAME - 9].decode(errors="ignore")
    return f"{kept}-{sha256(name.encode(errors='surrogatepass')).hexdigest()[:8]}"


def link(path: str) -> str:
    """Write a relative path as the address of a link, in Markdown and HTML alike.

    >>> link("figures/50 % (a).png")
    'figures/50%20%25%20%28a%29.png'
    """
    return quote(path, errors="surrogatepass")
