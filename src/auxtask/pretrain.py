"""Pre-train a vanilla masked language model from plain text: `python -m auxtask.pretrain data.train=...`."""

from pathlib import Path

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from transformers import AutoConfig, AutoModelForMaskedLM, AutoTokenizer, set_seed

from auxtask.cli.command import plain, run_command
from auxtask.ground.files import write_json, write_text
from auxtask.ground.machine import share_of_cores
from auxtask.masking.random import RTMCollator
from auxtask.pretraining.counts import unigram_probabilities
from auxtask.pretraining.evaluation import evaluate_counts, evaluate_masked_lm
from auxtask.pretraining.network import MaskedLanguageModeling, start_from_counts
from auxtask.pretraining.text import PackedBlocks, read_documents, train_wordpiece, write_token_stream
from auxtask.pretraining.trainer import PretrainingTrainer
from auxtask.training.checkpoints import last_checkpoint, train_with_checkpoints
from auxtask.training.plan import training_arguments


def pretrain(config: DictConfig) -> None:
    """Text to vocabulary, to token streams, to an encoder with its figures beside unigrams and bigrams.

    Every stage leaves its file in `output` and is skipped where that is there, so the same command goes on
    after a kill.
    """
    output = Path(config.output)
    train_files = [config.data.train] if isinstance(config.data.train, str) else list(config.data.train)
    valid_files = [config.data.valid] if isinstance(config.data.valid, str) else list(config.data.valid)

    tokenizer_folder = output / "tokenizer"
    if not (tokenizer_folder / "tokenizer_config.json").is_file():
        print("learn the vocabulary ...", flush=True)
        train_wordpiece(read_documents(train_files), **plain(config.tokenizer)).save_pretrained(tokenizer_folder)
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)

    streams = {split: output / f"{split}.bin" for split in ("train", "valid")}
    for split, paths in (("train", train_files), ("valid", valid_files)):
        if not streams[split].is_file():
            write_token_stream(read_documents(paths), tokenizer, streams[split])
    blocks = {split: PackedBlocks(path, config.block_length, tokenizer) for split, path in streams.items()}

    set_seed(config.trainer.seed)
    special_ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("pad", "cls", "sep")}
    architecture = AutoConfig.for_model(
        **plain(config.architecture),
        **special_ids,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        vocab_size=len(tokenizer),
    )
    masked_lm = AutoModelForMaskedLM.from_config(architecture)
    checkpoint = last_checkpoint(output / "checkpoints")
    if config.embeddings:
        if checkpoint is None:
            print("embed the vocabulary by what its tokens stand beside ...", flush=True)
            stream = blocks["train"].stream
            embeddings = instantiate(config.embeddings)(stream, len(tokenizer), architecture.hidden_size)
            start_from_counts(masked_lm, unigram_probabilities(stream, len(tokenizer)), embeddings)
        # Prediction would push rare tokens together again: only the layers above learn from it.
        masked_lm.get_input_embeddings().requires_grad_(False)
    model = MaskedLanguageModeling(masked_lm)
    valid_masking = RTMCollator(tokenizer, config.masking.valid_mask_rate, seed=config.masking.seed)
    trainer = PretrainingTrainer(
        model,
        training_arguments(output / "checkpoints", **plain(config.trainer)),
        masking=RTMCollator(tokenizer, config.masking.mask_rate, seed=config.masking.seed),
        final_mask_rate=config.masking.final_mask_rate,
        train_dataset=blocks["train"],
        eval_dataset=blocks["valid"],
        eval_masking=valid_masking,
    )
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(
        f"{parameters / 1e6:.2f} M parameters, {len(blocks['train'].stream):,} tokens of text, "
        f"{len(blocks['train']):,} blocks of {config.block_length}",
        flush=True,
    )
    with share_of_cores(Path(config.paths.cache) / "workers"):
        train_with_checkpoints(trainer, checkpoint)

    metrics = {
        "parameters": parameters,
        "steps": trainer.state.global_step,
        "tokens": trainer.state.global_step * trainer.args.train_batch_size * config.block_length,
        "valid": evaluate_masked_lm(
            model, blocks["valid"], valid_masking, config.trainer.per_device_eval_batch_size
        ),
        **evaluate_counts(blocks["train"].stream, blocks["valid"], valid_masking, len(tokenizer)),
    }
    # bfloat16 has float32's range: a half-precision file without overflow, read back as float32.
    masked_lm.to(torch.bfloat16).save_pretrained(output / "model")
    tokenizer.save_pretrained(output / "model")
    write_json(output / "model" / "pretraining_metrics.json", metrics)
    recipe = {name: value for name, value in config.items() if name not in ("data", "output", "paths")}
    write_text(output / "model" / "recipe.yaml", OmegaConf.to_yaml(OmegaConf.create(recipe), resolve=True))
    for name in ("valid", "bigram", "unigram"):
        print(f"{name:8} loss {metrics[name]['loss']:.3f}   top-1 accuracy {metrics[name]['accuracy']:.3f}")
    print(f"model: {output / 'model'}")


if __name__ == "__main__":
    run_command("pretrain", pretrain)
