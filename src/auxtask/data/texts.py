"""Texts without labels: what an encoder is adapted to, and what is masked beside the labelled documents."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path

import xxhash
from datasets import Dataset, Value, load_dataset
from datasets.exceptions import DatasetsError

from auxtask.data.copies import text_digests
from auxtask.errors import AuxtaskError
from auxtask.ground.hub_access import ask_hub

# How `datasets` calls the formats.
FORMATS = {".txt": "text", ".jsonl": "json", ".csv": "csv", ".parquet": "parquet"}


@dataclass(frozen=True)
class Texts:
    """Texts without labels, on disk and read as they are needed.

    Args:
        documents: with the one column `text`; none is blank.
        source: where they came from.
        copies: how many were left out because they equal a validation or test document.
    """

    documents: Dataset
    source: str
    copies: int = 0

    @property
    def fingerprint(self) -> str:
        """XXH3 (128 bits, hex) over the texts in order."""
        digest = xxhash.xxh3_128()
        for batch in self.documents.iter(1000):
            for text in batch["text"]:
                encoded = text.encode("utf-8", "surrogatepass")
                digest.update(len(encoded).to_bytes(8, "little") + encoded)
        return str(digest.hexdigest())

    @property
    def line(self) -> str:
        """Say how many texts there are, and how many were left out."""
        left_out = f", {self.copies:,} equal to validation or test documents left out" if self.copies else ""
        return f"{len(self.documents):,} unlabelled texts of {self.source}{left_out}"

    def without(self, held_out: Iterable[str]) -> "Texts":
        """Leave out what equals a document that validates or tests (`auxtask.data.copies.text_key`).

        Args:
            held_out: those documents.

        Raises:
            AuxtaskError: nothing is left.
        """
        known = set(text_digests(held_out))
        kept = self.documents.filter(
            lambda batch: [digest not in known for digest in text_digests(batch["text"])],
            batched=True,
            load_from_cache_file=False,
        )
        if len(kept) == 0:
            raise AuxtaskError(
                f"all {len(self.documents):,} texts of {self.source} stand in the validation or test documents; "
                "give others"
            )
        return replace(self, documents=kept, copies=self.copies + len(self.documents) - len(kept))


def read_texts(path: str | Path, text_column: str = "text") -> Texts:
    """Read texts from a file, or from all files of a folder.

    Args:
        path: a `.txt` file, a text a line; `.jsonl` or `.csv`, each of the three also gzipped (`.txt.gz`, ...);
            `.parquet`; or a folder of files of one of these formats.
        text_column: the column (JSON key) of the text; plain text has none.

    Returns:
        The texts, blank ones left out.

    Raises:
        AuxtaskError: there is nothing, it is of another format or damaged, or lacks the column.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "more.txt"
    >>> _ = path.write_text("a fine film\\n\\na dull film\\n")
    >>> read_texts(path).documents["text"][:]
    ['a fine film', 'a dull film']
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise AuxtaskError(f"'{path}' does not exist; give a file of texts or a folder of them")
    files = sorted(each for each in path.iterdir() if _format(each)) if path.is_dir() else [path]
    formats = {_format(each) for each in files}
    if len(formats) != 1 or None in formats:
        found = f"holds {len(formats)} formats" if formats - {None} else "has an unknown format"
        raise AuxtaskError(
            f"'{path}' {found}; give .txt, .jsonl or .csv, each also with .gz, or .parquet, or a folder of one of "
            "them"
        )
    (kind,) = formats
    try:
        table = load_dataset(str(kind), data_files=[escape(str(each)) for each in files], split="train")
    except (OSError, ValueError, RuntimeError, DatasetsError) as error:
        raise AuxtaskError(f"'{path}' cannot be read ({_reason(error)}); check the file") from error
    return _texts(table, text_column, f"'{path}'")


def read_hub_texts(
    path: str,
    name: str | None = None,
    split: str = "train",
    text_column: str = "text",
    revision: str | None = None,
) -> Texts:
    """Read texts from a data set of the Hugging Face hub, or from a folder laid out like one.

    Args:
        path: its hub id.
        name: which of its configurations.
        split: the name of its split.
        text_column: the column of the text.
        revision: a branch, tag or commit of it.

    Returns:
        The texts, blank ones left out.

    Raises:
        AuxtaskError: it cannot be reached or does not exist, or lacks the column.
    """
    if not Path(path).expanduser().is_dir():
        ask_hub()
    try:
        table = load_dataset(path, name, split=split, revision=revision)
    except (OSError, ValueError, RuntimeError, DatasetsError) as error:
        raise AuxtaskError(
            f"data set '{path}' of the hub cannot be loaded ({type(error).__name__}: {_reason(error)}); check its "
            "name, its split and the network, or give a file"
        ) from error
    return _texts(table, text_column, f"data set '{path}'")


def _texts(table: Dataset, text_column: str, source: str) -> Texts:
    if text_column not in table.column_names:
        names = ", ".join(map(repr, table.column_names))
        raise AuxtaskError(
            f"{source} has no column {text_column!r}, its columns are {names}; name the right one in text_column"
        )
    if table.features[text_column] not in (Value("string"), Value("large_string")):
        raise AuxtaskError(
            f"column {text_column!r} of {source} is not text but {table.features[text_column]}; "
            "name the right one in text_column"
        )
    texts = table.select_columns(text_column).rename_columns({text_column: "text"})
    texts = texts.filter(lambda batch: [bool(text and text.strip()) for text in batch["text"]], batched=True)
    if len(texts) == 0:
        raise AuxtaskError(f"{source} holds no text; give it at least one")
    return Texts(texts, source)


def _format(path: Path) -> str | None:
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if path.name.startswith(".") or (suffix == ".parquet" and path.name.endswith(".gz")):
        return None
    return FORMATS.get(suffix)


def _reason(error: BaseException) -> str:
    # `datasets` says what happened in the error below its own.
    return f"{' '.join(str(error.__cause__ or error).split()):.200}"
