"""Whole files or none: everything auxtask writes appears under its final name complete."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from auxtask.errors import AuxtaskError

LONGEST_FOLDER_NAME = 255  # bytes, on every usual file system


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is renamed to `path`, on any error removed.

    Args:
        path: the final name; its folder is made where missing.

    Yields:
        A path in the same folder, so that the rename stays on one file system and is atomic.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "scores.txt"
    >>> with atomic_path(target) as temporary:
    ...     _ = temporary.write_text("whole")
    >>> target.read_text()
    'whole'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files for their owner alone; give them what the user's umask says.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def check_folder(setting: str, path: str | Path) -> None:
    """Refuse a folder that cannot be made, because a file lies in its place or above it.

    Args:
        setting: what names the folder, for the message.
        path: the folder; it need not exist.

    Raises:
        AuxtaskError: there is a file.

    >>> check_folder("paths.runs", __file__)
    Traceback (most recent call last):
    auxtask.errors.AuxtaskError: paths.runs=...files.py': ...files.py' is a file; choose a folder
    """
    for place in (Path(path), *Path(path).parents):
        if place.is_dir():
            return
        if place.exists() or place.is_symlink():
            raise AuxtaskError(f"{setting}='{path}': '{place}' is a file; choose a folder")


def check_file(setting: str, path: str | Path) -> None:
    """Refuse a file that cannot be written, because a folder lies in its place or a file above it.

    Args:
        setting: what names the file, for the message.
        path: the file; it need not exist.

    Raises:
        AuxtaskError: there is a folder, or a file above.

    >>> check_file("histogram", ".")
    Traceback (most recent call last):
    auxtask.errors.AuxtaskError: histogram='.' is a folder; choose a file
    """
    if Path(path).is_dir():
        raise AuxtaskError(f"{setting}='{path}' is a folder; choose a file")
    check_folder(setting, Path(path).parent)


def folder_name(what: str, name: str) -> str:
    """Refuse what cannot be the name of one folder inside another.

    Args:
        what: is named, for the message.
        name: its name.

    Returns:
        The name.

    Raises:
        AuxtaskError: the name is empty, `.` or `..`, holds a separator or a null character, or is too long.

    >>> folder_name("dataset.name", "../../x")
    Traceback (most recent call last):
    auxtask.errors.AuxtaskError: dataset.name='../../x' names a folder of runs and holds '/'; use a plain name
    """
    forbidden = next((sign for sign in ("/", "\\", "\0") if sign in name), None)
    if forbidden is not None:
        reason = f"holds {forbidden!r}"
    elif name in {"", ".", ".."}:
        reason = "would be no folder of its own"
    elif len(os.fsencode(name)) > LONGEST_FOLDER_NAME:
        name, reason = f"{name[:20]}...", f"has more than {LONGEST_FOLDER_NAME} bytes"
    else:
        return name
    raise AuxtaskError(f"{what}={name!r} names a folder of runs and {reason}; use a plain name")


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as indented JSON to `path`, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_json_lines(path: str | Path, rows: list[dict[str, Any]]) -> None:
    """Write one JSON object a line to `path`, whole or not at all."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows))


def config_folder() -> Path:
    """Find the configs: inside the installed package, or beside `src` in a checkout.

    Returns:
        The absolute path of the folder that holds `train.yaml` and the config groups.

    >>> (config_folder() / "base.yaml").is_file()
    True
    """
    package = Path(__file__).resolve().parents[1]
    installed = package / "configs"
    return installed if installed.is_dir() else package.parents[1] / "configs"
