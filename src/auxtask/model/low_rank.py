"""The difference of two checkpoints in few bytes: low-rank factors of its matrices, all else as it is."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import svds

Weights = Mapping[str, NDArray[np.floating]]
Stored = dict[str, NDArray[np.generic]]

LEFT, RIGHT, SCALE = ".left", ".right", ".scale"
LEVELS = 127  # an int8 factor has so many steps on each side of 0


def low_rank_update(base: Weights, trained: Weights, rank: int, ranks: Mapping[str, int] | None = None) -> Stored:
    """Sum up what training changed in a network.

    A matrix that both have becomes the largest singular directions of its change, with factors of 8 bits: what Hu
    et al. (2022) learn, found afterwards. Vectors, and weights that the base lacks, are kept in float16.

    Args:
        base: weights by name.
        trained: weights by name, of the same shapes where both have one; it may have more.
        rank: directions of each matrix; all that there are where it has fewer.
        ranks: of single matrices, by name, in place of `rank`.

    Returns:
        By name what `apply_update` takes: `NAME.left` (rows, rank) and `NAME.right` (rank, columns), int8, with
        `NAME.scale` (rank,), float32; or `NAME`, float16. A weight that did not change is absent.

    >>> base, trained = {"a": np.zeros((3, 2))}, {"a": np.outer([1.0, 0, -1], [0.5, 1])}
    >>> restored = apply_update(base, low_rank_update(base, trained, rank=1))
    >>> np.abs(restored["a"] - trained["a"]).max() < 0.01
    np.True_
    """
    stored: Stored = {}
    for name, weight in trained.items():
        before = base.get(name)
        if before is not None and np.array_equal(before, weight):
            continue
        if before is None or weight.ndim != 2:
            stored[name] = weight.astype(np.float16)
            continue
        factors = _factors(weight.astype(np.float64) - before, (ranks or {}).get(name, rank))
        stored |= dict(zip((name + LEFT, name + RIGHT, name + SCALE), factors, strict=True))
    return stored


def apply_update(base: Weights, update: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.float32]]:
    """Put a network together again, to the last bit the same on every machine.

    Args:
        base: weights by name.
        update: what `low_rank_update` gave for the same base.

    Returns:
        The weights of the base and those that the update adds, float32.
    """
    weights = {name: weight.astype(np.float32) for name, weight in base.items()}
    for name in _names(update):
        if name + LEFT not in update:
            weights[name] = update[name].astype(np.float32)
            continue
        left, right, scale = (update[name + part].astype(np.float64) for part in (LEFT, RIGHT, SCALE))
        change = np.zeros((left.shape[0], right.shape[1]))
        # One direction after the other: a product of matrices may round differently on another machine.
        for column, row, factor in zip(left.T, right, scale, strict=True):
            change += np.outer(column * factor, row)
        weights[name] = (weights[name].astype(np.float64) + change).astype(np.float32)
    return weights


def _factors(change: NDArray[np.float64], rank: int) -> tuple[NDArray[np.generic], ...]:
    if rank < min(change.shape):
        left, values, right = svds(change, k=rank, random_state=0)
    else:
        left, values, right = np.linalg.svd(change, full_matrices=False)
    order = np.argsort(-values)
    left, right = left[:, order], right[order]
    largest_left, largest_right = np.abs(left).max(axis=0), np.abs(right).max(axis=1)
    scale = (values[order] * largest_left * largest_right / LEVELS**2).astype(np.float32)
    return (
        np.rint(left / largest_left * LEVELS).astype(np.int8),
        np.rint(right / largest_right[:, None] * LEVELS).astype(np.int8),
        scale,
    )


def _names(update: Mapping[str, NDArray[np.generic]]) -> Iterator[str]:
    yield from dict.fromkeys(name.removesuffix(LEFT).removesuffix(RIGHT).removesuffix(SCALE) for name in update)
