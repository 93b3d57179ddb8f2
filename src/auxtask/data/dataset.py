"""`TextDataset`: texts, labels and a fingerprint; every data set enters through `build_text_dataset`."""

import hashlib
import json
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
from numpy.typing import NDArray

from auxtask.data.copies import copies_in_test
from auxtask.errors import AuxtaskError

SPLITS = ("train", "valid", "test")
# A text and its label, None for a missing value.
Pair = tuple[str | None, str | None]


class TextDataset(DatasetDict):
    """A `datasets.DatasetDict` of train, valid and test with the columns `text` and `label`.

    Whatever a `DatasetDict` does (`map`, `filter`, ...) works and returns a plain `DatasetDict`.

    Attributes:
        name: the data set's name, a folder name in the paths of its runs.
        label_names: the classes, sorted; the integer in column `label` is an index into them.
        fingerprint: SHA-256 (hex) over label names, texts and labels in order: equal content, equal
            fingerprint, wherever the content came from.
        provenance: where the content came from (sources, versions, hashes), as plain JSON values.
        source: the fingerprint of the data set that this one was drawn from (`auxtask.data.redrawn`); its own
            where it was drawn from none. With the options of the drawing it says which runs share a setting.
        groups: by split the group of each document, such as its author; None where nobody named them.
    """

    def __init__(
        self,
        splits: Mapping[str, Dataset],
        *,
        name: str,
        label_names: Sequence[str],
        fingerprint: str,
        provenance: Mapping[str, Any],
        source: str | None = None,
        groups: Mapping[str, Sequence[Hashable]] | None = None,
    ) -> None:
        super().__init__(splits)
        self.name = name
        self.label_names = list(label_names)
        self.fingerprint = fingerprint
        self.provenance = dict(provenance)
        self.source = source or fingerprint
        self.groups = groups

    @cached_property
    def test_copies(self) -> dict[str, NDArray[np.bool_]]:
        """Which test documents also stand in `train`, and in `train_or_valid` (`copies_in_test`)."""
        return copies_in_test({split: self[split]["text"] for split in SPLITS})

    def without(self, rows: Collection[int]) -> "TextDataset":
        """Leave some training documents out.

        Args:
            rows: their numbers.

        Returns:
            The data set, of the same classes.
        """
        left_out = set(rows)
        kept = self["train"].select([row for row in range(len(self["train"])) if row not in left_out])
        return self.of_splits({**self, "train": kept}, self.provenance)

    def of_splits(
        self,
        splits: Mapping[str, Dataset],
        provenance: Mapping[str, Any],
        source: str | None = None,
        groups: Mapping[str, Sequence[Hashable]] | None = None,
    ) -> "TextDataset":
        """Make a data set of the same name and classes from other splits.

        Args:
            splits: train, valid and test, with the columns of this one.
            provenance, source, groups: its attributes.

        Returns:
            The data set, with a fingerprint of its own.
        """
        pairs = {
            split: [
                (text, self.label_names[label])
                for text, label in zip(splits[split]["text"], splits[split]["label"], strict=True)
            ]
            for split in SPLITS
        }
        return TextDataset(
            splits,
            name=self.name,
            label_names=self.label_names,
            fingerprint=content_fingerprint(self.label_names, pairs),
            provenance=provenance,
            source=source,
            groups=groups,
        )


def build_text_dataset(
    splits: Mapping[str, Sequence[Pair]],
    *,
    name: str,
    provenance: Mapping[str, Any],
    groups: Mapping[str, Sequence[Hashable]] | None = None,
) -> TextDataset:
    """Check the documents of the three splits and build the data set from them.

    Args:
        splits: for each of train, valid and test its (text, label) pairs in order; None for a missing value.
        name: the data set's name.
        provenance: JSON-able values on where the documents came from.
        groups: by split the group of each document; None for none.

    Returns:
        The data set; its label names are the sorted labels of the training split.

    Raises:
        AuxtaskError: a split is empty, a text blank, a label missing, there is one class only, or valid or
            test has a label that train lacks.

    >>> pairs = [("a fine film", "good"), ("a dull film", "bad")]
    >>> films = build_text_dataset(dict.fromkeys(SPLITS, pairs), name="films", provenance={})
    >>> films.label_names
    ['bad', 'good']
    """
    for split in SPLITS:
        _check_pairs(splits[split], f"the {split} split of data set '{name}'")
    label_names = sorted({str(label) for _, label in splits["train"]})
    if len(label_names) == 1:
        raise AuxtaskError(
            f"the train split of data set '{name}' has one class only ({label_names[0]!r}); "
            "a classifier needs at least two: check the label column"
        )
    for split in ("valid", "test"):
        unseen = sorted({str(label) for _, label in splits[split]} - set(label_names))
        if unseen:
            raise AuxtaskError(
                f"label {unseen[0]!r} in the {split} split of data set '{name}' does not occur in train "
                f"({count(len(unseen), 'such label')}; train has {listed(label_names)}): "
                "add training documents of it or drop its documents"
            )
    features = Features({"text": Value("string"), "label": ClassLabel(names=label_names)})
    index = {label: position for position, label in enumerate(label_names)}
    tables = {
        split: Dataset.from_dict(
            {
                "text": [text for text, _ in splits[split]],
                "label": [index[str(label)] for _, label in splits[split]],
            },
            features=features,
        )
        for split in SPLITS
    }
    fingerprint = content_fingerprint(label_names, {split: splits[split] for split in SPLITS})
    return TextDataset(
        tables,
        name=name,
        label_names=label_names,
        fingerprint=fingerprint,
        provenance=provenance,
        groups=groups,
    )


def content_fingerprint(label_names: Sequence[str], splits: Mapping[str, Iterable[Sequence[str | None]]]) -> str:
    """SHA-256 (hex) over the label names and the (text, label) pairs of each split, in the order given.

    >>> content_fingerprint(["a", "b"], {"train": [("x", "a")]})[:12]
    '80ce348e2f74'
    """
    digest = hashlib.sha256()
    # One JSON value a line: no two contents share an encoding.
    for value in (list(label_names), *([split, *pair] for split in splits for pair in splits[split])):
        digest.update(json.dumps(value).encode("ascii") + b"\n")
    return digest.hexdigest()


def _check_pairs(pairs: Sequence[Pair], where: str) -> None:
    if not pairs:
        raise AuxtaskError(f"{where} has no documents; give it at least one")
    blank = [row for row, (text, _) in enumerate(pairs, start=1) if is_blank(text)]
    if blank:
        raise AuxtaskError(
            f"document {blank[0]} of {where} has no text ({count(len(blank), 'such document')}); remove or fill it"
        )
    unlabeled = [row for row, (_, label) in enumerate(pairs, start=1) if is_blank(label)]
    if unlabeled:
        raise AuxtaskError(
            f"document {unlabeled[0]} of {where} has no label ({count(len(unlabeled), 'such document')}); "
            "remove or label it"
        )


def is_blank(value: str | None) -> bool:
    """Tell whether a text or a label is missing: None, or white space alone.

    >>> is_blank(" "), is_blank("fine")
    (True, False)
    """
    return value is None or not value.strip()


def count(number: int, noun: str) -> str:
    """Write a number with its noun.

    >>> count(1, "row"), count(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names: Sequence[str], limit: int = 5) -> str:
    """Write the first names of a list, quoted.

    >>> listed(["b", "a", "c"], limit=2)
    "'b', 'a' and 1 more"
    """
    shown = ", ".join(repr(name) for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"
