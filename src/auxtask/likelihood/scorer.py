"""`PLLScorer`: token likelihoods of whole data sets under a masked language model, each computed once."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from auxtask.data.boundaries import Segmenter
from auxtask.data.documents import Documents
from auxtask.data.encoding import check_mask_token, encode_texts, words_of_ids
from auxtask.data.padding import add_token_column
from auxtask.data.words import marking
from auxtask.errors import AuxtaskError
from auxtask.ground.machine import usable_device
from auxtask.ground.values import check_callable, check_path, check_texts, check_whole
from auxtask.likelihood.computation import Computation, processes
from auxtask.likelihood.functionals import FUNCTIONALS
from auxtask.likelihood.narrowing import pointwise_modules
from auxtask.likelihood.prediction import suitable_tokens_per_batch
from auxtask.likelihood.rows import PLL_METRICS
from auxtask.likelihood.scores import ScoringSummary, TokenScores, word_frame
from auxtask.model.loading import load_masked_lm, load_tokenizer, maximum_length

if TYPE_CHECKING:
    import pandas as pd


class PLLScorer:
    """Pseudo-log-likelihoods of tokens under a masked language model (Salazar et al. 2020).

    Under `accelerate launch` or `torchrun` each process scores a share of the documents and gets all scores.

    Args:
        model: any stock `AutoModelForMaskedLM`; it is used as it is, on its device and in its precision.
        tokenizer: the model's tokenizer.
        metric: `word_l2r` (Kauf and Ivanova 2023), `original` or `whole_word`, all exact, or `unmasked`, an
            approximation; see `masked_spans`.
        max_length: longer documents are scored in overlapping windows of so many tokens, special ones included
            (`split_into_windows`); None for what the model can read.
        stride: None for exact scores; k predicts every k-th token in one row, which is faster and approximate.
        segmenter: names words that the tokenizer leaves together, see `auxtask.data.encoding.encode_texts`.
        cache: a folder that keeps scores by content, shared by all models and metrics; None keeps nothing.
        beside: what is kept in the cache too whenever another number is computed, from the same pass: names as
            `token_values` takes them. It saves a pass where several are wanted in the end.
        tokens_per_batch: rows x length of a batch; None for what suits the device and its free memory.
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
        segmenter: Segmenter | None = None,
        cache: str | Path | None = None,
        beside: Sequence[str] = (),
        tokens_per_batch: int | None = None,
        progress: bool = True,
    ) -> None:
        if metric not in PLL_METRICS:
            raise AuxtaskError(f"metric={metric!r} is unknown; use one of {', '.join(PLL_METRICS)}")
        check_mask_token(tokenizer)
        for name, value, example in (("stride", stride, 16), ("tokens_per_batch", tokens_per_batch, 4096)):
            if value is not None:
                check_whole(name, value, least=1, example=example)
        if segmenter is not None:
            check_callable("segmenter", segmenter, example="str.split")
        if cache is not None:
            check_path("cache", cache, example="cache")
        if stride is not None and metric == "unmasked":
            raise AuxtaskError(
                f"stride={stride} means nothing to metric='unmasked', one row a document; leave it out"
            )
        longest = maximum_length(model.config)
        if max_length is not None and max_length not in range(3, longest + 1):
            raise AuxtaskError(f"max_length={max_length!r} is outside 3 to {longest}, what the model can read")
        self.model = model
        self.tokenizer = tokenizer
        self.metric = metric
        self.max_length = max_length or longest
        self.stride = stride
        self.segmenter = segmenter
        self.cache = None if cache is None else Path(cache)
        self.beside = tuple(_known_functional(name) for name in beside)
        self.tokens_per_batch = tokens_per_batch or suitable_tokens_per_batch(model)
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
        segmenter: Segmenter | None = None,
        cache: str | Path | None = None,
        beside: Sequence[str] = (),
        device: str | torch.device | None = None,
        dtype: torch.dtype = torch.float32,
        progress: bool = True,
    ) -> "PLLScorer":
        """Load a vanilla masked language model and its tokenizer.

        Args:
            name: `tiny`, a local folder, or an id of the Hugging Face hub.
            metric, max_length, stride, segmenter, cache, beside, progress: as for `PLLScorer`.
            device: where to compute; None for the accelerator of this process where there is one, else the CPU.
            dtype: of the weights; `torch.bfloat16` is faster where the hardware has it, and less exact.

        Returns:
            The scorer.

        Raises:
            AuxtaskError: the model cannot be loaded or is no masked language model.
        """
        device = processes().device if device is None else usable_device(device)
        if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
            raise AuxtaskError(f"dtype={dtype!r:.60} is no precision; use torch.float32 or torch.bfloat16")
        model = load_masked_lm(name).to(device=device, dtype=dtype)  # type: ignore[call-arg]
        return cls(
            model,
            load_tokenizer(name),
            metric,
            max_length,
            stride=stride,
            segmenter=segmenter,
            cache=cache,
            beside=beside,
            progress=progress,
        )

    def score(self, texts: Sequence[str]) -> list[TokenScores]:
        """Score every token of some texts.

        Args:
            texts: any number of them, of any length.

        Returns:
            The scores of each text in order; empty for a text without tokens.
        """
        check_texts("texts", texts)
        encoded = encode_texts(texts, self.tokenizer, None, self.segmenter)
        documents = Documents.from_lists(encoded["input_ids"], encoded["word_ids"])
        log_probs, self.summary = self._computation("likelihood").token_values(self._checked(documents))
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

    def word_scores(self, texts: Sequence[str]) -> "pd.DataFrame":
        """Score every word of some texts: what a reading-time study sets beside its measures.

        Args:
            texts: as for `score`.

        Returns:
            A row a word: `text` and `word_id`, from 0, the `word` as its tokens spell it, the number of its
            `tokens`, and its `surprisal`, the sum of -ln P over them, in nats.

        >>> words = PLLScorer.from_pretrained("tiny", progress=False).word_scores(["The traveler lost it."])
        >>> words["word"].tolist(), words["tokens"].tolist()
        (['the', 'traveler', 'lost', 'it', '.'], [1, 2, 1, 1, 1])
        """
        return word_frame(self.score(texts), marking(self.tokenizer.get_vocab()))

    def annotate(self, dataset: Dataset) -> Dataset:
        """Add the column `likelihoods` to encoded documents.

        Args:
            dataset: one split with the column `input_ids`, `attention_mask` where some of it is padding, and
                `word_ids` as `auxtask.data.encoding.encode` adds it; without it words are read off the tokens
                (`auxtask.data.encoding.words_of_ids`).

        Returns:
            The data set with one column more: float32, aligned with `input_ids`, in [0, 1]; not a number at
            special tokens and padding.

        Raises:
            AuxtaskError: a column is missing, or the ids are not of this model.
        """
        return add_token_column(dataset, "likelihoods", np.exp(self.token_values(dataset, "likelihood")))

    def token_values(self, dataset: Dataset, functional: str) -> NDArray[np.float32]:
        """Compute a number for each token from what the model predicts in its place.

        The masked rows are those of the likelihoods; another functional of the same distributions costs the same.

        Args:
            dataset: as for `annotate`.
            functional: `likelihood`, its natural logarithm in nats; `entropy` of the predicted distribution, in
                nats; or `gini`, 1 - sum_v q(v)^2 (`auxtask.likelihood.functionals`).

        Returns:
            The numbers of all tokens that are attended to, end to end, as `auxtask.data.padding.add_token_column`
            takes them, shape (tokens,); not a number at special tokens.

        Raises:
            AuxtaskError: the functional is unknown, a column is missing, or the ids are not of this model.
        """
        values, self.summary = self._computation(functional).token_values(self._documents(dataset))
        return values

    def known_values(self, dataset: Dataset, functional: str) -> NDArray[np.float32] | None:
        """Give what `token_values` would, where the cache has all of it; nothing is computed.

        Args:
            dataset, functional: as for `token_values`.

        Returns:
            As `token_values` does; None where the number of a token is not in the cache.

        Raises:
            AuxtaskError: as `token_values` does.

        >>> dataset = Dataset.from_dict({"input_ids": [[2, 900, 3]]})
        >>> PLLScorer.from_pretrained("tiny").known_values(dataset, "likelihood") is None
        True
        """
        return self._computation(functional).known_values(self._documents(dataset))

    def _documents(self, dataset: Dataset) -> Documents:
        if not isinstance(dataset, Dataset):
            raise AuxtaskError(f"{dataset!r:.60} is no split; give a datasets.Dataset, such as dataset['train']")
        if "input_ids" not in dataset.column_names:
            raise AuxtaskError(
                f"the data set has no column 'input_ids' (it has {', '.join(dataset.column_names)}); "
                "encode it first with auxtask.data.encoding.encode"
            )
        encoded = dataset
        if "word_ids" not in dataset.column_names:
            encoded = dataset.map(
                lambda rows: {"word_ids": words_of_ids(rows, self.tokenizer, self.segmenter)},
                batched=True,
                input_columns="input_ids",
            )
        return self._checked(Documents.from_dataset(encoded))

    def _computation(self, functional: str) -> Computation:
        return Computation(
            self.model,
            self.tokenizer.mask_token_id,
            self.metric,
            self.stride,
            _known_functional(functional),
            self.beside,
            self.max_length,
            self.tokens_per_batch,
            lambda: self._pointwise,
            self.cache,
            self.progress,
        )

    @cached_property
    def _pointwise(self) -> list[nn.Module]:
        return pointwise_modules(self.model)

    def _checked(self, documents: Documents) -> Documents:
        highest = int(documents.token_ids.max(initial=0))
        vocabulary = self.model.config.get_text_config().vocab_size
        if highest >= vocabulary:
            raise AuxtaskError(
                f"token id {highest} is beyond the model's vocabulary of {vocabulary}; "
                "use the tokenizer that belongs to the model"
            )
        return documents


def _known_functional(name: str) -> str:
    if name not in FUNCTIONALS:
        raise AuxtaskError(f"functional={name!r} is unknown; use one of {', '.join(FUNCTIONALS)}")
    return name
