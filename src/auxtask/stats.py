"""Count a data set's documents and classes: `python -m auxtask.stats dataset=r8`."""

from hydra.utils import instantiate
from omegaconf import DictConfig
from tqdm import tqdm

from auxtask.cli.command import run_command
from auxtask.data.counts import counts_line, document_counts, token_counts
from auxtask.data.dataset import TextDataset
from auxtask.data.encoding import encode
from auxtask.data.intake import intake_line
from auxtask.data.statistics import dataset_statistics, first_texts
from auxtask.evaluation.dataset_table import dataset_table, first_text_table
from auxtask.model.loading import load_tokenizer
from auxtask.tables.rendering import to_markdown


def stats(config: DictConfig) -> None:
    """Print the data-set table, a column a data set, and below it what misleads about each.

    Of a single data set the rows that were read and dropped and the first text of each class follow.
    """
    statistics, lines = {}, []
    for chosen in tqdm(
        list(config.get("datasets", {"chosen": config.dataset}).values()), unit="data set", delay=1
    ):
        dataset: TextDataset = instantiate(chosen)
        statistics[dataset.name] = dataset_statistics(dataset)
        lines.append(counts_line(dataset.name, _counts(dataset, config)))
    print(to_markdown(dataset_table(statistics)))
    print("\n".join(lines))
    if "datasets" not in config:
        if intake := dataset.provenance.get("intake"):
            print(intake_line(intake))
        print("\n" + to_markdown(first_text_table(dataset.name, first_texts(dataset))), end="")


def _counts(dataset: TextDataset, config: DictConfig) -> dict:
    tokenizer = load_tokenizer(config.model.name)
    encoded = encode(dataset, tokenizer, config.model.max_length)
    return document_counts(dataset) | token_counts(encoded, tokenizer, config.model.max_length)


if __name__ == "__main__":
    run_command("stats", stats)
