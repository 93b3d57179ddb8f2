"""Every masked-LM architecture of the installed `transformers`, small and random, and what comes of it here."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    MODEL_FOR_MASKED_LM_MAPPING,
    AutoConfig,
    AutoModelForMaskedLM,
    PretrainedConfig,
    PreTrainedTokenizerBase,
)

from auxtask.data.dataset import TextDataset, build_text_dataset
from auxtask.errors import AuxtaskError
from auxtask.likelihood.scorer import PLLScorer
from auxtask.masking.likelihood import L3MaskingCollator, annotate_likelihoods
from auxtask.masking.random import RTMCollator
from auxtask.phrases.extraction import NgramExtractor
from auxtask.phrases.labelers import BitLabelLabeler
from auxtask.runs.folder import RunFolder
from auxtask.tasks.masking import MaskingTask
from auxtask.tasks.recognition import RecognitionTask
from experiments import run
from oracles import naive_log_probs

ALL = sorted(config.model_type for config in MODEL_FOR_MASKED_LM_MAPPING)
# The commonest: they must run.
COMMON = (
    "albert", "bert", "deberta-v2", "distilbert", "electra", "longformer", "modernbert", "mpnet", "roberta",
    "xlm-roberta",
)  # fmt: skip
POSITIONS = 64
# Under the names that configurations give them: widths, depths, heads, tables, and lengths of blocks.
SIZES: dict[str, Any] = {
    **dict.fromkeys(
        (
            "hidden_size", "d_model", "emb_dim", "dim", "embedding_size", "input_embedding_size",
            "output_embedding_size", "true_hidden_size", "intra_bottleneck_size", "pooler_hidden_size",
            "d_latents", "prediction_head_size",
        ),
        16,
    ),
    **dict.fromkeys(
        (
            "entity_emb_size", "embedding_rank", "embedding_dim", "pronunciation_embed_dim", "shape_embed_dim",
            "prompt_mid_dim", "head_dim", "d_head", "attention_head_size", "attention_window",
            "local_attn_chunk_length",
        ),
        8,
    ),
    **dict.fromkeys(
        (
            "intermediate_size", "hidden_dim", "d_inner", "encoder_ffn_dim", "decoder_ffn_dim",
            "feed_forward_size",
        ),
        32,
    ),
    **dict.fromkeys(
        (
            "num_hidden_layers", "n_layers", "encoder_layers", "decoder_layers", "num_decoder_layers",
            "num_self_attends_per_block", "num_attention_heads", "num_key_value_heads", "n_heads", "n_head",
            "encoder_attention_heads", "decoder_attention_heads", "num_self_attention_heads",
            "num_cross_attention_heads",
        ),
        2,
    ),
    **dict.fromkeys(("entity_vocab_size", "shape_vocab_size", "pronunciation_vocab_size"), 9),
    **dict.fromkeys(("prompt_length", "block_size", "num_latents", "max_num_rows"), 4),
    "max_position_embeddings": POSITIONS, "layer_types": ["full_attention", "sliding_attention"],
    "block_sizes": [1, 1], "block_repeats": [1, 1], "attn_layers": ["local", "local"], "axial_pos_shape": [8, 8],
    "axial_pos_embds_dim": [8, 8], "image_size": 16, "patch_size": 8, "per_layer_config": {},
}  # fmt: skip
# Heads of 32: a quarter of it, which one half of two axes shares, has whole pairs.
SIZES_OF = {"neomme": {"head_dim": 32}}
TRAINER = {
    "patience": None, "head_learning_rate": None, "metric": "accuracy", "max_steps": 2,
    "per_device_train_batch_size": 4, "per_device_eval_batch_size": 8, "learning_rate": 1e-2,
    "eval_strategy": "steps", "eval_steps": 2, "bf16": False, "report_to": "none", "disable_tqdm": True,
}  # fmt: skip
MASKING = functools.partial(L3MaskingCollator, mask_rate=0.3)
TASKS = {
    "stl": (),
    "rtm": (lambda: MaskingTask(functools.partial(RTMCollator, mask_rate=0.3)),),
    "l3masking": (lambda: MaskingTask(MASKING, annotate_likelihoods),),
    "bit_label": (lambda: RecognitionTask(NgramExtractor(), BitLabelLabeler),),
}


def small_config(model_type: str, tokenizer: PreTrainedTokenizerBase) -> PretrainedConfig:
    """A configuration of a few thousand weights over a tokenizer's vocabulary."""
    known = AutoConfig.for_model(model_type).to_dict()
    pad, first, last = tokenizer.pad_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id
    ids = {
        "pad_token_id": pad, "cls_token_id": first, "bos_token_id": first, "sep_token_id": last,
        "eos_token_id": last, "mask_token_id": tokenizer.mask_token_id, "decoder_start_token_id": first,
    }  # fmt: skip

    def small(fields: dict[str, Any]) -> dict[str, Any]:
        of_this = SIZES | SIZES_OF.get(fields["model_type"], {})
        return {name: of_this[name] for name in fields if name in of_this}

    parts = {
        name: {**small(value), **(ids if "vocab_size" in value else {}), "model_type": value["model_type"]}
        | ({"vocab_size": len(tokenizer)} if "vocab_size" in value else {})
        for name, value in known.items()
        if isinstance(value, dict) and "model_type" in value
    }
    return AutoConfig.for_model(
        model_type, **{**small(known), **ids, "vocab_size": len(tokenizer), "forced_eos_token_id": None, **parts}
    )


def save_small_model(model_type: str, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Save a random masked language model with the tokenizer, as a user's own model would be."""
    torch.manual_seed(0)
    model = AutoModelForMaskedLM.from_config(small_config(model_type, tokenizer))
    with torch.no_grad():
        for weight in model.parameters():
            # Some begin with layers at zero, which would hide what they do.
            weight.add_(torch.randn_like(weight), alpha=0.1)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def small_dataset(sentences: Sequence[str]) -> TextDataset:
    """Sentences of unlike length in two classes."""
    pairs = [(sentence, str(index % 2)) for index, sentence in enumerate(sentences)]
    pairs += [(sentence[: len(sentence) // 2], label) for sentence, label in pairs]
    return build_text_dataset({"train": pairs, "valid": pairs, "test": pairs}, name="all", provenance={})


def train(name: Path, aux: Sequence[str], dataset: TextDataset, folder: RunFolder) -> dict[str, Any]:
    """Train two steps with the tasks and test: the content of `metrics.json`."""
    tasks = {task: build() for task in aux for build in TASKS[task]}
    return run(dataset, name, tasks, TRAINER, folder, max_length=24)


def check_scores(name: Path, texts: Sequence[str]) -> None:
    """Compare the scorer's log-probabilities with those of the naive loop."""
    scorer = PLLScorer.from_pretrained(name, "word_l2r", progress=False)
    model = AutoModelForMaskedLM.from_pretrained(name, dtype="float32").eval()
    for text, scores in zip(texts, scorer.score(texts), strict=True):
        encoded = scorer.tokenizer(text)
        words = [-1 if word is None else word for word in encoded.word_ids()]
        expected = naive_log_probs(model, encoded["input_ids"], words, "word_l2r", scorer.tokenizer.mask_token_id)
        np.testing.assert_allclose(scores.log_probs, expected[~np.isnan(expected)], atol=1e-4, rtol=0)


def outcome(
    model_type: str, tokenizer: PreTrainedTokenizerBase, sentences: Sequence[str], folder: Path
) -> dict[str, str]:
    """Score and train with an architecture: for each task "" where it does, else the line that refuses it."""
    name = folder / "encoder"
    save_small_model(model_type, tokenizer, name)
    dataset = small_dataset(sentences)

    def refusal(tasks: Sequence[str]) -> str:
        try:
            if "l3masking" in tasks:
                check_scores(name, sentences[:2])
            train(name, tasks, dataset, RunFolder(folder / "-".join(tasks)))
        except AuxtaskError as error:
            return str(error).replace(repr(str(name)), model_type)
        return ""

    # All of them at once; where that is refused, each by itself.
    if not refusal(list(TASKS)):
        return dict.fromkeys(TASKS, "")
    return {task: refusal([task]) for task in TASKS}
