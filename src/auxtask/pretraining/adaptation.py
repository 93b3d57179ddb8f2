"""Adaptive pre-training (Gururangan et al. 2020): the encoder reads text of the domain before it is fine-tuned."""

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import DatasetDict
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from transformers import set_seed

from auxtask.data.encoding import document_lengths
from auxtask.data.texts import Texts, read_texts
from auxtask.data.windows import encode_in_windows
from auxtask.errors import AuxtaskError
from auxtask.ground.files import write_json
from auxtask.ground.machine import is_main_process, process_count
from auxtask.ground.tools import Tools
from auxtask.masking.random import RTMCollator
from auxtask.model.fingerprint import fingerprint
from auxtask.pretraining.counts import unigram_probabilities
from auxtask.pretraining.network import MaskedLanguageModeling, load_with_head, save_masked_lm
from auxtask.pretraining.text import HELD_OUT, HELD_OUT_EVERY, TRAINED_ON
from auxtask.pretraining.trainer import PretrainingTrainer
from auxtask.runs.description import describe
from auxtask.runs.identity import LOGGING_AND_HARDWARE
from auxtask.tasks.masking import MaskingTask
from auxtask.training.checkpoints import last_checkpoint, train_with_checkpoints
from auxtask.training.plan import training_arguments

# Held-out rows that are scored, the first ones; more would tell the same.
MOST_HELD_OUT = 1000


@dataclass(frozen=True)
class Adaptation:
    """Masked language modelling of domain text, before fine-tuning.

    Without `texts` it is task-adaptive (TAPT): the text is that of the training documents, whose labels the
    masking strategy may read, and the validation documents tell how well it is known. With them it is
    domain-adaptive (DAPT): every twentieth text is held out, and none equals a validation or test document.

    Args:
        masking: the masking strategy: one masking task, by its name.
        trainer: fields of `transformers.TrainingArguments`; `num_train_epochs` is the number of passes.
        texts: a file of texts or a folder of them, as for `auxtask.data.texts.read_texts`; None for TAPT.
        text_column: their column.
        max_tokens: training stops after so many, however many passes that are.
        seed: of the order, the masks and dropout; the runs of all seeds share one adapted encoder.
        scorer: whose likelihoods tasks with likelihoods read afterwards: those of the `adapted` encoder, or of the
            `base` that it was made of.

    Raises:
        AuxtaskError: `masking` is not one masking task, or `scorer` is neither.
    """

    masking: Mapping[str, MaskingTask]
    trainer: Mapping[str, Any]
    texts: str | Path | None = None
    text_column: str = "text"
    max_tokens: int = 2_000_000
    seed: int = 0
    scorer: str = "adapted"

    def __post_init__(self) -> None:
        names = ", ".join(self.masking)
        if len(self.masking) != 1 or any(type(task) is not MaskingTask for task in self.masking.values()):
            raise AuxtaskError(
                f"adaptation.masking={names or 'stl'} is not one masking task without a pace of its own; use for "
                "example adaptation.masking=rtm or l3masking"
            )
        if self.scorer not in ("adapted", "base"):
            raise AuxtaskError(f"adaptation.scorer={self.scorer!r} is unknown; use adapted or base")

    def domain_texts(self, dataset: DatasetDict) -> Texts:
        """Give the text that the encoder is adapted to.

        Args:
            dataset: train, valid and test with a column `text`.
        """
        if self.texts is None:
            return Texts(dataset["train"].select_columns("text"), "the training documents")
        held_out = [*dataset["valid"]["text"], *dataset["test"]["text"]]
        return read_texts(self.texts, self.text_column).without(held_out)

    def adapt(self, dataset: DatasetDict, tools: Tools, max_length: int) -> "tuple[Tools, Adapted]":
        """Adapt the encoder, or take it from the cache, where it is kept by the content of all that it depends on.

        Args:
            dataset: train, valid and test with a column `text`.
            tools: have the vanilla encoder.
            max_length: tokens of a row, special ones included; longer texts are cut into several.

        Returns:
            The tools with the adapted encoder in place of the vanilla one, and what came of the adaptation.
        """
        texts = self.domain_texts(dataset)
        folder = tools.cache / "adapted" / self._key(texts, dataset, tools, max_length)
        with _held(folder):
            computed = not (folder / "adapted.json").is_file()
            if computed:
                self._train(texts, dataset, replace(tools, seed=self.seed), max_length, folder)
        adapted = Adapted(
            folder / "model",
            computed,
            texts.copies,
            **json.loads((folder / "adapted.json").read_text(encoding="utf-8")),
        )
        if is_main_process():
            print(adapted.line, flush=True)
        scored_by = tools.scored_by or tools.encoder if self.scorer == "base" else None
        return replace(tools, encoder=str(adapted.encoder), scored_by=scored_by), adapted

    def _key(self, texts: Texts, dataset: DatasetDict, tools: Tools, max_length: int) -> str:
        ((_, task),) = self.masking.items()
        settings = describe(replace(self, texts=None))
        settings["trainer"] = {
            name: value
            for name, value in self.trainer.items()
            if not LOGGING_AND_HARDWARE.fullmatch(f"trainer.{name}")
        }
        settings |= {"texts": texts.fingerprint, "encoder": fingerprint(tools.encoder), "max_length": max_length}
        settings |= {"processes": process_count(), "is_dapt": self.texts is not None, "scorer": None}
        settings["segmenter"] = tools.segmenter and describe(tools.segmenter)
        general = getattr(task.annotate, "keywords", {}).get("general")
        if general is not None:
            settings["general"] = read_texts(general).fingerprint
        settings["scoring"] = None if task.annotate is None else dict(tools.scoring)
        if self.texts is None:
            if task.annotate is not None:
                settings["labels"] = dataset["train"]["label"][:]
            settings["held_out"] = Texts(dataset["valid"], "the validation documents").fingerprint
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]

    def _train(self, texts: Texts, dataset: DatasetDict, tools: Tools, max_length: int, folder: Path) -> None:
        ((_, task),) = self.masking.items()
        train, held_out, labels = dataset["train"], dataset["valid"], ["label"]
        if self.texts is not None:
            train, held_out = (
                texts.documents.select(
                    [row for row in range(len(texts.documents)) if row % HELD_OUT_EVERY in chosen]
                )
                for chosen in (TRAINED_ON, HELD_OUT)
            )
            labels = []
        rows = encode_in_windows(train, tools.tokenizer, max_length, tools.segmenter, keep=labels)
        valid = encode_in_windows(held_out, tools.tokenizer, max_length, tools.segmenter)
        if len(valid) == 0:
            raise AuxtaskError(
                f"{texts.source} holds {len(train):,} texts, too few to hold one out of twenty; give more"
            )
        valid = valid.select(range(min(len(valid), MOST_HELD_OUT)))
        if task.annotate is not None:
            rows = task.annotate(rows, replace(tools, fine_tuned=_no_classifier))
        lengths = document_lengths(rows)
        arguments = training_arguments(
            folder / "checkpoints", seed=self.seed, remove_unused_columns=False, **self._steps(lengths)
        )
        set_seed(self.seed)

        def unigrams(vocabulary_size: int) -> NDArray[np.floating]:
            ids = [np.asarray(row) for batch in rows.iter(1000) for row in batch["input_ids"]]
            return unigram_probabilities(np.concatenate(ids), vocabulary_size)

        masked_lm = load_with_head(tools.encoder, unigrams)
        trainer = PretrainingTrainer(
            MaskedLanguageModeling(masked_lm),
            arguments,
            masking=task.masking(tokenizer=tools.tokenizer, seed=self.seed),
            train_dataset=rows,
            lengths=lengths,
            eval_dataset=valid,
            eval_masking=RTMCollator(tools.tokenizer, seed=self.seed),
        )
        tokens, steps = int(lengths.sum()), arguments.max_steps
        passes = steps * trainer.rows_per_step / len(rows)
        if is_main_process():
            print(
                f"adapting '{tools.encoder}' to {texts.source}: {tokens:,} tokens, {passes:.1f} "
                f"passes, {steps:,} steps (adaptation.max_tokens={self.max_tokens:,})",
                flush=True,
            )
        train_with_checkpoints(trainer, last_checkpoint(folder / "checkpoints"))
        if is_main_process():
            save_masked_lm(masked_lm, tools.encoder, folder / "model")
            tools.tokenizer.save_pretrained(folder / "model")
            amount = {"steps": steps, "tokens": round(passes * tokens), "passes": passes}
            write_json(folder / "adapted.json", {**amount, "evaluations": trainer.evaluations})
            shutil.rmtree(folder / "checkpoints", ignore_errors=True)
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            # The others read what the main process has written.
            torch.distributed.barrier()

    def _steps(self, lengths: np.ndarray[Any, Any]) -> dict[str, Any]:
        """Turn passes into steps, no more than `max_tokens` allows."""
        fields = {name: value for name, value in self.trainer.items() if name != "num_train_epochs"}
        passes = min(self.trainer["num_train_epochs"], self.max_tokens / int(lengths.sum()))
        rows_of_a_step = (
            fields["per_device_train_batch_size"] * fields["gradient_accumulation_steps"] * process_count()
        )
        return {**fields, "max_steps": max(1, round(passes * len(lengths) / rows_of_a_step))}


@dataclass(frozen=True)
class Adapted:
    """What came of an adaptation.

    Args:
        encoder: the folder of the adapted encoder.
        computed: whether it was computed now, and not taken from the cache.
        copies: texts left out because they equal a validation or test document.
        steps, tokens, passes: of training.
        evaluations: each with `step`, and `loss` (nats a masked token) and top-1 `accuracy` on held-out text; the
            first before training.
    """

    encoder: Path
    computed: bool
    copies: int
    steps: int
    tokens: int
    passes: float
    evaluations: list[dict[str, Any]]

    @property
    def line(self) -> str:
        """Say in a line what the adaptation did to the held-out loss."""
        before, after = self.evaluations[0], self.evaluations[-1]
        origin = "adapted" if self.computed else "adapted before, taken from the cache"
        left_out = f"; {self.copies:,} texts equal to validation or test documents left out" if self.copies else ""
        return (
            f"{origin}: {self.tokens:,} tokens in {self.passes:.1f} passes; held-out loss {before['loss']:.3f} -> "
            f"{after['loss']:.3f} nats a masked token, top-1 accuracy {before['accuracy']:.1%} -> "
            f"{after['accuracy']:.1%}{left_out}"
        )

    @property
    def record(self) -> dict[str, Any]:
        """What `metrics.json` keeps of it; the same whether it was computed or taken from the cache."""
        return {
            "steps": self.steps,
            "tokens": self.tokens,
            "passes": self.passes,
            "copies": self.copies,
            "evaluations": self.evaluations,
            "encoder": self.encoder.parent.name,
        }


def _no_classifier(left_out: Sequence[int] = ()) -> Path:
    raise AuxtaskError(
        "this masking asks a classifier, which depends on the settings of a run, and the runs of all settings "
        "share an adapted encoder; use for example adaptation.masking=log_odds"
    )


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold an adaptation for this process; one that another process computes is waited for."""
    if not is_main_process():
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"another process adapts the encoder in '{folder}'; waiting for it", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
