"""`PLLScorer`: token likelihoods of whole data sets under a masked language model, each computed once."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import nn
from tqdm.auto import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from auxtask.data.encoding import encode_texts, words_of_ids
from auxtask.errors import AuxtaskError
from auxtask.likelihood.cache import ScoreCache, weights_hash
from auxtask.likelihood.documents import Documents
from auxtask.likelihood.narrowing import pointwise_modules
from auxtask.likelihood.prediction import evaluating, token_log_probs
from auxtask.likelihood.rows import METRICS, masked_batches
from auxtask.likelihood.scores import TokenScores
from auxtask.model.loading import load_masked_lm, load_tokenizer, maximum_length

# Rows x length of a batch: enough to keep the matrix units busy, small enough for the processor's caches.
TOKENS_PER_BATCH = {"cpu": 2048, "cuda": 65536}


@dataclass(frozen=True)
class ScoringSummary:
    """What a call of the scorer did.

    Args:
        documents, tokens: scored in all; special tokens are not counted.
        cached_documents, cached_tokens: of these, answered by the cache or by an equal document.
        seconds: wall-clock time.
    """

    documents: int
    tokens: int
    cached_documents: int
    cached_tokens: int
    seconds: float


class PLLScorer:
    """Pseudo-log-likelihoods of tokens under a masked language model (Salazar et al. 2020).

    Args:
        model: any stock `AutoModelForMaskedLM`; it is used as it is, on its device and in its precision.
        tokenizer: the model's tokenizer.
        metric: `word_l2r` (Kauf and Ivanova 2023), `original` or `whole_word`; see `masked_spans`.
        max_length: texts are cut to so many tokens, special ones included; None for what the model can read.
        stride: None for exact scores; k predicts every k-th token in one row, which is faster and approximate.
        cache: a folder that keeps scores by content, shared by all models and metrics; None keeps nothing.
        tokens_per_batch: rows x length of a batch; None for a value that suits the device.
        progress: whether a bar appears on what takes longer than a second.

    Attributes:
        summary: what the last call did; None before the first.

    Raises:
        AuxtaskError: the metric is unknown, the tokenizer has no mask token, or max_length is out of range.

    >>> scorer = PLLScorer.from_pretrained("tiny")
    >>> [scores] = scorer.score(["The house by the sea."])
    >>> scores.tokens, scores.log_probs.shape
    (['the', 'house', 'by', 'the', 'sea', '.'], (6,))
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        metric: str = "word_l2r",
        max_length: int | None = None,
        *,
        stride: int | None = None,
        cache: str | Path | None = None,
        tokens_per_batch: int | None = None,
        progress: bool = True,
    ) -> None:
        if metric not in METRICS:
            raise AuxtaskError(f"metric={metric!r} is unknown; use one of {', '.join(METRICS)}")
        if tokenizer.mask_token_id is None:
            raise AuxtaskError(
                f"tokenizer {tokenizer.name_or_path!r} has no mask token; use that of a masked language model"
            )
        if stride is not None and stride < 1:
            raise AuxtaskError(f"stride={stride} is below 1; use for example stride=16, or none for exact scores")
        longest = maximum_length(model.config)
        if max_length is not None and not 3 <= max_length <= longest:
            raise AuxtaskError(f"max_length={max_length} is outside 3 to {longest}, what the model can read")
        self.model = model
        self.tokenizer = tokenizer
        self.metric = metric
        self.max_length = max_length or longest
        self.stride = stride
        self.cache = None if cache is None else Path(cache)
        self.tokens_per_batch = tokens_per_batch or TOKENS_PER_BATCH.get(
            model.device.type, TOKENS_PER_BATCH["cuda"]
        )
        self.progress = progress
        self.summary: ScoringSummary | None = None

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path,
        metric: str = "word_l2r",
        max_length: int | None = None,
        *,
        stride: int | None = None,
        cache: str | Path | None = None,
        device: str | torch.device | None = None,
        dtype: torch.dtype = torch.float32,
        progress: bool = True,
    ) -> "PLLScorer":
        """Load a vanilla masked language model and its tokenizer.

        Args:
            name: `tiny`, a local folder, or an id of the Hugging Face hub.
            metric, max_length, stride, cache, progress: as for `PLLScorer`.
            device: where to compute; None for an accelerator where there is one, else the CPU.
            dtype: of the weights; `torch.bfloat16` is faster where the hardware has it, and less exact.

        Returns:
            The scorer.

        Raises:
            AuxtaskError: the model cannot be loaded or is no masked language model.
        """
        if device is None:
            # A build of torch for GPUs names its accelerator even on a machine that has none.
            device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else "cpu"
        model = load_masked_lm(name).to(device=device, dtype=dtype)  # type: ignore[call-arg]
        return cls(model, load_tokenizer(name), metric, max_length, stride=stride, cache=cache, progress=progress)

    def score(self, texts: Sequence[str]) -> list[TokenScores]:
        """Score texts.

        Args:
            texts: any number of them; longer ones than `max_length` are cut.

        Returns:
            The scores of each text in order; empty for a text without tokens.
        """
        if isinstance(texts, str):
            raise AuxtaskError(f"texts={texts[:20]!r} is one string; give a list of texts")
        encoded = encode_texts(texts, self.tokenizer, self.max_length)
        documents = Documents.from_lists(encoded["input_ids"], encoded["word_ids"])
        log_probs = self._log_probs(documents)
        scores = []
        for index in range(len(documents)):
            word_ids = documents.part(documents.word_ids, index)
            inside = word_ids >= 0
            token_ids = documents.part(documents.token_ids, index)[inside]
            tokens = self.tokenizer.convert_ids_to_tokens(token_ids.tolist())
            scores.append(
                TokenScores(list(tokens), token_ids, documents.part(log_probs, index)[inside], word_ids[inside])
            )
        return scores

    def annotate(self, dataset: Dataset) -> Dataset:
        """Add the column `likelihoods` to encoded documents.

        Args:
            dataset: one split with the column `input_ids`, no longer than the model can read, and `word_ids`
                as `auxtask.data.encoding.encode` adds it; without it words are read off the token strings.

        Returns:
            The data set with one column more: float32, aligned with `input_ids`, in [0, 1]; not a number at
            special tokens.

        Raises:
            AuxtaskError: a column is missing, a document is too long, or the ids are not of this model.
        """
        if "input_ids" not in dataset.column_names:
            raise AuxtaskError(
                f"the data set has no column 'input_ids' (it has {', '.join(dataset.column_names)}); "
                "encode it first with auxtask.data.encoding.encode"
            )
        encoded = dataset
        if "word_ids" not in dataset.column_names:
            encoded = dataset.select_columns("input_ids").map(
                lambda batch: {"word_ids": words_of_ids(batch["input_ids"], self.tokenizer)}, batched=True
            )
        documents = Documents.from_dataset(encoded)
        likelihoods = pa.LargeListArray.from_arrays(documents.offsets, np.exp(self._log_probs(documents)))
        if "likelihoods" in dataset.column_names:
            dataset = dataset.remove_columns("likelihoods")
        return dataset.add_column("likelihoods", likelihoods.cast(pa.list_(pa.float32())))

    def _log_probs(self, documents: Documents) -> NDArray[np.float32]:
        """Score documents: float32 of shape (tokens,), not a number at special tokens; equal documents once."""
        self._check(documents)
        started = time.perf_counter()
        keys = list(documents.keys())
        cache = self._open_cache()
        known = cache.read() if cache else {}
        unknown = {key: index for index, key in enumerate(keys) if key not in known}
        todo = documents.take(np.fromiter(unknown.values(), dtype=np.int64))
        unknown_keys = list(unknown)
        with cache or nullcontext():
            for index, scores in self._computed(todo):
                known[unknown_keys[index]] = scores
                if cache:
                    cache.add(unknown_keys[index], scores)
        log_probs = [known[key] for key in keys]
        scored = int((documents.word_ids >= 0).sum())
        self.summary = ScoringSummary(
            documents=len(documents),
            tokens=scored,
            cached_documents=len(documents) - len(todo),
            cached_tokens=scored - int((todo.word_ids >= 0).sum()),
            seconds=time.perf_counter() - started,
        )
        return np.concatenate([np.zeros(0, np.float32), *log_probs])

    def _computed(self, documents: Documents) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Compute scores, yielding each document when its last row is done."""
        values = np.full(len(documents.token_ids), np.nan, dtype=np.float32)
        tokens = int((documents.word_ids >= 0).sum())
        pending = np.ones(len(documents), dtype=bool)
        with (
            evaluating(self.model),
            tqdm(
                total=tokens, desc="Scoring", unit="token", unit_scale=True, delay=1, disable=not self.progress
            ) as bar,
        ):
            for batch in masked_batches(
                documents, self.metric, self.tokenizer.mask_token_id, self.tokens_per_batch, self.stride
            ):
                log_probs = token_log_probs(self.model, batch, self._pointwise)
                if not np.isfinite(log_probs).all():
                    raise AuxtaskError(
                        f"the model gives likelihoods that are not finite in {self.model.dtype}; "
                        "its weights are damaged, or float32 mends it"
                    )
                values[batch.destination] = log_probs
                bar.update(len(batch.destination))
                pending[batch.finished] = False
                yield from ((index, documents.part(values, index)) for index in batch.finished.tolist())
        # Documents without words have no rows.
        yield from ((index, documents.part(values, index)) for index in np.flatnonzero(pending).tolist())

    @cached_property
    def _pointwise(self) -> list[nn.Module]:
        return pointwise_modules(self.model)

    def _open_cache(self) -> ScoreCache | None:
        if self.cache is None:
            return None
        # All that scores depend on beside the document's token ids and words; the 1 is the format's version.
        parts = ["1", weights_hash(self.model), self.metric, str(self.stride), str(self.tokenizer.mask_token_id)]
        key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        return ScoreCache(self.cache / key[:16], key)

    def _check(self, documents: Documents) -> None:
        longest, limit = int(documents.lengths.max(initial=0)), maximum_length(self.model.config)
        if longest > limit:
            raise AuxtaskError(
                f"a document has {longest} tokens and the model reads {limit}; encode with max_length={limit}"
            )
        highest, vocabulary = int(documents.token_ids.max(initial=0)), self.model.config.vocab_size
        if highest >= vocabulary:
            raise AuxtaskError(
                f"token id {highest} is beyond the model's vocabulary of {vocabulary}; "
                "use the tokenizer that belongs to the model"
            )
