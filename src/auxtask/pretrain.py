"""Pre-train a masked language model on plain text: `python -m auxtask.pretrain data.train=...`."""

from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from auxtask.cli.command import plain, run_command
from auxtask.ground.files import write_text
from auxtask.ground.machine import share_of_cores

RECIPE = ("masking", "block_length", "trainer", "head_learning_rate", "saved_dtype")


def pretrain(config: DictConfig) -> None:
    """Make the encoder that the config describes, and say how good it is beside unigrams and bigrams."""
    from auxtask.pretraining.recipe import Recipe
    from auxtask.pretraining.recipe import pretrain as make
    from auxtask.pretraining.start import FromModel, FromText

    settings, output = plain(config), Path(config.output)
    start = (
        FromModel(*(settings[name] for name in ("init", "parts", "lora", "config_overrides")))
        if "init" in settings
        else FromText(settings["tokenizer"], settings["architecture"], instantiate(config.embeddings))
    )
    recipe = Recipe(start, **{name: settings[name] for name in RECIPE})
    data = settings["data"]
    valid_files = None if data["valid"] is None else files(data["valid"])
    with share_of_cores(Path(config.paths.cache) / "workers"):
        metrics = make(recipe, files(data["train"]), valid_files, output)
    told = {name: value for name, value in config.items() if name not in ("data", "output", "paths")}
    write_text(output / "model" / "recipe.yaml", OmegaConf.to_yaml(OmegaConf.create(told), resolve=True))
    if metrics["evaluations"] and metrics["evaluations"][0]["step"] == 0:
        print(_line("before", metrics["evaluations"][0]))
    for name in ("valid", "bigram", "unigram"):
        print(_line(name, metrics[name]))
    print(f"model: {output / 'model'}")


def files(given: Any) -> list[str]:
    """Take one file or a list of them."""
    return [given] if isinstance(given, str) else list(given)


def _line(name: str, scores: dict[str, float]) -> str:
    return f"{name:8} loss {scores['loss']:.3f}   top-1 accuracy {scores['accuracy']:.3f}"


if __name__ == "__main__":
    run_command("pretrain", pretrain)
