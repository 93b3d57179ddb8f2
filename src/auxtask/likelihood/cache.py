"""Scores on disk, addressed by content: written in shards as scoring goes, safe with many writers."""

import json
import time
import uuid
import warnings
import zipfile
from pathlib import Path

import numpy as np
import torch
import xxhash
from numpy.typing import NDArray
from transformers import PreTrainedModel

from auxtask.ground.files import atomic_path

# Fields of a configuration that say where a model came from and not what it computes.
_PROVENANCE = {"_name_or_path", "architectures", "dtype", "transformers_version"}


def weights_hash(model: PreTrainedModel) -> str:
    """Identify what a model computes: XXH3 (128 bits, hex) over its class, configuration and weights.

    Weights in another precision are other weights. Taken at every call of a scorer, since weights may have
    changed in between; SHA-256 would take some ten times as long.
    """
    config = {name: value for name, value in model.config.to_diff_dict().items() if name not in _PROVENANCE}
    digest = xxhash.xxh3_128(json.dumps([type(model).__name__, config], sort_keys=True, default=str).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def cache_size(folder: Path) -> tuple[int, int]:
    """Count what a cache holds, the scores of all models and metrics together.

    Args:
        folder: the cache; it need not exist.

    Returns:
        Shards, and bytes.

    >>> cache_size(Path("no such folder"))
    (0, 0)
    """
    sizes = [path.stat().st_size for path in folder.glob("*/[!.]*.npz")]
    return len(sizes), sum(sizes)


class ScoreCache:
    """The scores of one scorer, by document.

    Every shard is a `.npz` file under a name of its own, renamed into place when whole, so that any number of
    processes can write at once and a killed one loses at most what it had not yet written. The checksums of
    the format tell a damaged shard; such a one is removed with a warning, so that its documents are computed
    again and written anew.

    Args:
        folder: where the shards lie; made where missing.
        scorer_key: what the scores depend on beside the document; shards of another key are foreign.
        seconds_per_shard: how long scores are gathered before they are written.
    """

    def __init__(self, folder: Path, scorer_key: str, seconds_per_shard: float = 20.0) -> None:
        self.folder = folder
        self.scorer_key = scorer_key
        self.seconds_per_shard = seconds_per_shard
        self._unwritten: dict[bytes, NDArray[np.float32]] = {}
        self._last_write = time.monotonic()

    def read(self) -> dict[bytes, NDArray[np.float32]]:
        """Read the scores on disk by document key; damaged and foreign shards are removed with a warning."""
        known: dict[bytes, NDArray[np.float32]] = {}
        for path in sorted(self.folder.glob("[!.]*.npz")):
            try:
                known.update(self._read_shard(path))
            except FileNotFoundError:
                # Another process has just removed it.
                continue
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
                if isinstance(error, OSError) and error.errno is not None:
                    # The system would not read it: that says nothing of what is in it.
                    raise
                warnings.warn(
                    f"score cache: {path} is damaged or foreign ({error}) and is removed; "
                    "its documents are scored again",
                    stacklevel=2,
                )
                path.unlink(missing_ok=True)
        return known

    def add(self, key: bytes, scores: NDArray[np.float32]) -> None:
        """Take the scores of a document, float32 of shape (tokens,); write a shard when one is due."""
        self._unwritten[key] = scores
        if time.monotonic() - self._last_write >= self.seconds_per_shard:
            self.flush()

    def __enter__(self) -> "ScoreCache":
        # What cannot be written is said before anything is computed.
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *exception: object) -> None:
        self.flush()

    def flush(self) -> None:
        """Write what is not yet on disk as one shard."""
        if self._unwritten:
            scores = list(self._unwritten.values())
            with atomic_path(self.folder / f"{uuid.uuid4().hex}.npz") as temporary:
                np.savez(
                    temporary,
                    scorer=np.array(self.scorer_key),
                    keys=np.frombuffer(b"".join(self._unwritten), dtype=np.uint8).reshape(-1, 32),
                    offsets=np.cumsum([0, *map(len, scores)], dtype=np.int64),
                    scores=np.concatenate(scores),
                )
            self._unwritten.clear()
        self._last_write = time.monotonic()

    def _read_shard(self, path: Path) -> dict[bytes, NDArray[np.float32]]:
        with np.load(path, allow_pickle=False) as shard:
            scorer, keys, offsets, scores = (shard[name] for name in ("scorer", "keys", "offsets", "scores"))
        if scorer != self.scorer_key:
            raise ValueError("it belongs to another scorer")
        slices = np.split(scores, offsets[1:-1])
        return {bytes(key): values for key, values in zip(keys, slices, strict=True)}
