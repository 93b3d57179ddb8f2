"""Fetch the files of a public source and hold them to their SHA-256."""

import hashlib
import http.client
import shutil
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from tqdm.auto import tqdm

from auxtask.errors import AuxtaskError

Fetch = Callable[[str, Path], None]


def fetch_url(url: str, path: Path) -> None:
    """Download a URL into a file, with a progress bar.

    Args:
        url: an http, https or file URL.
        path: the file to write.

    Raises:
        OSError: there is no network, the server refuses or stops half-way, or the disk is full.
    """
    try:
        with urllib.request.urlopen(url, timeout=60) as response, open(path, "wb") as file:
            size = int(response.headers.get("Content-Length") or 0) or None
            with tqdm.wrapattr(response, "read", total=size, desc=Path(url).name, leave=False) as stream:
                shutil.copyfileobj(stream, file, 1 << 20)
    except http.client.HTTPException as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
    # urllib takes a connection that breaks off for the end of the file.
    if size is not None and path.stat().st_size != size:
        raise OSError(f"only {path.stat().st_size:,} of {size:,} bytes arrived")


def fetch_verified(
    urls: Mapping[str, str], folder: Path, *, known: Mapping[str, str], fetch: Fetch = fetch_url
) -> dict[str, Path]:
    """Download the files of a source into a folder and check each against its SHA-256 where one is known.

    Args:
        urls: a URL for each file by its name in the source's yaml.
        folder: where the files go.
        known: SHA-256 (hex) by URL.
        fetch: what downloads one file.

    Returns:
        The path of each file by its name.

    Raises:
        AuxtaskError: a file is not the one expected; the message names both hashes.
        OSError: a file cannot be downloaded.
    """
    files = {}
    for name, url in urls.items():
        files[name] = folder / name
        fetch(url, files[name])
        expect_hash(files[name], known.get(url), url)
    return files


def expect_hash(path: Path, expected: str | None, what: str) -> None:
    """Raise an AuxtaskError that names both hashes where a file has another SHA-256 than expected.

    Args:
        path: the file.
        expected: its SHA-256 (hex), or None where none is known.
        what: how the message names the file.
    """
    if expected is not None and (found := file_hash(path)) != expected:
        raise AuxtaskError(
            f"{what} has SHA-256 {found}, but {expected} was expected; "
            "if the new content is wanted, delete the data set's folder and load it again"
        )


def file_hash(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
