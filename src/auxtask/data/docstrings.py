"""The embedded data set: which subpackage of the scientific Python stack does this prose document?

The text comes from the source of packages that auxtask itself installs, so that a first run needs neither
a network nor files. The source is parsed, never imported.
"""

import ast
import hashlib
import json
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from auxtask.data import splits
from auxtask.data.dataset import SPLITS, TextDataset, build_text_dataset
from auxtask.data.readers import read_pairs, write_pairs
from auxtask.errors import AuxtaskError

# Package folder -> name on the index.
PACKAGES = {
    "networkx": "networkx",
    "numpy": "numpy",
    "pandas": "pandas",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "sympy": "sympy",
    "torch": "torch",
}

# Label -> the stems of its words. A word that holds one of them is taken out of the texts of that label.
LABELS = {
    "networkx.algorithms": ("algorithm",),
    "networkx.generators": ("generat",),
    "numpy.ma": ("ma",),
    "numpy.polynomial": ("polynom",),
    "pandas.io": ("io", "i/o"),
    "scipy.interpolate": ("interpol",),
    "scipy.linalg": ("linalg", "linear", "algebra"),
    "scipy.optimize": ("optimi",),
    "scipy.signal": ("signal",),
    "scipy.sparse": ("spars",),
    "scipy.spatial": ("spatial",),
    "scipy.special": ("special",),
    "scipy.stats": ("stats", "statist"),
    "sklearn.ensemble": ("ensembl",),
    "sklearn.linear_model": ("linear", "model"),
    "sklearn.metrics": ("metric",),
    "sympy.combinatorics": ("combinator",),
    "sympy.geometry": ("geomet",),
    "sympy.matrices": ("matri",),
    "sympy.ntheory": ("ntheory", "theor"),
    "sympy.solvers": ("solv",),
    "sympy.stats": ("stats", "statist"),
    "torch.cuda": ("cuda",),
    "torch.nn": ("nn",),
}
PACKAGE_STEMS = (*PACKAGES, "scikit", "np", "nx", "pd")

MIN_WORDS = 10
# An upper estimate of the subwords of a text (a vocabulary of 8,000 gave at most 61 tokens for 50 pieces).
PIECE = re.compile(r"[^\W\d_]{1,4}|\d|[^\w\s]")
MAX_PIECES = 50
MIN_CLASS_SIZE = 10
SIZES = {"train": 1300, "valid": 300, "test": 600}

NOT_PROSE_FOLDERS = {"tests", "test", "testing", "externals", "_vendor"}

# Where the prose of a docstring ends: at the first line of one of these forms.
SECTION = re.compile(
    r"""^(?:
        .*\n[ \t]*[=\-~^\#*]{3,}[ \t]*$          # a numpydoc header and the line under it
      | [=\-~^\#*]{3,}[ \t]*$                    # an overlined header
      | [ \t]*[A-Z][\w ]{0,30}::?[ \t]*$         # Google style: "Args:", "Example::"
      | [ \t]*:\w[\w ]*:(?!`)                    # a Sphinx field: ":param x:"
      | [ \t]*\.\.[ ]                            # a directive
      | [ \t]*>>>                                # a doctest
      | [ \t]*(?:[-*+•]|\d+[.)]|\(\w\))[ ]       # a list
      | [ \t]*[+|]                               # a table
    )""",
    re.MULTILINE | re.VERBOSE,
)
SIGNATURE = re.compile(r"^\s*[\w.]+\(.*(?:->.*|\))\s*$")
ROLE = re.compile(r":[\w:+-]+:`~?(?:[\w.]*\.)?([^`<]*?)(?:\s*<[^`]*>)?`")
QUOTED_WORD = re.compile(r"(`+|\*+)([A-Za-z][A-Za-z -]*)\1")
SENTENCE_END = re.compile(r"""(?<=[a-z0-9)"'][.!?])\s+(?=[A-Z"'(])""")
# Code, formulas, links and markup that the rules above have not turned into words, and standing references.
NOT_PROSE = re.compile(r"[`\\{}\[\]<>=|_@^~#$*]|\w\(|://|\w\.\w|::|:$|^Read more in|^See glossary")
# A sentence that leads into a formula or a list which is cut off.
DANGLING = re.compile(r"\b(?:an?|and|as|by|for|form|from|in|is|of|or|that|the|to|where|with),?$")


def load_docstrings(cache_folder: str | Path) -> TextDataset:
    """Load the embedded data set, made at first use from the installed packages and then kept.

    Args:
        cache_folder: the set is kept in `cache_folder/docstrings/KEY`, where KEY names the versions of the
            packages and this recipe.

    Returns:
        The data set `docstrings`: 24 classes, at most 1,300 training, 300 validation and 600 test documents
        of at least 10 words and at most 64 tokens; `provenance` holds the versions of the packages.

    Raises:
        AuxtaskError: one of the packages is not installed.
    """
    versions = {package: _installed_version(package) for package in PACKAGES}
    # A change of this recipe must never find a set made by another one.
    recipe = [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in (__file__, splits.__file__)]
    key = hashlib.sha256(json.dumps([versions, recipe]).encode()).hexdigest()[:12]
    paths = {split: Path(cache_folder).expanduser() / "docstrings" / key / f"{split}.jsonl.gz" for split in SPLITS}
    if not all(path.exists() for path in paths.values()):
        for split, pairs in make_docstrings().items():
            write_pairs(paths[split], pairs)
    return build_text_dataset(
        {split: read_pairs(path) for split, path in paths.items()},
        name="docstrings",
        provenance={"source": "docstrings of installed packages", "versions": versions},
    )


def make_docstrings() -> dict[str, list[tuple[str, str]]]:
    """Collect the documents from the source of the installed packages and split them.

    The same versions give the same documents in the same order on every machine: files are visited in the
    order of their names, and where there are more documents than wanted, those with the smallest hashes are
    taken, which leaves the imbalance of the classes as found. Classes with fewer than 10 documents, as in a
    package laid out differently, are left out.

    Returns:
        The (text, label) pairs of train, valid and test.
    """
    label_of: dict[str, str] = {}
    seen: set[str] = set()
    for label in LABELS:
        for docstring in _docstrings(label):
            text = without_label_words(prose(docstring), label)
            normalized = re.sub(r"\W+", " ", text.lower())
            if len(text.split()) >= MIN_WORDS and normalized not in seen:
                seen.add(normalized)
                label_of[text] = label
    sizes = Counter(label_of.values())
    pairs = sorted(
        (pair for pair in label_of.items() if sizes[pair[1]] >= MIN_CLASS_SIZE),
        key=lambda pair: hashlib.sha256(pair[0].encode()).digest(),
    )[: sum(SIZES.values())]
    share = {split: size / sum(SIZES.values()) for split, size in SIZES.items()}
    rest, test = splits.stratified_split([label for _, label in pairs], round(share["test"] * len(pairs)))
    train, valid = splits.stratified_split([pairs[i][1] for i in rest], round(share["valid"] * len(pairs)))
    return {
        "train": [pairs[rest[i]] for i in train],
        "valid": [pairs[rest[i]] for i in valid],
        "test": [pairs[i] for i in test],
    }


def prose(docstring: str) -> str:
    """The leading whole sentences of a docstring, before its first section, without code or markup.

    Args:
        docstring: the docstring as `inspect.cleandoc` gives it.

    Returns:
        At most 50 pieces (four letters, a digit or a sign each) on one line; empty where it begins otherwise.

    >>> prose("zeta(x)\\n\\nSum a :class:`~pkg.Series`\\nof *powers*.\\n\\nParameters\\n----------\\nx : int")
    'Sum a Series of powers.'
    """
    section = SECTION.search(docstring)
    body = docstring[: section.start()] if section else docstring
    text = ""
    for paragraph in re.split(r"\n[ \t]*\n", body.strip("\n")):
        if paragraph[:1] in (" ", "\t"):
            break
        lines = [line.strip() for line in paragraph.splitlines() if not SIGNATURE.match(line)]
        words = QUOTED_WORD.sub(r"\2", ROLE.sub(r"\1", " ".join(lines)))
        for sentence in SENTENCE_END.split(words) if words else ():
            if sentence[-1:] not in (".", "!", "?"):
                # Only a title may lack its full stop.
                sentence = "" if text or DANGLING.search(sentence) else f"{sentence}."
            longer = f"{text} {sentence}".strip()
            if not sentence or NOT_PROSE.search(sentence) or len(PIECE.findall(longer)) > MAX_PIECES:
                return text
            text = longer
    return text


def without_label_words(text: str, label: str) -> str:
    """Take the names of the packages and the words of the label, in any form, out of a text.

    >>> without_label_words("SciPy filters (by Signals) a non-signal series.", "scipy.signal")
    'filters (by) a series.'
    """
    text = _label_words(label).sub("", text)
    text = re.sub(r"\s+", " ", re.sub(r"\([^\w]*\)", "", text))
    # Marks that have lost their word go to the word before, and one of them is enough.
    text = re.sub(r"\s+(?=[.,;:!?)])", "", text)
    return re.sub(r"(?<=[.!?])[.,;:]+", "", text).lstrip(" .,;:").rstrip()


@cache
def _label_words(label: str) -> re.Pattern[str]:
    """Match each word that is, for stems of four letters and more: that holds, a stem of the label."""
    stems = (*PACKAGE_STEMS, *LABELS[label])
    forms = [rf"[\w-]*{stem}[\w-]*" if len(stem) >= 4 else rf"(?<![\w-]){stem}(?![\w-])" for stem in stems]
    return re.compile(rf"(?:{'|'.join(forms)})(?:'s\b)?", re.IGNORECASE)


def _docstrings(label: str) -> Iterator[str]:
    """The docstrings of a subpackage, file by file in the order of their names."""
    package, *folders = label.split(".")
    root = _source_folder(package).joinpath(*folders)
    for path in sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).parts):
        if NOT_PROSE_FOLDERS.isdisjoint(path.relative_to(root).parts):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # invalid escapes in others' strings
                    tree = ast.parse(path.read_bytes())
            except (SyntaxError, ValueError):
                continue
            yield from _documented(tree)


def _documented(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """The docstring of a node and of the public classes, functions and methods in its body."""
    docstring = ast.get_docstring(node)
    if docstring:
        yield docstring
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and child.name[0] != "_":
            yield from _documented(child)


def _source_folder(package: str) -> Path:
    # For a top-level name, find_spec looks the package up without importing it.
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise _not_installed(package)
    return Path(spec.origin).parent


def _installed_version(package: str) -> str:
    try:
        return version(PACKAGES[package])
    except PackageNotFoundError as error:
        raise _not_installed(package) from error


def _not_installed(package: str) -> AuxtaskError:
    return AuxtaskError(
        f"package '{package}', which the docstrings data set is made of, is not installed; "
        f"pip install {PACKAGES[package]}"
    )
