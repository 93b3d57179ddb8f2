"""A data set whose documents are drawn anew: a fraction of train, a fold, other splits."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from datasets import concatenate_datasets

from auxtask.data.copies import text_digests
from auxtask.data.dataset import SPLITS, TextDataset
from auxtask.data.drawing import Drawn, draw_fold, draw_fraction, draw_resplit, joined_groups
from auxtask.errors import AuxtaskError


@dataclass(frozen=True)
class Drawing:
    """How the documents of a data set are drawn anew; the neutral values leave it as it is.

    Args:
        train_fraction: share of the training documents, in (0, 1], by class; the seed of the run draws it.
        split: `cv:K` for K-fold cross-validation over all documents of the data set; None for its own splits.
        fold: which of the K folds tests, from 0.
        resplit: seed of other splits of the same sizes; None for its own splits.

    Raises:
        AuxtaskError: a value is out of range, or two exclude each other.

    >>> Drawing(split="cv:5", fold=2).folds
    5
    """

    train_fraction: float = 1.0
    split: str | None = None
    fold: int | None = None
    resplit: int | None = None

    def __post_init__(self) -> None:
        if self.split is None and self.fold is not None:
            raise AuxtaskError(f"dataset.fold={self.fold} is a fold of nothing; use dataset.split=cv:5 with it")
        if self.split is not None and self.resplit is not None:
            raise AuxtaskError(
                f"dataset.split={self.split} and dataset.resplit={self.resplit} both draw the test documents; "
                "leave one of them out"
            )
        if self.split is not None:
            kind, _, number = self.split.partition(":")
            if kind != "cv" or not number.isascii() or not number.isdecimal() or int(number) < 2:
                raise AuxtaskError(
                    f"dataset.split={self.split!r} is no cross-validation of two folds or more; "
                    "use for example dataset.split=cv:5"
                )
            if self.fold is None:
                raise AuxtaskError(
                    f"dataset.split={self.split} does not say which fold tests; give dataset.fold=0 to "
                    f"dataset.fold={self.folds - 1}, or all of them by a sweep: -m dataset.split={self.split}"
                )
            if not 0 <= self.fold < self.folds:
                raise AuxtaskError(
                    f"dataset.fold={self.fold} is outside 0 to {self.folds - 1}, "
                    f"the folds of dataset.split={self.split}"
                )

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Drawing":
        """Read the drawing off the options of a data set; its other options are left alone.

        >>> Drawing.of({"name": "films", "train_fraction": 0.5}).train_fraction
        0.5
        """
        return cls(**{name: options[name] for name in DRAWING_OPTIONS if name in options})

    @property
    def folds(self) -> int:
        """K, of a cross-validation."""
        return int(str(self.split).partition(":")[2])

    @property
    def is_neutral(self) -> bool:
        """Whether it leaves a data set as it is."""
        return self == Drawing()


# Options of every data set that are no arguments of what loads it.
DRAWING_OPTIONS = tuple(field.name for field in fields(Drawing))


def redraw(dataset: TextDataset, drawing: Drawing, seed: int) -> TextDataset:
    """Draw the documents of a data set anew.

    Cross-validation and resplits draw from all documents of the data set, those of train, valid and test together,
    and documents of equal text (`text_key`) stay on one side. Test and validation documents stay whole where a
    fraction of the training documents is drawn.

    Args:
        dataset: as it was loaded.
        drawing: what to draw.
        seed: of the run, which draws the fraction.

    Returns:
        The data set of the same name and classes; its `source` is the fingerprint of what it was drawn from.

    Raises:
        AuxtaskError: there are too few documents for it.

    >>> from auxtask.data.dataset import build_text_dataset
    >>> pairs = [(f"{word} film {at}", word) for word in ("good", "bad") for at in range(20)]
    >>> splits = {"train": pairs, "valid": pairs[:1], "test": pairs[:1]}
    >>> films = build_text_dataset(splits, name="films", provenance={})
    >>> {split: len(rows) for split, rows in redraw(films, Drawing(train_fraction=0.1), seed=0).items()}
    {'train': 4, 'valid': 1, 'test': 1}
    """
    if drawing.is_neutral:
        return dataset
    whole = concatenate_datasets([dataset[split] for split in SPLITS])
    labels = list(whole["label"])
    n_train, n_valid, n_test = (len(dataset[split]) for split in SPLITS)
    drawn = Drawn(
        list(range(n_train)),
        list(range(n_train, n_train + n_valid)),
        list(range(n_train + n_valid, len(labels))),
    )
    given = None if dataset.groups is None else [group for split in SPLITS for group in dataset.groups[split]]
    groups = None if given is None else joined_groups(given)
    if drawing.split or drawing.resplit is not None:
        copies = list(text_digests(whole["text"]))
        groups = joined_groups(copies) if given is None else joined_groups(copies, given)
        names = [dataset.label_names[label] for label in labels]
        if drawing.split:
            rest = len(labels) - len(labels) // drawing.folds
            share = max(1, round(rest * n_valid / (n_train + n_valid)))
            drawn = draw_fold(names, drawing.folds, int(drawing.fold or 0), share, groups)
        else:
            drawn = draw_resplit(names, n_valid, n_test, int(drawing.resplit or 0), groups)
    if drawing.train_fraction != 1:
        kept = draw_fraction(
            [labels[at] for at in drawn.train],
            drawing.train_fraction,
            seed,
            None if given is None or groups is None else [groups[at] for at in drawn.train],
        )
        drawn = drawn._replace(train=[drawn.train[at] for at in kept])
    splits = {split: whole.select(getattr(drawn, split)) for split in SPLITS}
    return dataset.of_splits(
        splits,
        {**dataset.provenance, "drawn": {split: len(rows) for split, rows in splits.items()}},
        source=dataset.fingerprint,
        groups=None if given is None else {split: [given[at] for at in getattr(drawn, split)] for split in SPLITS},
    )
