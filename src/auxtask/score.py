"""Score a data set into the cache and show what surprises the vanilla model: `python -m auxtask.score`."""

from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table

from auxtask.cli import run_command
from auxtask.data.encoding import encode
from auxtask.likelihood.scorer import PLLScorer
from auxtask.likelihood.surprise import surprising_words
from auxtask.model.precision import choose_dtype
from auxtask.plot.heatmap import mask_heatmap


def score(config: DictConfig) -> None:
    """Score the splits, print counts, speed and the most surprising words, and a heat map if asked for."""
    dataset = instantiate(config.dataset)
    cache = Path(config.paths.cache) / "scores"
    scorer = PLLScorer.from_pretrained(
        config.model.name,
        metric=config.metric,
        max_length=config.model.max_length,
        cache=cache,
        stride=config.scoring.stride,
        dtype=choose_dtype(config.scoring.dtype),
    )
    console = Console()
    for split in config.splits:
        encoded = scorer.annotate(encode(dataset[split], scorer.tokenizer, config.model.max_length))
        summary = scorer.summary
        assert summary is not None
        console.print(
            f"{split}: {summary.documents:,} documents, {summary.tokens:,} tokens, "
            f"{summary.cached_tokens:,} of them known before; "
            f"{summary.tokens / summary.seconds:,.0f} tokens/s, {summary.seconds:.1f} s",
            highlight=False,
        )
        table = Table(title=f"most surprising words of {dataset.name}, {split}", title_justify="left")
        for column in ("word", "count", "mean surprisal, nats"):
            table.add_column(column, justify="left" if column == "word" else "right")
        for word in surprising_words(encoded, scorer.tokenizer, limit=config.words):
            table.add_row(word.word, f"{word.count:,}", f"{word.surprisal:.2f}")
        console.print(table)
    if config.heatmap is not None:
        [scores] = scorer.score([dataset["train"]["text"][config.heatmap]])
        console.print(mask_heatmap(scores, target=config.mask_rate))
    print(f"scores: {cache}")


if __name__ == "__main__":
    run_command("score", score)
