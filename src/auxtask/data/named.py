"""The real data sets by name: kept as gzipped JSON lines, downloaded where they are not there yet."""

import json
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from auxtask.data.dataset import SPLITS, Pair, TextDataset, build_text_dataset
from auxtask.data.download import Fetch, expect_hash, fetch_url, fetch_verified, file_hash
from auxtask.data.readers import read_pairs, write_pairs
from auxtask.data.splits import validation_tail
from auxtask.errors import AuxtaskError
from auxtask.ground.files import write_json

Convert = Callable[[Mapping[str, Path]], dict[str, list[Pair]]]

# Beside downloaded files: where they came from and their hashes.
RECORD = "source.json"


def load_named(
    name: str,
    data_folder: str | Path,
    *,
    urls: Mapping[str, str],
    convert: Convert,
    sha256: Mapping[str, str] | None = None,
    counts: Mapping[str, int] | None = None,
    text_column: str = "text",
    fetch: Fetch = fetch_url,
) -> TextDataset:
    """Load a data set from `data_folder/NAME/{train,valid,test}.jsonl.gz`, downloaded first where missing.

    Where there is no file for valid, a tenth of train validates, as the published counts have it
    (`auxtask.data.splits.validation_tail`). The hashes of what was downloaded and made are kept beside the
    files; whoever changes them later is told.

    Args:
        name: the data set's name and folder.
        data_folder: the folder of all data sets.
        urls: the public source, a URL for each of its files.
        convert: from the downloaded files, by their names in `urls`, to each split's (text, label) pairs.
        sha256: SHA-256 (hex) of the source's files by their names in `urls`, as far as they are known.
        counts: published number of documents by split and of `classes`; None to take the files as they are.
        text_column: the JSON key of the text (files of one's own may hold more than one version).
        fetch: what downloads one file.

    Returns:
        The data set.

    Raises:
        AuxtaskError: the files are neither there nor to be had, are not whole, not those once downloaded, or
            not of the published counts.
    """
    folder = Path(data_folder).expanduser() / name
    paths = {split: folder / f"{split}.jsonl.gz" for split in SPLITS}
    missing = [path.name for split, path in paths.items() if split != "valid" and not path.exists()]
    record = _read_record(folder)
    if missing and not record and any(path.exists() for path in paths.values()):
        raise AuxtaskError(
            f"folder {folder} holds a part of data set '{name}' but no {missing[0]}; "
            f"put {missing[0]} there, or remove the folder to download the whole"
        )
    # A record without files is a download that was cut off while its files were written.
    if missing or (record and "files" not in record):
        record = _download(name, folder, urls, convert, sha256 or {}, counts, fetch)
    present = {split: path for split, path in paths.items() if path.exists()}
    for path in present.values():
        expect_hash(path, record.get("files", {}).get(path.name), f"file {path}")
    splits = _with_validation(
        {split: read_pairs(path, text_column=text_column) for split, path in present.items()}
    )
    _check_counts(splits, counts, f"data set '{name}' in {folder}")
    provenance = {
        "files": {path.name: file_hash(path) for path in present.values()},
        "downloads": record.get("downloads", {}),
    }
    return build_text_dataset(splits, name=name, provenance=provenance)


def _download(
    name: str,
    folder: Path,
    urls: Mapping[str, str],
    convert: Convert,
    sha256: Mapping[str, str],
    counts: Mapping[str, int] | None,
    fetch: Fetch,
) -> dict[str, dict[str, str]]:
    """Download, verify, convert and keep a data set; return the record of hashes, which is written last."""
    downloads = _read_record(folder).get("downloads", {})
    known = downloads | {urls[file]: value for file, value in sha256.items()}
    try:
        with tempfile.TemporaryDirectory() as temporary:
            files = fetch_verified(urls, Path(temporary), known=known, fetch=fetch)
            downloads = {url: file_hash(files[file]) for file, url in urls.items()}
            splits = convert(files)
        if not all(splits.values()):
            raise ValueError("no documents found")
    except AuxtaskError:
        raise
    except (tarfile.TarError, EOFError, LookupError, ValueError) as error:
        raise AuxtaskError(
            f"data set '{name}' is laid out otherwise than expected at {' and '.join(urls.values())} "
            f"({' '.join(str(error).split()):.100}); put train.jsonl.gz and test.jsonl.gz in {folder} by hand"
        ) from error
    except OSError as error:
        raise AuxtaskError(
            f"data set '{name}' is not in {folder} and cannot be downloaded from "
            f"{' and '.join(urls.values())} ({error}); put train.jsonl.gz and test.jsonl.gz with lines of "
            '{"text": ..., "label": ...} there, or work offline with: '
            "python -m auxtask.train dataset=docstrings"
        ) from error
    _check_counts(_with_validation(splits), counts, f"data set '{name}' as downloaded")
    # The hashes of the downloads come before the files, so that a kill in between leaves no unknown files.
    write_json(folder / RECORD, {"downloads": downloads})
    for split, pairs in splits.items():
        write_pairs(folder / f"{split}.jsonl.gz", pairs)
    made = {f"{split}.jsonl.gz": file_hash(folder / f"{split}.jsonl.gz") for split in splits}
    record = {"downloads": downloads, "files": made}
    write_json(folder / RECORD, record)
    return record


def _read_record(folder: Path) -> dict[str, dict[str, str]]:
    path = folder / RECORD
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _with_validation(splits: Mapping[str, list[Pair]]) -> dict[str, list[Pair]]:
    if "valid" in splits:
        return dict(splits)
    documents = splits["train"]
    train, valid = validation_tail(len(documents))
    return {**splits, "train": [documents[i] for i in train], "valid": [documents[i] for i in valid]}


def _check_counts(splits: Mapping[str, list[Pair]], counts: Mapping[str, int] | None, what: str) -> None:
    found = {split: len(splits[split]) for split in SPLITS}
    found["classes"] = len({label for _, label in splits["train"]})
    if counts is not None and found != dict(counts):
        raise AuxtaskError(
            f"{what} has {_shown(found)}, but the published one has {_shown(counts)}; "
            "put the published files there, or take these as they are with dataset.counts=null"
        )


def _shown(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {key}" for key, number in counts.items())
