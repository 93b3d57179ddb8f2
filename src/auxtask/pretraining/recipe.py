"""From text to a vanilla encoder: vocabulary → token streams → network → training → figures and files."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase as Tokenizer
from transformers import set_seed

from auxtask.data.download import file_hash
from auxtask.errors import AuxtaskError
from auxtask.ground.files import write_json
from auxtask.ground.machine import is_main_process
from auxtask.masking.pace import LinearRate
from auxtask.masking.random import RTMCollator
from auxtask.pretraining.evaluation import evaluate_counts, evaluate_masked_lm
from auxtask.pretraining.network import MaskedLanguageModeling
from auxtask.pretraining.start import Start
from auxtask.pretraining.text import ALL, HELD_OUT, TRAINED_ON, PackedBlocks, read_documents, write_token_stream
from auxtask.pretraining.trainer import PretrainingTrainer
from auxtask.training.checkpoints import last_checkpoint, train_with_checkpoints
from auxtask.training.plan import training_arguments

Files = Sequence[str | Path]


@dataclass(frozen=True)
class Recipe:
    """How an encoder is made of text; `configs/recipe` has that of `tiny` and that of going on from a model.

    Args:
        start: what training begins with, `FromText` or `FromModel`.
        masking: `mask_rate` of the first step, `final_mask_rate` of the last, `valid_mask_rate`, `seed` and
            `mask_replace_prob` as for `RTMCollator`.
        block_length: tokens of a block, special ones included.
        trainer: fields of `transformers.TrainingArguments`; its `seed` also draws the first weights, and its
            `torch_compile` compiles the encoder.
        head_learning_rate: of the vocabulary head; None for that of the encoder.
        saved_dtype: `float32` or `bfloat16`, of the weights on disk.
    """

    start: Start
    masking: Mapping[str, Any]
    block_length: int
    trainer: Mapping[str, Any]
    head_learning_rate: float | None = None
    saved_dtype: str = "float32"


def pretrain(recipe: Recipe, train_files: Files, valid_files: Files | None, output: Path) -> dict[str, Any]:
    """Make an encoder; every stage leaves its file and is skipped where that is there, so a killed call goes on.

    Args:
        recipe: how.
        train_files: plain text, gzipped or not: a paragraph a line, an empty line between documents.
        valid_files: held-out text, likewise; None holds every twentieth paragraph of `train_files` out.
        output: folder of checkpoints and, at the end, of the model in `output/model`.

    Returns:
        `parameters`, `trained_parameters`, `steps`, `tokens`, the `evaluations` on the way, each with its `step`,
        and for `valid` (the encoder), `bigram` and `unigram` the `loss` in nats a masked token of the held-out
        text and the top-1 `accuracy`.

    Raises:
        AuxtaskError: a file holds no text, a field of the trainer is wrong, or `output` holds what other text,
            another model or another length of blocks has left.
    """
    check_output(recipe, train_files, valid_files, output)
    tokenizer = recipe.start.make_tokenizer(train_files, output / "tokenizer")
    kept, held_out = (ALL, ALL) if valid_files is not None else (TRAINED_ON, HELD_OUT)
    texts = {
        "train": read_documents(train_files, kept),
        "valid": read_documents(train_files if valid_files is None else valid_files, held_out),
    }
    blocks = {
        split: packed_blocks(documents, tokenizer, recipe.block_length, output / f"{split}.bin")
        for split, documents in texts.items()
    }
    stream, valid = blocks["train"].stream, blocks["valid"]
    checkpoint = last_checkpoint(output / "checkpoints")
    set_seed(recipe.trainer["seed"])
    masked_lm = recipe.start.make_network(tokenizer, stream, fresh=checkpoint is None)
    model = MaskedLanguageModeling(masked_lm)
    fields = dict(recipe.trainer)
    if fields.pop("torch_compile", False):
        masked_lm.base_model.compile(dynamic=False)  # all blocks have one length
    rates = recipe.masking
    draw = {"seed": rates["seed"], "mask_replace_prob": rates["mask_replace_prob"]}
    valid_masking = RTMCollator(tokenizer, rates["valid_mask_rate"], **draw)
    trainer = PretrainingTrainer(
        model,
        training_arguments(output / "checkpoints", **fields),
        masking=RTMCollator(tokenizer, LinearRate(rates["mask_rate"], rates["final_mask_rate"]), **draw),
        head_learning_rate=recipe.head_learning_rate,
        train_dataset=blocks["train"],
        lengths=np.zeros(len(blocks["train"]), dtype=np.int64),  # all of one length
        eval_dataset=valid,
        eval_masking=valid_masking,
    )
    parameters = sum(parameter.numel() for parameter in model.parameters())
    learning = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    print(
        f"{parameters / 1e6:.2f} M parameters, {learning / 1e6:.2f} M of them learn; "
        f"{len(stream):,} tokens of text, {len(blocks['train']):,} blocks of {blocks['train'].length}; "
        f"{len(valid):,} held out",
        flush=True,
    )
    train_with_checkpoints(trainer, checkpoint)

    recipe.start.finish(masked_lm)
    arguments = trainer.args
    metrics = {
        "parameters": parameters,
        "trained_parameters": learning,
        "steps": trainer.state.global_step,
        "tokens": trainer.state.global_step * trainer.rows_per_step * blocks["train"].length,
        "evaluations": trainer.evaluations,
        "valid": evaluate_masked_lm(model, valid, valid_masking, arguments.per_device_eval_batch_size),
        **evaluate_counts(stream, valid, valid_masking, masked_lm.config.vocab_size),
    }
    recipe.start.save(masked_lm.to(getattr(torch, recipe.saved_dtype)), output / "model")
    tokenizer.save_pretrained(output / "model")
    write_json(output / "model" / "pretraining_metrics.json", metrics)
    return metrics


def check_output(recipe: Recipe, train_files: Files, valid_files: Files | None, output: Path) -> None:
    """Refuse a folder whose token streams and checkpoints belong to other text, another model or another length.

    Args:
        recipe, train_files, valid_files, output: as for `pretrain`; the folder is made, and keeps what it is for.

    Raises:
        AuxtaskError: a file is missing, or the folder is for something else.
    """
    hashes = {}
    for split, files in (("train", train_files), ("valid", valid_files or ())):
        for path in map(Path, files):
            if not path.is_file():
                raise AuxtaskError(f"text file '{path}' does not exist; give the files in data.{split}")
        hashes[split] = [file_hash(path) for path in map(Path, files)]
    wanted = {**hashes, "block_length": recipe.block_length, "start": recipe.start.identity}
    known = output / "inputs.json"
    if known.is_file() and json.loads(known.read_text(encoding="utf-8")) != json.loads(json.dumps(wanted)):
        raise AuxtaskError(
            f"output='{output}' holds a pre-training of other text, from another start or with another "
            "block_length; give another output, or remove it"
        )
    if is_main_process():
        write_json(known, wanted)


def packed_blocks(documents: Iterable[str], tokenizer: Tokenizer, block_length: int, stream: Path) -> PackedBlocks:
    """Encode text to a stream of token ids, or take up the one on disk, and cut it into blocks."""
    if not stream.is_file():
        write_token_stream(documents, tokenizer, stream)
    return PackedBlocks(stream, block_length, tokenizer)
