"""Score a data set into the cache and show what surprises the vanilla model: `python -m auxtask.score`."""

import math
from pathlib import Path

import numpy as np
from hydra.utils import instantiate
from omegaconf import DictConfig
from rich.console import Console

from auxtask.cli.command import run_command
from auxtask.data.encoding import encode
from auxtask.data.padding import add_token_column
from auxtask.data.segmenters import find_segmenter
from auxtask.errors import AuxtaskError
from auxtask.ground.escaping import terminal_text
from auxtask.ground.files import check_file
from auxtask.ground.machine import is_main_process, share_of_cores
from auxtask.likelihood.cache import cache_size
from auxtask.likelihood.scorer import PLLScorer
from auxtask.likelihood.scores import ScoringSummary, pseudo_perplexity
from auxtask.likelihood.surprise import surprising_words, words_by_score, words_table
from auxtask.model.precision import choose_dtype
from auxtask.plot.heatmap import mask_heatmap
from auxtask.plot.histogram import likelihood_histogram
from auxtask.plot.saving import FIGURE_ENDINGS, save_figure
from auxtask.tables.terminal import to_terminal

# What each measures of a token, with its unit.
UNCERTAINTIES = {"entropy": "entropy, nats", "gini": "Gini index"}


def score(config: DictConfig) -> None:
    """Score the splits; print counts, speed and the most surprising words; draw the pictures asked for."""
    dataset = instantiate(config.dataset)
    _check_pictures(config, len(dataset["train"]))
    cache = Path(config.paths.cache) / "scores"
    scorer = PLLScorer.from_pretrained(
        config.model.name,
        metric=config.metric,
        max_length=config.model.max_length,
        cache=cache,
        stride=config.scoring.stride,
        segmenter=find_segmenter(instantiate(config.scoring).words),
        dtype=choose_dtype(config.scoring.dtype),
    )
    # Every process of a launch has all scores; one of them tells.
    console = Console(quiet=not is_main_process())
    likelihoods = {}
    for split in config.splits:
        max_length = config.model.max_length if config.long == "truncate" else None
        documents = encode(dataset[split], scorer.tokenizer, max_length, segmenter=scorer.segmenter)
        with share_of_cores(Path(config.paths.cache) / "workers"):
            values = scorer.token_values(documents, config.functional)
        assert scorer.summary is not None
        if config.functional == "likelihood":
            likelihoods[split] = np.exp(values)
            with np.errstate(divide="ignore"):
                summed_up = f"pseudo-perplexity {pseudo_perplexity(np.log(likelihoods[split])):,.1f}"
            encoded = add_token_column(documents, "likelihoods", likelihoods[split])
            words = surprising_words(encoded, scorer.tokenizer, limit=config.words)
            table = words_table(words, f"{dataset.name}, {split}")
        else:
            measured = UNCERTAINTIES[config.functional]
            inside = values[~np.isnan(values)]
            summed_up = f"mean {measured} {inside.mean() if len(inside) else math.nan:.3f}"
            words = words_by_score(documents, values, scorer.tokenizer, limit=config.words)
            table = words_table(words, f"{dataset.name}, {split}", "uncertain", measured)
        said = f"{split}: {counts(scorer.summary)}; {summed_up}"
        console.print(terminal_text(said), soft_wrap=True)
        console.print(to_terminal(table))
    if is_main_process() and config.histogram is not None:
        save_figure(likelihood_histogram(likelihoods), config.histogram)
        console.print(terminal_text(f"histogram: {config.histogram}"), soft_wrap=True)
    if config.heatmap is not None:
        document = dataset["train"].select([config.heatmap])
        [scores] = scorer.score(document["text"])
        priorities = None
        if config.functional != "likelihood":
            encoded = encode(document, scorer.tokenizer, None, segmenter=scorer.segmenter)
            values = scorer.token_values(encoded, config.functional)
            priorities = values[~np.isnan(values)]
        heatmap = mask_heatmap(scores, config.mask_rate, config.palette, priorities)
        console.print(heatmap)
        if is_main_process() and config.heatmap_file is not None:
            heatmap.save(config.heatmap_file)
    shards, size = cache_size(cache)
    console.print(terminal_text(f"scores: {cache}, {shards:,} shards, {size / 1e6:,.1f} MB"), soft_wrap=True)


def _check_pictures(config: DictConfig, documents: int) -> None:
    """Refuse pictures that could not be made or saved, before anything is scored."""
    for setting, endings in (("histogram", FIGURE_ENDINGS), ("heatmap_file", (".html", *FIGURE_ENDINGS))):
        if (path := config[setting]) is not None:
            check_file(setting, path)
            if Path(path).suffix.lower() not in endings:
                raise AuxtaskError(f"{setting}='{path}' has no ending of a picture; use {' or '.join(endings)}")
    if config.histogram is not None and config.functional != "likelihood":
        raise AuxtaskError(
            f"histogram='{config.histogram}' shows likelihoods, and functional={config.functional} is none; "
            "leave one of the two out"
        )
    if config.heatmap is not None and not 0 <= config.heatmap < documents:
        raise AuxtaskError(f"heatmap={config.heatmap} is no training document; they are 0 to {documents - 1}")


def counts(summary: ScoringSummary) -> str:
    """Say how much was scored, how much of it the cache knew, and how fast it went."""
    return (
        f"{summary.documents:,} documents, {summary.tokens:,} tokens, "
        f"{summary.cached_documents:,} documents and {summary.cached_tokens:,} tokens of them known before; "
        f"{summary.tokens / summary.seconds:,.0f} tokens/s, {summary.seconds:.1f} s"
    )


if __name__ == "__main__":
    run_command("score", score)
