"""What a model name stands for, told without loading the model."""

import hashlib
from importlib.resources import files
from pathlib import Path

from auxtask.errors import AuxtaskError

# What decides on the numbers: weights, configuration, tokenizer; a model card does not.
WEIGHTS_AND_TOKENIZER = {".safetensors", ".bin", ".json", ".txt", ".model"}


def resolve(name: str | Path) -> str:
    """Turn a model name into what `from_pretrained` accepts.

    Args:
        name: `tiny` (the encoder shipped with auxtask), a local folder, or an id of the Hugging Face hub.

    Returns:
        The path of the shipped folder for `tiny`; the name itself otherwise.

    Raises:
        AuxtaskError: the name looks like a path and no such folder exists.

    >>> resolve("FacebookAI/roberta-base"), Path(resolve("tiny")).name
    ('FacebookAI/roberta-base', 'tiny')
    """
    name = str(name)
    if name == "tiny":
        return str(files("auxtask") / "assets" / "tiny")
    if name.startswith((".", "/", "~")) and not Path(name).expanduser().is_dir():
        raise AuxtaskError(f"model {name!r}: no such folder; give an existing one, a hub id, or model=tiny")
    return str(Path(name).expanduser()) if name.startswith("~") else name


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
