"""A number for each token of many documents: each is computed once, and shared with later calls by a cache."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from accelerate import PartialState
from accelerate.utils import gather_object
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm.auto import tqdm
from transformers import PreTrainedModel

from auxtask.data.documents import Documents
from auxtask.errors import AuxtaskError
from auxtask.ground.encoder_rows import need_rows
from auxtask.likelihood.cache import ScoreCache, weights_hash
from auxtask.likelihood.functionals import FUNCTIONALS
from auxtask.likelihood.prediction import predictions
from auxtask.likelihood.rows import masked_batches, row_counts
from auxtask.likelihood.scores import ScoringSummary
from auxtask.likelihood.windows import split_into_windows
from auxtask.model.heads import evaluating


@dataclass(frozen=True)
class Computation:
    """How a number is computed for each token, from masked rows under a masked language model.

    Args:
        model: any stock `AutoModelForMaskedLM`.
        mask_token_id, metric, stride, tokens_per_batch: as for `auxtask.likelihood.rows.masked_batches`.
        functional: what the number is, a name in `FUNCTIONALS`.
        beside: further such names, whose numbers the same pass computes and the cache keeps, where it lacks some.
        max_length: longer documents go in overlapping windows of so many tokens (`split_into_windows`).
        pointwise: gives the parts of the last layer that run at the scored positions alone (`pointwise_modules`);
            it is asked in eval mode.
        cache: folder of the numbers that are known; None keeps nothing.
        progress: whether a bar appears on what takes longer than a second.
    """

    model: PreTrainedModel
    mask_token_id: int
    metric: str
    stride: int | None
    functional: str
    beside: Sequence[str]
    max_length: int
    tokens_per_batch: int
    pointwise: Callable[[], Sequence[nn.Module]]
    cache: Path | None
    progress: bool

    def token_values(self, documents: Documents) -> tuple[NDArray[np.float32], ScoringSummary]:
        """Compute the numbers of documents, equal windows once, each process its share.

        Args:
            documents: documents of any length.

        Returns:
            The numbers of all tokens end to end, shape (tokens,), not a number where nothing is to be predicted;
            and what was done.

        Raises:
            AuxtaskError: the model gives what is no number.
        """
        started = time.perf_counter()
        windows, place = split_into_windows(documents, self.max_length)
        keys = list(windows.keys())
        # Neighbours in length go to different processes, so that all have as much to do.
        unique = sorted({key: index for index, key in enumerate(keys)}.values(), key=windows.lengths.__getitem__)
        distinct = windows.take(np.array(unique, dtype=np.int64))
        rows = row_counts(distinct, self.metric, self.stride)
        need_rows(int(rows.sum()), int(rows @ distinct.lengths))
        state = processes()
        share = unique[state.process_index :: state.num_processes]
        cache = self._open_cache(self.functional)
        known = cache.read() if cache else {}
        todo = np.array([index for index in share if keys[index] not in known], dtype=np.int64)
        lacking = self._lacking({keys[index] for index in todo}) if cache else {}
        with ExitStack() as open_caches:
            for each in filter(None, [cache, *(other for other, _ in lacking.values())]):
                open_caches.enter_context(each)
            for index, scores in self.fresh(windows.take(todo), [self.functional, *lacking]):
                key = keys[todo[index]]
                known[key] = scores[0]
                if cache:
                    cache.add(key, scores[0])
                for (other, unknown), values in zip(lacking.values(), scores[1:], strict=True):
                    if key in unknown:
                        other.add(key, values)
        # Another process may have met another state of the cache, so each tells all of its share.
        for others in gather_object([{keys[index]: known[keys[index]] for index in share}]):
            known.update(others)
        computed = np.array(gather_object(todo.tolist()), dtype=np.int64)
        scored = np.concatenate([[0], np.cumsum(windows.scored)])
        computed_tokens = scored[windows.offsets[computed + 1]] - scored[windows.offsets[computed]]
        begins = windows.offsets[computed[windows.lengths[computed] > 0]]
        computed_documents = np.unique(np.searchsorted(documents.offsets, place[begins], side="right"))
        summary = ScoringSummary(
            documents=len(documents),
            tokens=int(scored[-1]),
            cached_documents=len(documents) - len(computed_documents),
            cached_tokens=int(scored[-1] - computed_tokens.sum()),
            seconds=time.perf_counter() - started,
        )
        return _joined(documents, windows, place, [known[key] for key in keys]), summary

    def known_values(self, documents: Documents) -> NDArray[np.float32] | None:
        """Give the numbers of documents as the cache has them; None where it lacks one."""
        windows, place = split_into_windows(documents, self.max_length)
        cache = self._open_cache(self.functional)
        known = cache.read() if cache else {}
        keys = list(windows.keys())
        found = [known.get(key) for key in keys]
        complete = [values for values in found if values is not None]
        return _joined(documents, windows, place, complete) if len(complete) == len(found) else None

    def _lacking(self, keys: set[bytes]) -> dict[str, tuple[ScoreCache, set[bytes]]]:
        """Find the numbers that can be computed beside, by name their cache and which windows it lacks."""
        found = {}
        for name in self.beside:
            cache = self._open_cache(name) if keys and name != self.functional else None
            if cache and (unknown := keys - cache.read().keys()):
                found[name] = cache, unknown
        return found

    def fresh(self, documents: Documents, functionals: Sequence[str]) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Compute the numbers of documents that no cache knows.

        Args:
            documents: of at most `max_length` tokens.
            functionals: names in `FUNCTIONALS`; all are computed from the same logits.

        Yields:
            The index of each document when its last row is done, and its numbers, shape (functionals, tokens).
        """
        values = np.full((len(documents.token_ids), len(functionals)), np.nan, dtype=np.float32)

        def all_of_them(logits: Tensor, targets: Tensor) -> Tensor:
            return torch.stack([FUNCTIONALS[name](logits, targets) for name in functionals], dim=1)

        pending = np.ones(len(documents), dtype=bool)
        batches = masked_batches(documents, self.metric, self.mask_token_id, self.tokens_per_batch, self.stride)
        with (
            evaluating(self.model),
            tqdm(
                total=int(documents.scored.sum()),
                desc="Scoring",
                unit="token",
                unit_scale=True,
                delay=1,
                disable=not (self.progress and processes().is_main_process),
            ) as bar,
        ):
            for batch, found in predictions(self.model, batches, self.pointwise(), all_of_them):
                if not np.isfinite(found).all():
                    raise AuxtaskError(
                        f"the model gives likelihoods that are not finite in {self.model.dtype}; "
                        "its weights are damaged, or float32 mends it"
                    )
                values[batch.destination] = found
                bar.update(len(batch.destination))
                pending[batch.finished] = False
                yield from ((index, documents.part(values, index).T.copy()) for index in batch.finished.tolist())
        # Documents without words have no rows.
        yield from ((index, documents.part(values, index).T.copy()) for index in np.flatnonzero(pending).tolist())

    def _open_cache(self, functional: str) -> ScoreCache | None:
        if self.cache is None:
            return None
        # All that scores depend on beside a window's token ids and words; the 2 is the format's version.
        parts = ["2", weights_hash(self.model), self.metric, str(self.stride), str(self.mask_token_id)]
        # Likelihoods go without a name: they were kept before there was anything else.
        parts += [functional] if functional != "likelihood" else []
        key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        return ScoreCache(self.cache / key[:16], key)


def _joined(
    documents: Documents, windows: Documents, place: NDArray[np.int64], of_windows: Sequence[NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Put the numbers of windows in the places of documents that they were cut from."""
    values = np.full(len(documents.token_ids), np.nan, dtype=np.float32)
    values[place[windows.scored]] = np.concatenate([np.zeros(0, np.float32), *of_windows])[windows.scored]
    return values


def processes() -> PartialState:
    """Give the processes of this launch; without an accelerator they find each other only if told so."""
    return PartialState(cpu=not torch.accelerator.is_available())
