"""Splits that a data set lacks, set aside so that the documents of a group stay on one side."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from auxtask.data.dataset import Pair, TextDataset, build_text_dataset, is_blank
from auxtask.data.drawing import set_aside
from auxtask.data.splits import complete_splits, rows_of_train

Groups = dict[str, list[Hashable]]


def group_keys(split: str, groups: Sequence[str | None], pairs: Sequence[Pair]) -> list[Hashable]:
    """Give each document its group, for those that have text and label; one without a group stands by itself.

    >>> group_keys("train", ["ann", None, "ann"], [("a", "x"), ("b", "x"), (None, "x")])
    ['ann', ('train', 1)]
    """
    return [
        (split, at) if group is None else group
        for at, (group, pair) in enumerate(zip(groups, pairs, strict=True))
        if not any(map(is_blank, pair))
    ]


def build_completed(
    splits: Mapping[str, Sequence[Pair]],
    groups: Mapping[str, Sequence[Hashable]],
    *,
    name: str,
    provenance: Mapping[str, Any],
    valid_share: float = 0.1,
    test_share: float = 0.2,
) -> TextDataset:
    """Build a data set, with the splits that it lacks set aside from its training documents.

    Args:
        splits: the (text, label) pairs of train, and of valid and test where they are given.
        groups: of the documents of each, which stay on one side; empty for documents by themselves.
        name, provenance: as for `build_text_dataset`.
        valid_share, test_share: as for `complete_splits`.

    Returns:
        The data set, the same at every call.

    Raises:
        AuxtaskError: as of `complete_splits` and `build_text_dataset`, or there are too few groups.

    >>> pairs = [(f"text {at}", "ab"[at % 2]) for at in range(100)]
    >>> authors = [at // 4 for at in range(100)]
    >>> notes = build_completed({"train": pairs}, {"train": authors}, name="notes", provenance={})
    >>> {split: len(documents) for split, documents in notes.items()}
    {'train': 72, 'valid': 8, 'test': 20}
    """
    if not groups:
        complete = complete_splits(splits, valid_share=valid_share, test_share=test_share)
        return build_text_dataset(complete, name=name, provenance=provenance)
    train, of_train = splits["train"], groups["train"]

    def draw(rows: Sequence[int], number: int) -> tuple[list[int], list[int]]:
        labels = [str(train[row][1]) for row in rows]
        return set_aside(labels, number, seed=0, groups=[of_train[row] for row in rows])

    dealt = rows_of_train(len(train), splits, {"test": test_share, "valid": valid_share}, draw)
    return build_text_dataset(
        {**splits, **{split: [train[row] for row in rows] for split, rows in dealt.items()}},
        name=name,
        provenance=provenance,
        groups={**groups, **{split: [of_train[row] for row in rows] for split, rows in dealt.items()}},
    )
