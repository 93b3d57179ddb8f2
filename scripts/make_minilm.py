"""Pack a masked language model that was trained from all-MiniLM-L6-v2 into the update that auxtask ships.

    python -m auxtask.pretrain recipe=minilm 'data.train=[FILE, ...]' data.valid=FILE output=runs/minilm
    python scripts/make_minilm.py runs/minilm/model

writes src/auxtask/assets/minilm/update.safetensors: the head, biases and norms as they are, and of the matrices
that changed the singular directions that hold most of the change. `model=minilm` is the sentence encoder and this
update.
"""

import argparse
from pathlib import Path

from safetensors.numpy import load_file, save_file

from auxtask.model.low_rank import apply_update, low_rank_update
from auxtask.model.minilm import base_file, base_weights

ASSETS = Path(__file__).parents[1] / "src" / "auxtask" / "assets" / "minilm"


def main() -> None:
    """Pack, and say how large the update is and how much of the change it holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="folder of the trained masked language model")
    parser.add_argument("--megabytes", type=float, default=2.9, help="size of the update")
    parser.add_argument("--output", type=Path, default=ASSETS / "update.safetensors")
    arguments = parser.parse_args()
    base, trained = (
        base_weights(load_file(base_file("model.safetensors"))),
        load_file(arguments.model / "model.safetensors"),
    )
    update = low_rank_update(base, trained, round(arguments.megabytes * 1e6))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    save_file(update, arguments.output)
    restored = apply_update(base, update)
    changed = missed = 0.0
    for name, weight in trained.items():
        if name in base:
            changed += float(((weight - base[name]).astype(float) ** 2).sum())
            missed += float(((weight - restored[name]).astype(float) ** 2).sum())
    print(
        f"{arguments.output}: {arguments.output.stat().st_size / 1e6:.2f} MB, "
        f"{1 - missed / changed:.1%} of the squared change of the layers"
    )


if __name__ == "__main__":
    main()
