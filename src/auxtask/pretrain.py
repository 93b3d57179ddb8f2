"""Pre-train a vanilla masked language model from plain text: `python -m auxtask.pretrain data.train=...`."""

from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from auxtask.cli.command import plain, run_command
from auxtask.ground.files import write_text
from auxtask.ground.machine import share_of_cores

RECIPE = ("tokenizer", "architecture", "masking", "block_length", "trainer")


def pretrain(config: DictConfig) -> None:
    """Make the encoder that the config describes, and say how good it is beside unigrams and bigrams."""
    from auxtask.pretraining.recipe import Recipe
    from auxtask.pretraining.recipe import pretrain as make

    settings, output = plain(config), Path(config.output)
    recipe = Recipe(**{name: settings[name] for name in RECIPE}, embeddings=instantiate(config.embeddings))
    with share_of_cores(Path(config.paths.cache) / "workers"):
        metrics = make(recipe, files(settings["data"]["train"]), files(settings["data"]["valid"]), output)
    told = {name: value for name, value in config.items() if name not in ("data", "output", "paths")}
    write_text(output / "model" / "recipe.yaml", OmegaConf.to_yaml(OmegaConf.create(told), resolve=True))
    for name in ("valid", "bigram", "unigram"):
        print(f"{name:8} loss {metrics[name]['loss']:.3f}   top-1 accuracy {metrics[name]['accuracy']:.3f}")
    print(f"model: {output / 'model'}")


def files(given: Any) -> list[str]:
    """Take one file or a list of them."""
    return [given] if isinstance(given, str) else list(given)


if __name__ == "__main__":
    run_command("pretrain", pretrain)
