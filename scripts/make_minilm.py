"""Pack a masked language model that was trained from all-MiniLM-L6-v2 into the update that auxtask ships.

    python -m auxtask.pretrain recipe=minilm 'data.train=[FILE, ...]' data.valid=FILE output=runs/minilm
    python scripts/make_minilm.py runs/minilm/model --train FILE ... --valid FILE --output runs/packed

First the update is found: the head, biases and norms as they are, and of the matrices that changed the singular
directions that hold most of the change, in 4 bits. Then it learns on, as what it is: the loss is that of the model
with the packed update, and gradients pass through the rounding as though it were none (Bengio et al. 2013). The
result, `update.safetensors` in the output, goes to src/auxtask/assets/minilm: `model=minilm` is the sentence
encoder and this update.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from torch import Tensor, nn
from torch.nn.utils import parametrize
from transformers import PreTrainedModel
from transformers import PreTrainedTokenizerBase as Tokenizer

from auxtask.cli.command import plain, quiet_libraries
from auxtask.ground.files import config_folder
from auxtask.ground.machine import keep_freed_memory
from auxtask.model.low_rank import LEFT, LEVELS, RIGHT, SCALE, apply_update, low_rank_update, packed, unpacked
from auxtask.model.minilm import base_file, base_weights
from auxtask.pretrain import RECIPE
from auxtask.pretraining.recipe import Recipe, pretrain
from auxtask.pretraining.start import FromModel

# Steps of a factor for one of its parameters: so its numbers change as fast as biases and norms at the same rate.
STEPS_PER_UNIT = 100.0
# What differs from the recipe of the training before.
LEARNING_ON = (
    "recipe=minilm",
    "trainer.lr_scheduler_type=linear",
    "~trainer.lr_scheduler_kwargs",
    "trainer.learning_rate=3.0e-4",
    "trainer.warmup_steps=300",
    "trainer.per_device_train_batch_size=32",
    "+trainer.torch_compile=true",
    "masking.mask_rate=0.2",
    "masking.seed=4",
    "trainer.seed=4",
    "data.train=[]",
)


class PackedChange(nn.Module):
    """A matrix and the packed update that is added to it; `torch.nn.utils.parametrize` calls it with the matrix.

    Args:
        left, right: whole steps, (rank, rows) and (rank, columns).
        scale: of each direction, (rank,).
    """

    def __init__(self, left: NDArray[Any], right: NDArray[Any], scale: NDArray[Any]) -> None:
        super().__init__()
        self.left, self.right = (
            nn.Parameter(torch.from_numpy(each / STEPS_PER_UNIT).float()) for each in (left, right)
        )
        self.gain = nn.Parameter(torch.ones(len(scale)))
        self.register_buffer("scale", torch.from_numpy(scale).float())

    def forward(self, matrix: Tensor) -> Tensor:
        """Add the update as it would be packed."""
        return matrix + (rounded(self.left) * (self.gain * self.scale)[:, None]).T @ rounded(self.right)

    def arrays(self) -> list[NDArray[Any]]:
        """Give left and right as they are packed, and the scale."""
        whole = [rounded(each).detach().numpy().astype(np.int64) for each in (self.left, self.right)]
        return [packed(whole[0]), packed(whole[1]), (self.gain * self.scale).detach().numpy()]


def rounded(steps: Tensor) -> Tensor:
    """Round to whole steps; the gradient passes as though nothing were rounded."""
    exact = steps * STEPS_PER_UNIT
    return exact + (exact.round().clamp(-LEVELS, LEVELS) - exact).detach()


@dataclass
class FromUpdate(FromModel):
    """The sentence encoder with a packed update, which is all that learns; see `FromModel`.

    Args:
        update: as `low_rank_update` gives it.
    """

    update: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def make_network(self, tokenizer: Tokenizer, stream: Any, *, fresh: bool) -> PreTrainedModel:
        masked_lm = super().make_network(tokenizer, stream, fresh=fresh)
        base = base_weights(load_file(base_file("model.safetensors")))
        state = apply_update(base, self.update)
        masked_lm.load_state_dict({name: torch.from_numpy(each) for name, each in state.items()}, strict=False)
        masked_lm.tie_weights()
        self.changes = {}
        for name in [each.removesuffix(LEFT) for each in self.update if each.endswith(LEFT)]:
            owner, _, weight = name.rpartition(".")
            module = masked_lm.get_submodule(owner)
            getattr(module, weight).data.copy_(torch.from_numpy(base[name]))
            getattr(module, weight).requires_grad_(False)
            left, right = (
                unpacked(self.update[name + part], size)
                for part, size in zip((LEFT, RIGHT), base[name].shape, strict=True)
            )
            self.changes[name] = PackedChange(left, right, self.update[name + SCALE])
            parametrize.register_parametrization(module, weight, self.changes[name])
        return masked_lm

    def finish(self, masked_lm: PreTrainedModel) -> None:
        super().finish(masked_lm)
        learned: dict[str, Any] = {}
        for name, change in self.changes.items():
            learned |= dict(zip((name + LEFT, name + RIGHT, name + SCALE), change.arrays(), strict=True))
            owner, _, weight = name.rpartition(".")
            parametrize.remove_parametrizations(masked_lm.get_submodule(owner), weight)
        state = masked_lm.state_dict()
        others = [name for name in self.update if not name.endswith((LEFT, RIGHT, SCALE))]
        self.update = learned | {name: state[name].numpy().astype(np.float16) for name in others}


def learn_on(update: Mapping[str, NDArray[Any]], arguments: argparse.Namespace) -> Mapping[str, NDArray[Any]]:
    """Train a packed update by the recipe of `minilm`, from a small learning rate to none."""
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        settings = plain(compose("pretrain", [*LEARNING_ON, f"trainer.max_steps={arguments.steps}"]))
    start = FromUpdate(
        str(base_file("model.safetensors").parent),
        "layers",
        config_overrides=settings["config_overrides"],
        update=update,
    )
    recipe = Recipe(start, **{name: settings[name] for name in RECIPE})
    pretrain(recipe, arguments.train, arguments.valid, arguments.output)
    return start.update


def pack(trained: Mapping[str, NDArray[Any]], num_bytes: int) -> Mapping[str, NDArray[Any]]:
    """Sum up what training changed, and say how much of the change is held."""
    base = base_weights(load_file(base_file("model.safetensors")))
    update = low_rank_update(base, trained, num_bytes)
    restored = apply_update(base, update)
    changed = missed = 0.0
    for name, weight in trained.items():
        if name in base:
            changed += float(((weight - base[name]).astype(float) ** 2).sum())
            missed += float(((weight - restored[name]).astype(float) ** 2).sum())
    print(f"it holds {1 - missed / changed:.1%} of the squared change of the layers", flush=True)
    return update


def main() -> None:
    """Pack where that is to be done, train the update where there is text, and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "model", type=Path, help="folder of the trained masked language model, or an update that goes on"
    )
    parser.add_argument("--megabytes", type=float, default=2.9, help="size of the update")
    parser.add_argument("--train", nargs="*", default=[], help="text files on which it learns on")
    parser.add_argument("--valid", nargs="*", default=None, help="text files that are held out")
    parser.add_argument("--steps", type=int, default=3000, help="of learning on, 32 blocks of 128 tokens each")
    parser.add_argument("--output", type=Path, default=Path("runs/packed"), help="folder of the update")
    arguments = parser.parse_args()
    quiet_libraries()
    keep_freed_memory()
    if arguments.model.is_file():
        update: Mapping[str, Any] = load_file(arguments.model)
    else:
        update = pack(load_file(arguments.model / "model.safetensors"), round(arguments.megabytes * 1e6))
    if arguments.train:
        update = learn_on(update, arguments)
    path = arguments.output / "update.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(each) for name, each in update.items()}, path)
    print(f"update: {path}, {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
