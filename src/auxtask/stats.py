"""Count a data set's documents and classes: `python -m auxtask.stats dataset=r8`."""

from hydra.utils import instantiate
from omegaconf import DictConfig
from tqdm import tqdm

from auxtask.cli import run_command
from auxtask.data.statistics import dataset_statistics
from auxtask.evaluation.dataset_table import dataset_table
from auxtask.evaluation.rendering import to_markdown


def stats(config: DictConfig) -> None:
    """Print the data-set table, a column a data set."""
    chosen = list(config.get("datasets", {"chosen": config.dataset}).values())
    loaded = map(instantiate, tqdm(chosen, desc="Reading", unit="data set", delay=1))
    print(to_markdown(dataset_table({dataset.name: dataset_statistics(dataset) for dataset in loaded})))


if __name__ == "__main__":
    run_command("stats", stats)
