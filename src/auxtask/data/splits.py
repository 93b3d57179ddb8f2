"""Which documents validate and test: fixed choices that no run's seed moves."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from auxtask.data.dataset import Pair
from auxtask.errors import AuxtaskError

# Ours alone: the public scripts draw the tenth without a seed, so their very documents are lost.
# RandomState, because NumPy promises that its stream never changes.
SPLIT_SEED = 20190127


def validation_tail(n_train: int) -> tuple[list[int], list[int]]:
    """Split a training set of the TextGCN collections: a tenth, the last of one fixed shuffle, validates.

    The published counts of mr, 20ng, r8, r52 and ohsumed have n_train // 10 validation documents, the last
    ones of a shuffle. The public BertGCN script shuffles without a seed; here the seed is fixed and has
    nothing to do with the run's, so that all runs and seeds share one validation set.

    Args:
        n_train: number of documents in the published training split.

    Returns:
        The indices that train and the indices that validate, each in ascending order.

    >>> train, valid = validation_tail(7108)
    >>> len(train), len(valid)
    (6398, 710)
    """
    order = np.random.RandomState(SPLIT_SEED).permutation(n_train)
    first_valid = n_train - n_train // 10
    return sorted(order[:first_valid].tolist()), sorted(order[first_valid:].tolist())


def stratified_split(labels: Sequence[str], n_aside: int) -> tuple[list[int], list[int]]:
    """Set documents aside with the class shares of the whole, the same ones at every call.

    After one fixed shuffle, the k-th of the m documents of a class stands at (k + 1/2) / m; those that stand
    highest are set aside. A class gives its share to within rounding and keeps at least one document, so
    that nothing is set aside that could not have been learnt.

    Args:
        labels: one label a document.
        n_aside: number of documents to set aside, at least 1 and at most the documents less the classes.

    Returns:
        The indices kept and the indices set aside, each in ascending order.

    Raises:
        AuxtaskError: there are too few documents.

    >>> kept, aside = stratified_split(["a"] * 8 + ["b"] * 4, 3)
    >>> [sum(index < 8 for index in aside), len(kept)]
    [2, 9]
    """
    size = Counter(labels)
    if not 0 < n_aside <= len(labels) - len(size):
        raise AuxtaskError(
            f"{n_aside} of {len(labels)} documents in {len(size)} classes cannot be set aside; "
            "give more documents, or files of their own for valid and test"
        )
    seen = dict.fromkeys(size, 0)
    standing = {}
    for index in np.random.RandomState(SPLIT_SEED).permutation(len(labels)).tolist():
        label = labels[index]
        standing[index] = (seen[label] + 0.5) / size[label] if seen[label] else 0.0
        seen[label] += 1
    order = sorted(standing, key=standing.__getitem__)
    return sorted(order[:-n_aside]), sorted(order[-n_aside:])


def complete_splits(
    splits: Mapping[str, Sequence[Pair]], *, valid_share: float = 0.1, test_share: float = 0.2
) -> dict[str, Sequence[Pair]]:
    """Give a data set the test and validation splits that it lacks, set aside from its training documents.

    Args:
        splits: the (text, label) pairs of train, and of valid and test where they are given.
        valid_share: share of the training documents that validate where valid is not given, in (0, 1).
        test_share: share of the training documents that test where test is not given, in (0, 1).

    Returns:
        The pairs of train, valid and test.

    >>> complete = complete_splits({"train": [("x", "a"), ("y", "b")] * 50})
    >>> {split: len(pairs) for split, pairs in complete.items()}
    {'train': 72, 'test': 20, 'valid': 8}
    """
    labels = [str(label) for _, label in splits["train"]]

    def draw(rows: Sequence[int], number: int) -> tuple[list[int], list[int]]:
        return stratified_split([labels[row] for row in rows], number)

    dealt = rows_of_train(len(labels), splits, {"test": test_share, "valid": valid_share}, draw)
    return {**splits, **{split: [splits["train"][row] for row in rows] for split, rows in dealt.items()}}


def rows_of_train(
    count: int,
    given: Collection[str],
    shares: Mapping[str, float],
    draw: Callable[[Sequence[int], int], tuple[list[int], list[int]]],
) -> dict[str, list[int]]:
    """Deal training documents out to the splits that a data set lacks, one split after another.

    Args:
        count: of the training documents.
        given: the splits that are there.
        shares: by split that may lack, in their order, its share of the training documents left, in (0, 1).
        draw: from rows and how many of them to set aside to the places among them kept and set aside.

    Returns:
        The rows of train, and of each split that lacked.

    Raises:
        AuxtaskError: a share is out of range.

    >>> rows_of_train(10, ["train", "test"], {"test": 0.2, "valid": 0.1}, lambda rows, number: ([1, 2], [0]))
    {'train': [1, 2], 'valid': [0]}
    """
    dealt = {"train": list(range(count))}
    for split, share in shares.items():
        if split not in given:
            if not 0 < share < 1:
                raise AuxtaskError(f"{split}_share={share} is outside (0, 1); use for example {split}_share=0.1")
            rows = dealt["train"]
            kept, aside = draw(rows, math.ceil(share * len(rows)))
            dealt |= {"train": [rows[at] for at in kept], split: [rows[at] for at in aside]}
    return dealt
