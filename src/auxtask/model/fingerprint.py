"""Which content a model name stands for, told without loading the weights."""

import hashlib
from pathlib import Path

from auxtask.model.names import resolve

# What decides on the numbers: weights, configuration, tokenizer; a model card does not.
WEIGHTS_AND_TOKENIZER = {".safetensors", ".bin", ".json", ".txt", ".model"}


def fingerprint(name: str | Path) -> str:
    """Identify the content of a vanilla encoder.

    Args:
        name: as for `resolve`.

    Returns:
        For a folder the SHA-256 (hex) over its weights, configuration and tokenizer; for a hub id the commit
        that is loaded.

    Raises:
        AuxtaskError: there is no such folder, or the hub does not answer and nothing of it is kept here.
    """
    folder = Path(resolve(name))
    if not folder.is_dir():
        # Imported here because it is slow, and a local model does without.
        from auxtask.model.loading import load_config

        return str(load_config(name)._commit_hash)
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in WEIGHTS_AND_TOKENIZER:
            digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
