"""The real data sets by name: kept as gzipped JSON lines, downloaded where they are not there yet."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auxtask.data.dataset import SPLITS, TextDataset, build_text_dataset
from auxtask.data.readers import Pair, read_pairs
from auxtask.data.splits import validation_tail
from auxtask.errors import AuxtaskError


def load_named(
    name: str,
    data_folder: str | Path,
    *,
    counts: Mapping[str, int] | None,
    text_column: str = "text",
) -> TextDataset:
    folder = Path(data_folder).expanduser() / name
    pairs = {
        split: read_pairs(path, text_column=text_column)
        for split in SPLITS
        if (path := folder / f"{split}.jsonl.gz").exists()
    }
    if "valid" not in pairs:
        documents = pairs["train"]
        train, valid = validation_tail(len(documents))
        pairs |= {"train": [documents[i] for i in train], "valid": [documents[i] for i in valid]}
    return build_text_dataset(pairs, name=name, provenance={"folder": str(folder)})
