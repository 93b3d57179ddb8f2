"""The difference of two checkpoints in few bytes: low-rank factors of its matrices, all else as it is."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from auxtask.errors import AuxtaskError

Weights = Mapping[str, NDArray[np.floating]]
Stored = dict[str, NDArray[np.generic]]

LEFT, RIGHT, SCALE = ".left", ".right", ".scale"
LEVELS = 127  # an int8 factor has so many steps on each side of 0
SCALE_BYTES = 4


def low_rank_update(base: Weights, trained: Weights, num_bytes: int) -> Stored:
    """Sum up what training changed in a network.

    Of a matrix that both have, the singular directions of its change are kept as factors of 8 bits: what Hu et al.
    (2022) learn, found afterwards. Of all matrices together, those directions are kept that hold the most of the
    squared change for their bytes. Vectors, and weights that the base lacks, are kept in float16.

    Args:
        base: weights by name.
        trained: weights by name, of the same shapes where both have one; it may have more.
        num_bytes: what the numbers may take, above what the vectors and further weights need.

    Returns:
        By name what `apply_update` takes: `NAME.left` (rows, rank) and `NAME.right` (rank, columns), int8, with
        `NAME.scale` (rank,), float32; or `NAME`, float16. A weight that did not change is absent.

    Raises:
        AuxtaskError: the vectors and further weights alone take more.

    >>> base, trained = {"a": np.zeros((3, 2))}, {"a": np.outer([1.0, 0, -1], [0.5, 1])}
    >>> update = low_rank_update(base, trained, num_bytes=10)
    >>> sorted(update), bool(np.abs(apply_update(base, update)["a"] - trained["a"]).max() < 0.01)
    (['a.left', 'a.right', 'a.scale'], True)
    """
    changed = {
        name: each for name, each in trained.items() if name not in base or not np.array_equal(base[name], each)
    }
    both = {name: each for name, each in changed.items() if name in base and each.ndim == 2}
    matrices = {name: each.astype(np.float64) - base[name] for name, each in both.items()}
    stored: Stored = {name: each.astype(np.float16) for name, each in changed.items() if name not in matrices}
    room = num_bytes - sum(each.nbytes for each in stored.values())
    if room < 0:
        raise AuxtaskError(
            f"num_bytes={num_bytes} is too small: vectors and new weights take {num_bytes - room:,}"
        )
    factors = {name: np.linalg.svd(change, full_matrices=False) for name, change in matrices.items()}
    sizes = {name: (change.shape, factors[name][1]) for name, change in matrices.items()}
    for name, rank in _ranks(sizes, room).items():
        left, values, right = factors[name]
        parts = _quantized(left[:, :rank], values[:rank], right[:rank])
        stored |= dict(zip((name + LEFT, name + RIGHT, name + SCALE), parts, strict=True))
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


def _ranks(matrices: Mapping[str, tuple[tuple[int, ...], NDArray[np.float64]]], room: int) -> dict[str, int]:
    """Choose how many directions of each matrix to keep: those with the most squared change a byte."""
    if not matrices:
        return {}
    names = np.repeat(list(matrices), [len(values) for _, values in matrices.values()])
    costs = np.concatenate([np.full(len(values), sum(shape) + SCALE_BYTES) for shape, values in matrices.values()])
    worth = np.concatenate([values**2 for _, values in matrices.values()]) / costs
    order = np.argsort(-worth, kind="stable")
    kept = order[np.cumsum(costs[order]) <= room]
    return {str(name): int(count) for name, count in zip(*np.unique(names[kept], return_counts=True), strict=True)}


def _quantized(
    left: NDArray[np.float64], values: NDArray[np.float64], right: NDArray[np.float64]
) -> tuple[NDArray[np.generic], ...]:
    largest_left, largest_right = np.abs(left).max(axis=0), np.abs(right).max(axis=1)
    # In C order, for safetensors writes the bytes as they lie.
    return (
        np.rint(left / largest_left * LEVELS).astype(np.int8, order="C"),
        np.rint(right / largest_right[:, None] * LEVELS).astype(np.int8, order="C"),
        (values * largest_left * largest_right / LEVELS**2).astype(np.float32),
    )


def _names(update: Mapping[str, NDArray[np.generic]]) -> Iterator[str]:
    yield from dict.fromkeys(name.removesuffix(LEFT).removesuffix(RIGHT).removesuffix(SCALE) for name in update)
