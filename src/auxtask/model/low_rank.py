"""The difference of two checkpoints in few bytes: low-rank factors of its matrices, all else as it is."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auxtask.errors import AuxtaskError

Weights = Mapping[str, NDArray[np.floating]]
Stored = dict[str, NDArray[np.generic]]

LEFT, RIGHT, SCALE = ".left", ".right", ".scale"
BITS = 4  # of a number in a factor: half of them hold more of the change than half as many of 8 bits
LEVELS = 2 ** (BITS - 1) - 1  # steps on each side of 0
CLIPPED = np.linspace(0.4, 1, 25)  # largest step as a share of the largest number
SCALE_BYTES = 4


def low_rank_update(base: Weights, trained: Weights, num_bytes: int) -> Stored:
    """Sum up what training changed in a network.

    Of a matrix that both have, the singular directions of its change are kept as factors of 4 bits: what Hu et al.
    (2022) learn, found afterwards. Of all matrices together, those directions are kept that hold the most of the
    squared change for their bytes. Vectors, and weights that the base lacks, are kept in float16.

    Args:
        base: weights by name.
        trained: weights by name, of the same shapes where both have one; it may have more.
        num_bytes: what the numbers may take, above what the vectors and further weights need.

    Returns:
        By name what `apply_update` takes: `NAME.left` (rank, rows / 2) and `NAME.right` (rank, columns / 2), two
        numbers a byte, uint8, with `NAME.scale` (rank,), float32; or `NAME`, float16. A weight that did not
        change is absent.

    Raises:
        AuxtaskError: the vectors and further weights alone take more.

    >>> base, trained = {"a": np.zeros((3, 2))}, {"a": np.outer([1.0, 0, -1], [0.5, -0.5])}
    >>> update = low_rank_update(base, trained, num_bytes=7)
    >>> sorted(update), bool(np.abs(apply_update(base, update)["a"] - trained["a"]).max() < 0.05)
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
        (rows, of_rows), (columns, of_columns) = _quantized(left[:, :rank].T), _quantized(right[:rank])
        stored |= {name + LEFT: packed(rows), name + RIGHT: packed(columns)}
        stored[name + SCALE] = (values[:rank] * of_rows * of_columns).astype(np.float32)
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
        rows, columns = weights[name].shape
        change = np.zeros((rows, columns))
        left, right = unpacked(update[name + LEFT], rows), unpacked(update[name + RIGHT], columns)
        # One direction after the other: a product of matrices may round differently on another machine.
        for column, row, factor in zip(left, right, update[name + SCALE].astype(np.float64), strict=True):
            change += np.outer(column * factor, row)
        weights[name] = (weights[name].astype(np.float64) + change).astype(np.float32)
    return weights


def _ranks(matrices: Mapping[str, tuple[tuple[int, ...], NDArray[np.float64]]], room: int) -> dict[str, int]:
    """Choose how many directions of each matrix to keep: those with the most squared change a byte."""
    if not matrices:
        return {}
    names = np.repeat(list(matrices), [len(values) for _, values in matrices.values()])
    costs = np.concatenate(
        [
            np.full(len(values), sum((size + 1) // 2 for size in shape) + SCALE_BYTES)
            for shape, values in matrices.values()
        ]
    )
    worth = np.concatenate([values**2 for _, values in matrices.values()]) / costs
    order = np.argsort(-worth, kind="stable")
    kept = order[np.cumsum(costs[order]) <= room]
    return {str(name): int(count) for name, count in zip(*np.unique(names[kept], return_counts=True), strict=True)}


def _quantized(vectors: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Round each vector, (vectors, size), to whole steps of its own length: the one that loses the least."""
    steps, lengths = np.zeros(vectors.shape, dtype=np.int64), np.zeros(len(vectors))
    least = np.full(len(vectors), np.inf)
    for clipped in CLIPPED:
        step = clipped * np.abs(vectors).max(axis=1, keepdims=True) / LEVELS
        rounded = np.clip(np.rint(vectors / step), -LEVELS, LEVELS)
        length = (rounded * vectors).sum(axis=1) / (rounded**2).sum(axis=1)
        lost = ((vectors - rounded * length[:, None]) ** 2).sum(axis=1)
        better = lost < least
        steps[better], lengths[better], least[better] = rounded[better], length[better], lost[better]
    return steps, lengths


def packed(steps: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Write two whole steps into a byte, the first into its lower half.

    Args:
        steps: from -7 to 7, (vectors, size).

    Returns:
        Shape (vectors, size / 2), rounded up.

    >>> unpacked(packed(np.array([[-7, 0, 7]])), 3).tolist()
    [[-7.0, 0.0, 7.0]]
    """
    halves = (np.pad(steps, ((0, 0), (0, steps.shape[1] % 2))) + LEVELS).astype(np.uint8)
    return np.ascontiguousarray(halves[:, ::2] | halves[:, 1::2] << BITS)


def unpacked(halves: NDArray[Any], size: int) -> NDArray[np.float64]:
    """Read what `packed` wrote; `size` is that of its vectors."""
    steps = np.stack([halves & (2**BITS - 1), halves >> BITS], axis=-1)
    return steps.reshape(len(halves), -1)[:, :size].astype(np.float64) - LEVELS


def _names(update: Mapping[str, NDArray[np.generic]]) -> Iterator[str]:
    yield from dict.fromkeys(name.removesuffix(LEFT).removesuffix(RIGHT).removesuffix(SCALE) for name in update)
