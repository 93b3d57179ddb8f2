"""What a model name stands for, told without loading the model."""

from importlib.resources import files
from pathlib import Path

from auxtask.errors import AuxtaskError


def resolve(name: str | Path) -> str:
    """Turn a model name into what `from_pretrained` accepts.

    Args:
        name: `tiny` (the encoder shipped with auxtask), `minilm` (see `auxtask.model.minilm`), a local folder, or
            an id of the Hugging Face hub.

    Returns:
        The path of a folder for `tiny` and `minilm`, which is put together the first time; else the name itself.

    Raises:
        AuxtaskError: the name looks like a path and no such folder exists, or the weights of `minilm` are nowhere.

    >>> resolve("FacebookAI/roberta-base"), Path(resolve("tiny")).name
    ('FacebookAI/roberta-base', 'tiny')
    """
    name = str(name)
    if name == "tiny":
        return str(files("auxtask") / "assets" / "tiny")
    if name == "minilm":
        # Imported here because every other model does without.
        from auxtask.model.minilm import minilm_folder

        return str(minilm_folder())
    if name.startswith((".", "/", "~")) and not Path(name).expanduser().is_dir():
        raise AuxtaskError(f"model {name!r}: no such folder; give an existing one, a hub id, or model=tiny")
    return str(Path(name).expanduser()) if name.startswith("~") else name
