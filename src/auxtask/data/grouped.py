"""Splits that a data set lacks, set aside so that the documents of a group stay on one side."""

import math
from collections.abc import Hashable, Mapping, Sequence

from auxtask.data.dataset import Pair
from auxtask.data.drawing import set_aside
from auxtask.errors import AuxtaskError

Groups = dict[str, list[Hashable]]


def group_keys(split: str, groups: Sequence[str | None], pairs: Sequence[Pair]) -> list[Hashable]:
    """Give each document its group, for those that have text and label; one without a group stands by itself.

    >>> group_keys("train", ["ann", None, "ann"], [("a", "x"), ("b", "x"), (None, "x")])
    ['ann', ('train', 1)]
    """
    return [
        (split, at) if group is None else group
        for at, (group, (text, label)) in enumerate(zip(groups, pairs, strict=True))
        if text is not None and text.strip() and label is not None and label.strip()
    ]


def complete_grouped_splits(
    splits: Mapping[str, Sequence[Pair]], groups: Mapping[str, Sequence[Hashable]], **shares: float
) -> tuple[dict[str, list[Pair]], Groups]:
    """Give a data set the test and validation splits that it lacks, with the class shares of train.

    Args:
        splits: the (text, label) pairs of train, and of valid and test where they are given.
        groups: of the documents of each.
        shares: `valid_share` and `test_share` of the training documents, each in (0, 1).

    Returns:
        The pairs of train, valid and test, and their groups; the same at every call.

    Raises:
        AuxtaskError: a share is out of range, or there are too few groups.

    >>> pairs = [(f"text {at}", "ab"[at % 2]) for at in range(100)]
    >>> authors = [at // 4 for at in range(100)]
    >>> drawn, _ = complete_grouped_splits({"train": pairs}, {"train": authors}, valid_share=0.1, test_share=0.2)
    >>> {split: len(documents) for split, documents in drawn.items()}
    {'train': 72, 'test': 20, 'valid': 8}
    """
    complete = {split: list(pairs) for split, pairs in splits.items()}
    found = {split: list(of_split) for split, of_split in groups.items()}
    for split in ("test", "valid"):
        if split in complete:
            continue
        share = shares[f"{split}_share"]
        if not 0 < share < 1:
            raise AuxtaskError(f"{split}_share={share} is outside (0, 1); use for example {split}_share=0.1")
        pairs, of_train = complete["train"], found["train"]
        labels = [str(label) for _, label in pairs]
        kept, aside = set_aside(labels, math.ceil(share * len(pairs)), seed=0, groups=of_train)
        complete |= {"train": [pairs[at] for at in kept], split: [pairs[at] for at in aside]}
        found |= {"train": [of_train[at] for at in kept], split: [of_train[at] for at in aside]}
    return complete, found
