"""Many runs as one file: packed for a repository or a colleague, read like the folder they came from."""

import io
import json
import lzma
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from auxtask.errors import AuxtaskError
from auxtask.ground.files import atomic_path
from auxtask.runs.reading import read_runs

ENDING = ".tar.xz"

AS_THEY_ARE = ("metrics.json", "history.jsonl", "environment.json")


def pack_runs(source: str | Path, archive: str | Path) -> int:
    """Pack the small files of every finished run; equal runs give equal bytes.

    Kept are metrics, history, environment, the config without the paths of its machine, and of the predictions
    label and prediction; models and checkpoints stay where they are.

    Args:
        source: a folder of runs.
        archive: the file to write, whole or not at all; its name ends in `.tar.xz`.

    Returns:
        How many runs it holds.

    Raises:
        AuxtaskError: the archive has another ending, or there is no finished run.
    """
    source, archive = Path(source), Path(archive)
    if not archive.name.endswith(ENDING):
        raise AuxtaskError(
            f"archive '{archive}' has another ending than {ENDING}; name it for example runs{ENDING}"
        )
    runs = read_runs(source).runs
    if not runs:
        raise AuxtaskError(f"no finished run in '{source}'; python -m auxtask.train makes one")
    with atomic_path(archive) as temporary, tarfile.open(temporary, "w:xz", preset=9) as packed:
        for run in runs:
            for name, content in sorted(_small_files(source / run.path).items()):
                # No times, owners or modes: they say nothing about the runs.
                entry = tarfile.TarInfo(f"{run.path}/{name}")
                entry.size = len(content)
                packed.addfile(entry, io.BytesIO(content))
    return len(runs)


def _small_files(run: Path) -> dict[str, bytes]:
    files = {name: (run / name).read_bytes() for name in AS_THEY_ARE if (run / name).exists()}
    config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    # Where things lay on the machine of the runs tells nobody else anything.
    config.pop("paths", None)
    config["dataset"].pop("data_folder", None)
    files["config.yaml"] = yaml.safe_dump(config, sort_keys=False, allow_unicode=True).encode()
    if (predictions := run / "predictions.jsonl").exists():
        rows = map(json.loads, predictions.read_text(encoding="utf-8").splitlines())
        kept = ({name: row[name] for name in ("index", "label", "prediction")} for row in rows)
        files[predictions.name] = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept).encode()
    return files


@contextmanager
def opened_runs(path: str | Path) -> Iterator[Path]:
    """Give a folder of runs, whether they lie in one or are packed.

    Args:
        path: a folder, or an archive that `pack_runs` has written.

    Yields:
        The folder itself, or a temporary one with what the archive holds.

    Raises:
        AuxtaskError: the file is no whole archive, or one that would write outside its folder.
    """
    path = Path(path)
    if not path.is_file():
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            with lzma.open(path) as content, tarfile.open(fileobj=content) as packed:
                packed.extractall(folder, filter="data")
                # The checksum of the whole stands behind the last file.
                while content.read(2**20):
                    pass
        except (tarfile.TarError, lzma.LZMAError, EOFError, OSError) as error:
            raise AuxtaskError(
                f"'{path}' is no whole archive of runs ({error}); give a folder of runs or a file of pack_runs"
            ) from error
        yield Path(folder)
