"""Measure what a vanilla encoder knows of general English and of the domains, beside unigrams and bigrams.

    python scripts/bench_encoder.py --general FILE --stream runs/pretrain/train.bin --data acl_arc ohsumed r8

The count models are counted on the token stream that the encoder was trained on (`output/train.bin` of
`auxtask.pretrain`) and asked for the very tokens that the encoder is asked for, 15 % of each text.
"""

import argparse
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from hydra import compose, initialize_config_dir

from auxtask.cli.command import quiet_libraries
from auxtask.cli.planning import load_dataset
from auxtask.ground.files import config_folder
from auxtask.masking.random import RTMCollator
from auxtask.model.loading import load_masked_lm, load_tokenizer
from auxtask.pretraining.evaluation import evaluate_counts, evaluate_masked_lm
from auxtask.pretraining.network import MaskedLanguageModeling
from auxtask.pretraining.text import read_documents, token_dtype


def texts_of(name: str, split: str, documents: int) -> list[str]:
    """Read the first documents of a split of a named data set."""
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        config = compose("train", [f"dataset={name}"])
    return list(load_dataset(config)[split]["text"][:documents])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny", help="or any model name or folder")
    parser.add_argument("--general", type=Path, required=True, help="a file of held-out general text")
    parser.add_argument("--stream", type=Path, required=True, help="the token stream it was trained on")
    parser.add_argument("--data", nargs="*", default=["docstrings", "acl_arc", "ohsumed", "r8"])
    parser.add_argument("--documents", type=int, default=400, help="of each text, at most")
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--all-masked", action="store_true", help="no 80/10/10: what is asked for is a mask token")
    arguments = parser.parse_args()
    quiet_libraries()
    tokenizer = load_tokenizer(arguments.model)
    model = MaskedLanguageModeling(load_masked_lm(arguments.model))
    stream = np.memmap(arguments.stream, dtype=token_dtype(tokenizer), mode="r")
    masking = RTMCollator(tokenizer, 0.15, seed=0, mask_replace_prob=1.0 if arguments.all_masked else 0.8)
    texts: dict[str, Sequence[str]] = {
        "general English, held out": list(islice(read_documents([arguments.general]), arguments.documents)),
        **{name: texts_of(name, "test", arguments.documents) for name in arguments.data},
    }
    print("| text | characters a token | encoder | unigram | bigram |")
    print("|---|---|---|---|---|")
    for name, documents in texts.items():
        rows = tokenizer(list(documents), truncation=True, max_length=arguments.max_length)["input_ids"]
        blocks = sorted(({"input_ids": row} for row in rows), key=lambda block: len(block["input_ids"]))
        scores = {
            "encoder": evaluate_masked_lm(model, blocks, masking, batch_size=32),
            **evaluate_counts(stream, blocks, masking, len(tokenizer)),
        }
        whole = tokenizer(list(documents), add_special_tokens=False, verbose=False)["input_ids"]
        characters = sum(map(len, documents)) / sum(map(len, whole))
        cells = [f"{score['loss']:.2f} / {score['accuracy']:.1%}" for score in scores.values()]
        print(f"| {name} | {characters:.2f} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
