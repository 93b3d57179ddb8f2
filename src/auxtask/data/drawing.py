"""Which documents train, validate and test where they are drawn anew: numbers of documents in, numbers out."""

import math
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from auxtask.data.splits import SPLIT_SEED
from auxtask.errors import AuxtaskError

# Validation documents come of another stream than the test documents of the same seed.
OTHER_STREAM = 0x9E3779B9


class Drawn(NamedTuple):
    """The documents of each split by their numbers, in ascending order; together all, none of them twice."""

    train: list[int]
    valid: list[int]
    test: list[int]


def draw_fraction(
    labels: Sequence[Hashable], fraction: float, seed: int, groups: Sequence[Hashable] | None = None
) -> list[int]:
    """Draw a share of the documents of each class; a smaller share of one seed is a part of any larger one.

    The groups of a class stand in one random order, and are taken from its beginning. Each class keeps at least
    one document. scikit-learn's splitters do not nest.

    Args:
        labels: one a document.
        fraction: share of the documents of each class, in (0, 1]; the number is rounded.
        seed: of the order.
        groups: one a document; documents of a group are drawn together. None for documents by themselves.

    Returns:
        The numbers of the documents, in ascending order.

    Raises:
        AuxtaskError: the fraction is out of range.

    >>> half, tenth = (draw_fraction(["a"] * 20 + ["b"] * 10, share, seed=0) for share in (0.5, 0.1))
    >>> len(half), len(tenth), set(tenth) <= set(half)
    (15, 3, True)
    """
    if not 0 < fraction <= 1:
        raise AuxtaskError(f"train_fraction={fraction} is outside (0, 1]; use for example train_fraction=0.1")
    units = _shuffled_units(labels, groups, seed)
    # Rounded half up, so that a larger fraction never takes fewer.
    quota = {label: max(1, math.floor(fraction * size + 0.5)) for label, size in _sizes(units).items()}
    taken = dict.fromkeys(quota, 0)
    drawn = [unit for unit in units if unit.keeps_a_class]
    for unit in units:
        if taken[unit.label] < quota[unit.label]:
            drawn.append(unit)
        taken[unit.label] += len(unit.documents)
    return sorted({document for unit in drawn for document in unit.documents})


def set_aside(
    labels: Sequence[Hashable], number: int, seed: int, groups: Sequence[Hashable] | None = None
) -> tuple[list[int], list[int]]:
    """Set documents aside with the class shares of the whole, the documents of a group on one side.

    Each class gives its exact share, rounded up or down, as far as its groups fill it, and keeps at least one
    document or group. scikit-learn's `StratifiedShuffleSplit` neither knows groups nor takes a class of one
    document, and `StratifiedGroupKFold` sets no given number aside.

    Args:
        labels: one a document.
        number: how many documents to set aside.
        seed: of the draw.
        groups: one a document; None for documents by themselves.

    Returns:
        The numbers of the documents kept and of those set aside, each in ascending order.

    Raises:
        AuxtaskError: nothing can be set aside.

    >>> kept, aside = set_aside(["a"] * 20 + ["b"] * 10, 6, seed=0)
    >>> sum(document < 20 for document in aside), len(aside), len(kept)
    (4, 6, 24)
    """
    codes = _codes(labels)
    wanting = _shares(codes, number)
    aside: list[int] = []
    nearest: tuple[float, list[int]] = (math.inf, [])
    for unit in _shuffled_units(labels, groups, seed):
        if unit.keeps_a_class:
            continue
        classes, counts = np.unique(codes[unit.documents], return_counts=True)
        change = float(np.abs(wanting[classes] - counts).sum() - np.abs(wanting[classes]).sum())
        # A group is taken where that brings the classes nearer to their shares.
        if change < 0:
            aside += unit.documents
            wanting[classes] -= counts
        nearest = min(nearest, (change, unit.documents))
    # Of groups that are all too large, one is taken nevertheless.
    aside = aside or nearest[1]
    if not aside:
        raise AuxtaskError(
            f"{number:,} of {len(labels):,} documents cannot be set aside, for each class keeps one document or "
            "group of them; give more"
        )
    left = set(aside)
    return [document for document in range(len(labels)) if document not in left], sorted(aside)


def draw_fold(
    labels: Sequence[Hashable],
    folds: int,
    fold: int,
    n_valid: int,
    groups: Sequence[Hashable] | None = None,
) -> Drawn:
    """Draw a fold of a stratified K-fold cross-validation; every document is tested in one fold.

    The folds are scikit-learn's, of `StratifiedKFold`, or of `StratifiedGroupKFold` where there are groups, after
    one fixed shuffle: no run's seed moves them.

    Args:
        labels: one a document.
        folds: K, at least 2 and at most the documents of the smallest class.
        fold: which one tests, in [0, K).
        n_valid: how many of the other documents validate.
        groups: one a document; the documents of a group are on one side. None for documents by themselves.

    Returns:
        The documents of each split.

    Raises:
        AuxtaskError: there are too many folds, or a class has no document left to train on.

    >>> drawn = draw_fold(["a"] * 20 + ["b"] * 10, folds=5, fold=0, n_valid=3)
    >>> [len(documents) for documents in drawn]
    [21, 3, 6]
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    classes, codes, sizes = np.unique(_codes(labels), return_inverse=True, return_counts=True)
    if not 2 <= folds <= sizes.min():
        smallest = labels[int(np.flatnonzero(codes == sizes.argmin())[0])]
        raise AuxtaskError(
            f"dataset.split=cv:{folds} is impossible: the smallest class, {smallest!r}, has {sizes.min()} of the "
            f"documents, and each fold tests one; use at most {sizes.min()} folds, or give more of that class"
        )
    if not 0 <= fold < folds:
        raise AuxtaskError(f"fold={fold} is outside 0 to {folds - 1}, the folds of split=cv:{folds}")
    places = np.arange(len(labels))
    if groups is None:
        parts = StratifiedKFold(folds, shuffle=True, random_state=SPLIT_SEED).split(places, codes)
    else:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=SPLIT_SEED)
        if len(set(groups)) < folds:
            raise AuxtaskError(f"split=cv:{folds} needs {folds} groups, and there are {len(set(groups))}")
        parts = splitter.split(places, codes, _codes(groups))
    train, test = list(parts)[fold]
    if len(set(codes[train].tolist())) < len(classes) or not len(test):
        raise AuxtaskError(
            f"fold {fold} of split=cv:{folds} has a class in its test documents alone, for its documents are of "
            "too few groups; use fewer folds, or leave the class out"
        )
    return _with_validation(labels, train.tolist(), test.tolist(), n_valid, SPLIT_SEED, groups)


def draw_resplit(
    labels: Sequence[Hashable],
    n_valid: int,
    n_test: int,
    seed: int,
    groups: Sequence[Hashable] | None = None,
) -> Drawn:
    """Draw splits of given sizes anew, stratified; each seed gives others (Bouthillier et al. 2021).

    Args:
        labels: one a document.
        n_valid, n_test: how many documents validate and test; groups may leave some of them out.
        seed: of the draw.
        groups: one a document; the documents of a group are on one side. None for documents by themselves.

    Returns:
        The documents of each split.

    Raises:
        AuxtaskError: there are too few documents.

    >>> drawn = draw_resplit(["a"] * 20 + ["b"] * 10, n_valid=3, n_test=6, seed=0)
    >>> [len(documents) for documents in drawn]
    [21, 3, 6]
    """
    rest, test = set_aside(labels, n_test, seed, groups)
    return _with_validation(labels, rest, test, n_valid, seed, groups)


def joined_groups(*groupings: Sequence[Hashable]) -> list[int] | None:
    """Join documents that share a group in any of several groupings, also by way of others.

    Args:
        groupings: each one group a document.

    Returns:
        One number a document, that of the first document of its group; None where no two share one.

    >>> joined_groups(["x", "y", "z"], ["author", "other", "author"]), joined_groups(["x", "y"])
    ([0, 1, 0], None)
    """
    first = list(range(len(groupings[0])))

    def root(document: int) -> int:
        while first[document] != document:
            first[document] = first[first[document]]
            document = first[document]
        return document

    for grouping in groupings:
        seen: dict[Hashable, int] = {}
        for document, group in enumerate(grouping):
            one, other = sorted((root(seen.setdefault(group, document)), root(document)))
            first[other] = one
    roots = [root(document) for document in range(len(first))]
    return None if roots == list(range(len(first))) else roots


class _Unit(NamedTuple):
    """Documents that are drawn together; a class is kept by the first unit that has a document of it."""

    documents: list[int]
    label: int
    keeps_a_class: bool


def _shuffled_units(labels: Sequence[Hashable], groups: Sequence[Hashable] | None, seed: int) -> list[_Unit]:
    """Put groups into a random order, each under its most frequent class."""
    codes = _codes(labels)
    members: dict[Hashable, list[int]] = {}
    for document, group in enumerate(range(len(labels)) if groups is None else groups):
        members.setdefault(group, []).append(document)
    together = list(members.values())
    units, seen = [], set[int]()
    # RandomState, because NumPy promises that its stream never changes.
    for at in np.random.RandomState([SPLIT_SEED, seed]).permutation(len(together)).tolist():
        own = codes[together[at]].tolist()
        units.append(_Unit(together[at], max(sorted(set(own)), key=own.count), not seen.issuperset(own)))
        seen.update(own)
    return units


def _shares(codes: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """Divide a number by the sizes of the classes, the largest remainders rounded up; each keeps a document."""
    sizes = np.bincount(codes)
    exact = sizes * number / len(codes)
    shares = np.minimum(np.floor(exact).astype(np.int64), sizes - 1)
    left = min(number, int((sizes - 1).sum())) - int(shares.sum())
    while left > 0:
        with_room = [at for at in np.argsort(shares - exact, kind="stable").tolist() if shares[at] < sizes[at] - 1]
        shares[with_room[:left]] += 1
        left -= min(left, len(with_room))
    return shares


def _with_validation(
    labels: Sequence[Hashable],
    rest: list[int],
    test: list[int],
    n_valid: int,
    seed: int,
    groups: Sequence[Hashable] | None,
) -> Drawn:
    kept, aside = set_aside(
        [labels[document] for document in rest],
        n_valid,
        seed ^ OTHER_STREAM,
        None if groups is None else [groups[document] for document in rest],
    )
    return Drawn([rest[at] for at in kept], [rest[at] for at in aside], sorted(test))


def _codes(values: Sequence[Hashable]) -> NDArray[np.int64]:
    """Number values in the order in which they first stand there."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)


def _sizes(units: Sequence[_Unit]) -> dict[int, int]:
    sizes: dict[int, int] = {}
    for unit in units:
        sizes[unit.label] = sizes.get(unit.label, 0) + len(unit.documents)
    return sizes
