"""What pre-training begins with: a new network and a vocabulary learned from text, or a model that is there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from transformers import AutoConfig, AutoModelForMaskedLM, AutoTokenizer, PreTrainedModel
from transformers import PreTrainedTokenizerBase as Tokenizer

from auxtask.errors import AuxtaskError, did_you_mean
from auxtask.model.adapters import LoraAdapter
from auxtask.model.fingerprint import fingerprint
from auxtask.model.loading import load_config, load_tokenizer
from auxtask.pretraining.counts import unigram_probabilities
from auxtask.pretraining.network import load_with_head, save_masked_lm, start_bias_from_counts, start_embeddings
from auxtask.pretraining.text import read_documents, train_wordpiece

PARTS = ("all", "layers", "head", "lora")
Stream = NDArray[np.integer]


@dataclass(frozen=True)
class FromText:
    """A vocabulary learned from the text, and a network with random weights.

    Args:
        tokenizer: `vocabulary_size` and `alphabet_size` of `train_wordpiece`.
        architecture: `model_type` and fields of its `transformers` configuration.
        embeddings: makes the vectors of the tokens from a stream of them, the size of the vocabulary and a width;
            they stay as they are while the layers learn. None for vectors that are learned with them.
    """

    tokenizer: Mapping[str, Any]
    architecture: Mapping[str, Any]
    embeddings: Callable[[Stream, int, int], NDArray[np.floating]] | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """What a pre-training that was begun is told by."""
        return {"tokenizer": dict(self.tokenizer), "architecture": dict(self.architecture)}

    def make_tokenizer(self, files: Sequence[str | Path], folder: Path) -> Tokenizer:
        """Learn the vocabulary from text, or take up the one in the folder.

        Args:
            files: as for `read_documents`.
            folder: keeps it.
        """
        if not (folder / "tokenizer_config.json").is_file():
            print("learn the vocabulary ...", flush=True)
            train_wordpiece(read_documents(files), **self.tokenizer).save_pretrained(folder)
        return AutoTokenizer.from_pretrained(folder)

    def make_network(self, tokenizer: Tokenizer, stream: Stream, *, fresh: bool) -> PreTrainedModel:
        """Build the masked language model as training begins with it.

        Args:
            tokenizer: gives the vocabulary and the special ids.
            stream: token ids of the training text.
            fresh: whether there is no checkpoint yet, whose weights would take the place of the counted ones.
        """
        special_ids = {
            f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("pad", "cls", "sep")
        }
        architecture = AutoConfig.for_model(
            **self.architecture,
            **special_ids,
            bos_token_id=tokenizer.cls_token_id,
            eos_token_id=tokenizer.sep_token_id,
            vocab_size=len(tokenizer),
        )
        masked_lm: PreTrainedModel = AutoModelForMaskedLM.from_config(architecture)
        if self.embeddings is not None:
            if fresh:
                print("embed the vocabulary by what its tokens stand beside ...", flush=True)
                start_embeddings(masked_lm, self.embeddings(stream, len(tokenizer), architecture.hidden_size))
                start_bias_from_counts(masked_lm, unigram_probabilities(stream, len(tokenizer)))
            # Prediction would push rare tokens together again: only the layers above learn from it.
            masked_lm.get_input_embeddings().requires_grad_(False)
        return masked_lm

    def finish(self, masked_lm: PreTrainedModel) -> None:
        """Leave the network as it was trained."""

    def save(self, masked_lm: PreTrainedModel, folder: Path) -> None:
        """Write the trained network."""
        masked_lm.save_pretrained(folder)


@dataclass
class FromModel:
    """A model that is there, with its tokenizer; a vocabulary head is made where it has none.

    A new head begins with the tokens' log-frequencies as its bias; its output embeddings are tied to the input
    embeddings where the architecture ties them.

    Args:
        init: `tiny`, `minilm`, a folder or a hub id.
        parts: what learns: `all`; the `layers`, which is all but the embeddings of the tokens; the `head` alone,
            without the embeddings that it is tied to; or, with `lora`, the head and low-rank adapters of the
            encoder's linear layers, merged into them at the end.
        lora: fields of `peft.LoraConfig`, read where `parts` is `lora`.
        config_overrides: fields of the model's configuration that differ while it learns, such as dropout.

    Raises:
        AuxtaskError: `parts` is none of these.
    """

    init: str
    parts: Literal["all", "layers", "head", "lora"] = "all"
    lora: Mapping[str, Any] = field(default_factory=dict)
    config_overrides: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.parts not in PARTS:
            raise AuxtaskError(f"parts={self.parts!r} is unknown; use {', '.join(PARTS)}")
        self._adapter = LoraAdapter(**self.lora) if self.parts == "lora" else None

    @property
    def identity(self) -> dict[str, Any]:
        """What a pre-training that was begun is told by."""
        return {
            "init": fingerprint(self.init),
            "parts": self.parts,
            "lora": dict(self.lora),
            "config_overrides": dict(self.config_overrides),
        }

    def make_tokenizer(self, files: Sequence[str | Path], folder: Path) -> Tokenizer:
        """Load the model's tokenizer; the arguments are those of `FromText`, and are not needed."""
        return load_tokenizer(self.init)

    def make_network(self, tokenizer: Tokenizer, stream: Stream, *, fresh: bool) -> PreTrainedModel:
        """Load the model, make the head that it lacks and freeze what does not learn; see `FromText`."""
        self._check_overrides()
        masked_lm = load_with_head(
            self.init, lambda size: unigram_probabilities(stream, size), **self.config_overrides
        )
        if self.parts == "layers":
            masked_lm.get_input_embeddings().requires_grad_(False)
        elif self.parts != "all":
            masked_lm.base_model.requires_grad_(False)
        if self._adapter is not None:
            self._adapter.attach(masked_lm)
        return masked_lm

    def _check_overrides(self) -> None:
        known = {*load_config(self.init).to_dict(), "attn_implementation"}
        for name in self.config_overrides:
            if name not in known:
                raise AuxtaskError(
                    f"config_overrides.{name} is unknown to {self.init!r}{did_you_mean(name, known)}"
                )

    def finish(self, masked_lm: PreTrainedModel) -> None:
        """Merge the adapters into the weights they adapt, and give the configuration its own fields again."""
        if self._adapter is not None:
            self._adapter.merge()
        own = load_config(self.init)
        for name in self.config_overrides:
            setattr(masked_lm.config, name, getattr(own, name, None))

    def save(self, masked_lm: PreTrainedModel, folder: Path) -> None:
        """Write the trained network, and what the model has beside it (`save_masked_lm`)."""
        save_masked_lm(masked_lm, self.init, folder)


Start = FromText | FromModel
