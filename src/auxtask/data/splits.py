"""Which documents validate: fixed choices that no run's seed moves."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

# Ours alone: the public scripts draw the tenth without a seed, so their very documents are lost.
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
    order = np.random.default_rng(SPLIT_SEED).permutation(n_train)
    n_valid = n_train // 10
    first_valid = n_train - n_valid
    return sorted(order[:first_valid].tolist()), sorted(order[first_valid:].tolist())


def stratified_split(labels: Sequence[str], size: int | float) -> tuple[list[int], list[int]]:
    """Set aside documents with the class shares of the whole, the same ones at every call.

    Where a class has a single document, or fewer documents are set aside than there are classes, shares
    cannot be kept and the choice is uniform.

    Args:
        labels: one label a document.
        size: number of documents to set aside, or their share in (0, 1).

    Returns:
        The indices kept and the indices set aside, each in ascending order.

    >>> kept, aside = stratified_split(["a"] * 8 + ["b"] * 4, 3)
    >>> [sum(index < 8 for index in aside), len(kept)]
    [2, 9]
    """
    # scikit-learn takes half a second to import and most data sets come with their splits.
    from sklearn.model_selection import train_test_split

    counts = Counter(labels)
    n_aside = size if isinstance(size, int) else int(np.ceil(size * len(labels)))
    possible = min(counts.values()) > 1 and min(n_aside, len(labels) - n_aside) >= len(counts)
    kept, aside = train_test_split(
        range(len(labels)),
        test_size=n_aside,
        random_state=SPLIT_SEED,
        stratify=list(labels) if possible else None,
    )
    return sorted(kept), sorted(aside)
