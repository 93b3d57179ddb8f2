"""The figures of the published tables, under the names that runs have on disk."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from auxtask.tables.values import MeanStd

FOLDER = Path(__file__).resolve().parents[1] / "assets" / "published"

# What the tables call them, and the folder names of our runs.
DATASETS = {
    "MR": "mr",
    "20NG": "20ng",
    "R8": "r8",
    "R52": "r52",
    "OHS": "ohsumed",
    "Ohsumed": "ohsumed",
    "ACL-ARC": "acl_arc",
    "IMDb": "imdb",
}
MODELS = {
    "BERT-base": "bert-base-uncased",
    "RoBERTa-base": "roberta-base",
    "SciBERT": "scibert_scivocab_uncased",
    "ClinicalBERT": "Bio_ClinicalBERT",
}
MASKING_METHODS = {"-": "stl", "RTM": "rtm", "L3Masking": "l3masking"}
# The N-gram tables name methods in their column `model`; the encoder is RoBERTa throughout.
NGRAM_METHODS = {
    "RoBERTaGCN": "bertgcn",
    "Baseline (RoBERTa)": "stl",
    "Proposed - All-Phrase": "all_phrase",
    "Proposed - Common-Label": "common_label",
    "Proposed - Bit-Label": "bit_label",
    "Proposed - Disregard": "disregard",
}
STATISTICS = {
    "#Train": "train",
    "#Valid": "valid",
    "#Test": "test",
    "#Class": "classes",
    "Avg.#Instances/Class": "class_mean",
    "Std.#Instances/Class": "class_std",
}
# Each study beside its own single-task baseline: Kimura et al. 2022 and 2023, and the authors of L3Masking 2024.
STUDIES = {"l3masking": "L3Masking", "ngram": "N-grams"}
DOUBTS = {
    "suspect: see 12 no. 1": "published, but doubtful: the BERT-base rows of ACL-ARC and Ohsumed look swapped",
}
MASKING_TABLES = {"acl_arc": "micro_f1", "ohsumed": "micro_f1", "imdb": "accuracy"}


@dataclass(frozen=True)
class PublishedScore:
    """One figure of a published table.

    Args:
        dataset, model, method: as in the paths of runs.
        metric: `micro_f1` or `macro_f1`.
        score: mean, and standard deviation where the table has one.
        table: `ngram` (one run, three decimals) or `l3masking`.
        note: a doubt about the printed figure; empty for none.
    """

    dataset: str
    model: str
    method: str
    metric: str
    score: MeanStd
    table: str
    note: str = ""

    @property
    def doubt(self) -> str:
        """What stands under a table that shows the figure; empty for nothing."""
        return DOUBTS.get(self.note, f"published: {self.note}") if self.note else ""

    @property
    def sweep(self) -> str:
        """The preset of `+sweep=` that computes the table."""
        return "ngram_tables" if self.table == "ngram" else f"l3masking_{self.dataset}"


@cache
def published_scores() -> tuple[PublishedScore, ...]:
    """Read the published results.

    Returns:
        Every figure of the five result tables, as printed, in percent.

    >>> [str(row.score) for row in published_scores() if (row.dataset, row.model, row.method, row.metric)
    ...     == ("acl_arc", "scibert_scivocab_uncased", "l3masking", "macro_f1")]
    ['74.10 ± 2.40']
    """
    return (*_ngram_scores(), *_masking_scores())


def _ngram_scores() -> Iterator[PublishedScore]:
    for metric in ("micro_f1", "macro_f1"):
        for row in _rows(f"ngram_{metric}"):
            method = NGRAM_METHODS[row.pop("model")]
            for dataset, value in row.items():
                # A percentage of three decimals has one.
                score = MeanStd(round(100 * float(value), 1), None, None, decimals=1)
                yield PublishedScore(DATASETS[dataset], "roberta-base", method, metric, score, "ngram")


def _masking_scores() -> Iterator[PublishedScore]:
    for dataset, micro in MASKING_TABLES.items():
        macro = "f1" if micro == "accuracy" else "macro_f1"
        for row in _rows(f"l3masking_{dataset}"):
            for metric, column in (("micro_f1", micro), ("macro_f1", macro)):
                score = MeanStd(float(row[f"{column}_mean"]), float(row[f"{column}_std"]), None)
                model, method = MODELS[row["model"]], MASKING_METHODS[row["masking"]]
                yield PublishedScore(dataset, model, method, metric, score, "l3masking", row["note"])


def published_statistics() -> dict[str, list[dict[str, int]]]:
    """Read the published data-set tables.

    Returns:
        By data set the statistics that each table prints of it, named as in `dataset_statistics`.

    >>> published_statistics()["r8"]
    [{'train': 4937, 'valid': 548, 'test': 2189, 'classes': 8, 'class_mean': 959, 'class_std': 1309}]
    """
    tables: dict[str, list[dict[str, int]]] = {}
    rows = _rows("ngram_datasets")
    for dataset in list(rows[0])[1:]:
        statistics = {STATISTICS[row["stat"]]: int(row[dataset]) for row in rows}
        tables.setdefault(DATASETS[dataset], []).append(statistics)
    for row in _rows("l3masking_datasets"):
        statistics = {name: int(row[name]) for name in ("train", "valid", "test", "classes")}
        tables.setdefault(DATASETS[row["dataset"]], []).append(statistics)
    return tables


def _rows(table: str) -> list[dict[str, str]]:
    with (FOLDER / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
