"""From text to a vanilla encoder: vocabulary → token streams → network → training → figures and files."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import AutoConfig, AutoModelForMaskedLM, AutoTokenizer, PreTrainedModel, set_seed
from transformers import PreTrainedTokenizerBase as Tokenizer

from auxtask.ground.files import write_json
from auxtask.masking.random import RTMCollator
from auxtask.pretraining.counts import unigram_probabilities
from auxtask.pretraining.evaluation import evaluate_counts, evaluate_masked_lm
from auxtask.pretraining.network import MaskedLanguageModeling, start_from_counts
from auxtask.pretraining.text import PackedBlocks, read_documents, train_wordpiece, write_token_stream
from auxtask.pretraining.trainer import PretrainingTrainer
from auxtask.training.checkpoints import last_checkpoint, train_with_checkpoints
from auxtask.training.plan import training_arguments

Files = Sequence[str | Path]


@dataclass(frozen=True)
class Recipe:
    """How an encoder is made of text; `configs/pretrain.yaml` is that of `tiny`.

    Args:
        tokenizer: `vocabulary_size` and `alphabet_size` of `train_wordpiece`.
        architecture: `model_type` and fields of its `transformers` configuration.
        masking: `mask_rate` of the first step, `final_mask_rate` of the last, `valid_mask_rate` and `seed`.
        block_length: tokens of a block, special ones included.
        trainer: fields of `transformers.TrainingArguments`; its `seed` also draws the first weights.
        embeddings: makes the vectors of the tokens from a stream of them, the size of the vocabulary and a width;
            they stay as they are while the layers learn. None for vectors that are learned with them.
    """

    tokenizer: Mapping[str, Any]
    architecture: Mapping[str, Any]
    masking: Mapping[str, Any]
    block_length: int
    trainer: Mapping[str, Any]
    embeddings: Callable[[NDArray[np.integer], int, int], NDArray[np.floating]] | None = None


def pretrain(recipe: Recipe, train_files: Files, valid_files: Files, output: Path) -> dict[str, Any]:
    """Make an encoder; every stage leaves its file and is skipped where that is there, so a killed call goes on.

    Args:
        recipe: how.
        train_files: plain text, gzipped or not: a paragraph a line, an empty line between documents.
        valid_files: held-out text, likewise.
        output: folder of checkpoints and, at the end, of the model in `output/model`.

    Returns:
        `parameters`, `steps`, `tokens`, and for `valid` (the encoder), `bigram` and `unigram` the `loss` in nats a
        masked token of the held-out text and the top-1 `accuracy`.

    Raises:
        AuxtaskError: a file holds too little text, or a field of the trainer is wrong.
    """
    tokenizer = learned_tokenizer(recipe, train_files, output / "tokenizer")
    blocks = {
        split: packed_blocks(paths, tokenizer, recipe.block_length, output / f"{split}.bin")
        for split, paths in (("train", train_files), ("valid", valid_files))
    }
    checkpoint = last_checkpoint(output / "checkpoints")
    masked_lm = first_network(recipe, tokenizer, blocks["train"].stream, fresh=checkpoint is None)
    model = MaskedLanguageModeling(masked_lm)
    rates, seed = recipe.masking, recipe.masking["seed"]
    valid_masking = RTMCollator(tokenizer, rates["valid_mask_rate"], seed=seed)
    trainer = PretrainingTrainer(
        model,
        training_arguments(output / "checkpoints", **recipe.trainer),
        masking=RTMCollator(tokenizer, rates["mask_rate"], seed=seed),
        final_mask_rate=rates["final_mask_rate"],
        train_dataset=blocks["train"],
        eval_dataset=blocks["valid"],
        eval_masking=valid_masking,
    )
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(
        f"{parameters / 1e6:.2f} M parameters, {len(blocks['train'].stream):,} tokens of text, "
        f"{len(blocks['train']):,} blocks of {recipe.block_length}",
        flush=True,
    )
    train_with_checkpoints(trainer, checkpoint)

    metrics = {
        "parameters": parameters,
        "steps": trainer.state.global_step,
        "tokens": trainer.state.global_step * trainer.args.train_batch_size * recipe.block_length,
        "valid": evaluate_masked_lm(
            model, blocks["valid"], valid_masking, trainer.args.per_device_eval_batch_size
        ),
        **evaluate_counts(blocks["train"].stream, blocks["valid"], valid_masking, len(tokenizer)),
    }
    # bfloat16 has float32's range: a half-precision file without overflow, read back as float32.
    masked_lm.bfloat16().save_pretrained(output / "model")
    tokenizer.save_pretrained(output / "model")
    write_json(output / "model" / "pretraining_metrics.json", metrics)
    return metrics


def learned_tokenizer(recipe: Recipe, files: Files, folder: Path) -> Tokenizer:
    """Learn the vocabulary from text, or take up the one in the folder."""
    if not (folder / "tokenizer_config.json").is_file():
        print("learn the vocabulary ...", flush=True)
        train_wordpiece(read_documents(files), **recipe.tokenizer).save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


def packed_blocks(files: Files, tokenizer: Tokenizer, block_length: int, stream: Path) -> PackedBlocks:
    """Encode text to a stream of token ids, or take up the one on disk, and cut it into blocks."""
    if not stream.is_file():
        write_token_stream(read_documents(files), tokenizer, stream)
    return PackedBlocks(stream, block_length, tokenizer)


def first_network(
    recipe: Recipe, tokenizer: Tokenizer, stream: NDArray[np.integer], *, fresh: bool
) -> PreTrainedModel:
    """Build the masked language model as training begins with it.

    Args:
        recipe: architecture, embeddings and seed.
        tokenizer: gives the vocabulary and the special ids.
        stream: token ids of the training text.
        fresh: whether there is no checkpoint yet, whose weights would take the place of the counted ones.
    """
    set_seed(recipe.trainer["seed"])
    special_ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("pad", "cls", "sep")}
    architecture = AutoConfig.for_model(
        **recipe.architecture,
        **special_ids,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        vocab_size=len(tokenizer),
    )
    masked_lm: PreTrainedModel = AutoModelForMaskedLM.from_config(architecture)
    if recipe.embeddings is not None:
        if fresh:
            print("embed the vocabulary by what its tokens stand beside ...", flush=True)
            embeddings = recipe.embeddings(stream, len(tokenizer), architecture.hidden_size)
            start_from_counts(masked_lm, unigram_probabilities(stream, len(tokenizer)), embeddings)
        # Prediction would push rare tokens together again: only the layers above learn from it.
        masked_lm.get_input_embeddings().requires_grad_(False)
    return masked_lm
