"""The whole line, scoring to exported classifier, for every architecture family with small random weights."""

import functools
import json

import pytest
import torch
from transformers import (
    AutoModelForMaskedLM,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    RobertaConfig,
)

import auxtask
from auxtask.data.dataset import build_text_dataset
from auxtask.likelihood.scorer import PLLScorer
from auxtask.masking.collators import L3MaskingCollator
from auxtask.training.experiment import run_experiment
from auxtask.training.run_folder import RunFolder
from auxtask.training.tasks import LikelihoodMaskingTask
from auxtask.training.weighting.static import StaticWeighting

SIZES = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
    "max_position_embeddings": 48,
}  # fmt: skip
CONFIGS = {
    "bert": functools.partial(BertConfig, **SIZES),
    "roberta": functools.partial(RobertaConfig, **SIZES),
    "distilbert": functools.partial(
        DistilBertConfig, dim=16, n_layers=2, n_heads=2, hidden_dim=32, max_position_embeddings=48
    ),
    "electra": functools.partial(ElectraConfig, **SIZES, embedding_size=8),
    "deberta-v2": functools.partial(
        DebertaV2Config, **SIZES, relative_attention=True, pos_att_type=["p2c", "c2p"]
    ),
    "modernbert": functools.partial(ModernBertConfig, **SIZES),
}
TRAINER = {
    "patience": None, "head_learning_rate": None, "metric": "accuracy", "max_steps": 20,
    "per_device_train_batch_size": 8, "per_device_eval_batch_size": 8, "learning_rate": 1e-2,
    "eval_strategy": "steps", "eval_steps": 10, "bf16": False, "report_to": "none", "disable_tqdm": True,
}  # fmt: skip


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_scoring_training_and_export(config, tokenizer, sentences, tmp_path):
    torch.manual_seed(0)
    name = tmp_path / "encoder"
    ids = {f"{kind}_token_id": getattr(tokenizer, f"{kind}_token_id") for kind in ("pad", "cls", "sep")}
    frame = {"bos_token_id": tokenizer.cls_token_id, "eos_token_id": tokenizer.sep_token_id}
    AutoModelForMaskedLM.from_config(config(vocab_size=len(tokenizer), **ids, **frame)).save_pretrained(name)
    tokenizer.save_pretrained(name)

    pairs = [(sentence, str(index % 2)) for index, sentence in enumerate(sentences)] * 3
    dataset = build_text_dataset({"train": pairs, "valid": pairs, "test": pairs}, name="all", provenance={})
    task = LikelihoodMaskingTask(functools.partial(L3MaskingCollator, mask_rate=0.3))
    scorer = PLLScorer.from_pretrained(name, progress=False)
    folder = RunFolder(tmp_path / "run")
    with folder.locked():
        metrics = run_experiment(
            dataset, str(name), 40, {"l3masking": task}, StaticWeighting(), TRAINER, 0, folder,
            lambda split, metric: scorer.annotate(split),
        )  # fmt: skip
    assert metrics["steps"] == 20
    history = [json.loads(line) for line in (folder.path / "history.jsonl").read_text().splitlines()]
    assert [row["step"] for row in history] == [10, 20]
    assert history[-1]["losses"]["l3masking"] < history[0]["losses"]["l3masking"]
    rows = [json.loads(line) for line in (folder.path / "predictions.jsonl").read_text().splitlines()]
    assert auxtask.load(folder.model).predict([text for text, _ in pairs]) == [row["prediction"] for row in rows]
