"""Save an encoder's network with random weights and its own tokenizer, to measure what pre-training brings.

python scripts/make_random_encoder.py runs/random-tiny
python -m auxtask.train dataset=r8 aux=stl model.name=runs/random-tiny
"""

import argparse
from pathlib import Path

import torch
from transformers import AutoModelForMaskedLM

from auxtask.model.loading import load_config, load_tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="tiny", help="whose architecture and tokenizer")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    AutoModelForMaskedLM.from_config(load_config(arguments.model)).save_pretrained(arguments.folder)
    load_tokenizer(arguments.model).save_pretrained(arguments.folder)
    print(f"model: {arguments.folder}")


if __name__ == "__main__":
    main()
