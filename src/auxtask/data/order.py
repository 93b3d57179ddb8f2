"""The order of training documents, by seed and epoch in batches of like length; and a few that stand for all."""

from collections.abc import Iterator, Sequence

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray
from torch.utils.data import Sampler


class LengthGroupedSampler(Sampler[int]):
    """Shuffle documents so that those of one batch have about the same length and little is padding.

    The shuffled documents are cut into chunks of 50 batches, each chunk is sorted by length, and its batches
    are shuffled. The order depends on (seed, epoch) alone, so a resumed run sees the order it would have seen.

    Args:
        lengths: tokens of each document.
        batch_size: documents of a batch over all processes.
        seed: with the epoch, it determines the order.
        drop_last: whether documents that would make a smaller batch are left out, others in each epoch.

    >>> sampler = LengthGroupedSampler([3, 9, 4, 8], batch_size=2, seed=0)
    >>> sorted(sampler), list(sampler) == list(sampler)
    ([0, 1, 2, 3], True)
    """

    BATCHES_PER_CHUNK = 50

    def __init__(
        self, lengths: Sequence[int] | NDArray[np.int64], batch_size: int, seed: int, drop_last: bool = False
    ) -> None:
        self.lengths = np.asarray(lengths)
        self.batch_size = batch_size
        self.seed = seed
        self.kept = len(self.lengths) - (len(self.lengths) % batch_size if drop_last else 0)
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; `transformers.Trainer` calls this before each."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.kept

    def __iter__(self) -> Iterator[int]:
        generator = np.random.default_rng([self.seed, self.epoch])
        # Dropped before they are sorted: the loader would drop the shortest ones, the same in every epoch.
        order = generator.permutation(len(self.lengths))[: self.kept]
        chunk = self.batch_size * self.BATCHES_PER_CHUNK
        batches: list[np.ndarray] = []
        for start in range(0, len(order), chunk):
            part = order[start : start + chunk]
            part = part[np.argsort(-self.lengths[part], kind="stable")]
            batches.extend(part[begin : begin + self.batch_size] for begin in range(0, len(part), self.batch_size))
        # A last, smaller batch has to stay last: the loader cuts the order into batches by count.
        tail = [batches.pop()] if batches and len(batches[-1]) < self.batch_size else []
        for index in generator.permutation(len(batches)):
            yield from batches[index].tolist()
        for batch in tail:
            yield from batch.tolist()


def draw_alike(lengths: Sequence[int] | NDArray[np.int64], size: int, generator: np.random.Generator) -> list[int]:
    """Draw documents of about the same length: each is as likely as another, and little is padding.

    Eight batches are drawn without replacement, or as many as there are, sorted by length and cut; one is taken.

    Args:
        lengths: tokens of each document, at least one.
        size: documents wanted; all where there are not so many.
        generator: the only randomness.

    Returns:
        Their indices.

    >>> draw_alike([3, 9, 4, 8], 2, np.random.default_rng(0)) in ([0, 2], [3, 1])
    True
    """
    size = min(size, len(lengths))
    batches = min(8, len(lengths) // size)
    drawn = generator.choice(len(lengths), size=batches * size, replace=False)
    drawn = drawn[np.argsort(np.asarray(lengths)[drawn], kind="stable")]
    start = size * int(generator.integers(batches))
    return drawn[start : start + size].tolist()


def spread_documents(documents: Dataset, most: int) -> Dataset:
    """Choose documents in equal steps from the first to the last, the same in every run on the same data.

    Args:
        documents: of a split.
        most: how many; all where there are no more.

    Returns:
        The chosen ones, in their order.

    >>> spread_documents(Dataset.from_dict({"label": [0, 1, 2, 3, 4]}), 3)["label"][:]
    [0, 2, 4]
    """
    return documents.select(np.linspace(0, len(documents) - 1, min(len(documents), most)).astype(np.int64))
