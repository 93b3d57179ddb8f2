"""Measure what the scores of each masking strategy cost before training, with nothing known beforehand.

    python scripts/bench_scoring_costs.py acl_arc --model minilm --documents 300

Options of a run may follow, such as model.max_length=128. Selective masking fine-tunes a classifier first, which
is timed apart; documents that it gets wrong cost two rows, all others one more for each token.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from datasets import DatasetDict
from hydra import compose, initialize_config_dir

from auxtask.cli.command import quiet_libraries
from auxtask.cli.overrides import options_of
from auxtask.cli.planning import build_experiment, load_dataset
from auxtask.data.encoding import encode
from auxtask.ground.encoder_rows import counting_rows
from auxtask.ground.files import config_folder
from auxtask.tasks.masking import MaskingTask


def measure(strategy: str, arguments: argparse.Namespace, options: list[str], folder: Path) -> str | None:
    """Prepare the first documents for a strategy.

    Returns:
        A row of the table; None for what masks nothing.
    """
    overrides = [f"dataset={arguments.dataset}", f"model={arguments.model}", f"aux={strategy}"]
    overrides += [f"paths.runs='{folder / 'runs'}'", f"paths.cache='{folder / 'cache'}'", *options]
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        config = compose("train", overrides)
    whole = load_dataset(config)
    dataset = whole.without(list(range(arguments.documents, len(whole["train"]))))
    experiment = build_experiment(config, dataset)
    tasks = list(experiment.tasks.values())
    if not tasks or not isinstance(task := tasks[0], MaskingTask):
        return None
    fine_tuning = []

    def fine_tuned(left_out=()):
        before = perf_counter()
        path = experiment.tools.fine_tuned(left_out)
        fine_tuning.append(perf_counter() - before)
        return path

    tools = replace(experiment.tools, fine_tuned=fine_tuned)
    encoded = DatasetDict({"train": encode(dataset, tools.tokenizer, experiment.max_length)["train"]})
    started = perf_counter()
    with counting_rows() as read:
        task.prepare(encoded, tools)
    seconds = perf_counter() - started - sum(fine_tuning)
    documents = len(encoded["train"])
    tokens = sum(map(len, encoded["train"]["input_ids"]))
    return (
        f"| {strategy} | {read.rows / documents:,.1f} | {read.tokens / max(read.rows, 1):,.1f} | "
        f"{read.tokens / tokens:,.1f} | {seconds:,.1f} | {f'{sum(fine_tuning):,.1f}' if fine_tuning else ''} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", help="a named data set")
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--documents", type=int, default=300, help="the first of the training split")
    parser.add_argument("--strategies", nargs="+", help="options of aux; all of them without")
    arguments, options = parser.parse_known_args()
    quiet_libraries()
    print("| strategy | rows a document | tokens a row | passes over the text | seconds | fine-tuning, seconds |")
    print("|---|---|---|---|---|---|")
    for strategy in arguments.strategies or sorted(options_of("aux")):
        with tempfile.TemporaryDirectory() as folder:
            if row := measure(strategy, arguments, options, Path(folder)):
                print(row, flush=True)


if __name__ == "__main__":
    main()
