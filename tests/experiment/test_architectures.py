"""The whole line, scoring to exported classifier, for every masked-LM architecture with small random weights."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForMaskedLM

import architectures
import auxtask
from architectures import ALL, COMMON, TASKS, outcome, save_small_model, small_config, small_dataset, train
from auxtask.model.loading import maximum_length
from auxtask.runs.folder import RunFolder
from marking import rest_in_ci

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("model_type", rest_in_ci(COMMON, quick=3))
def test_the_common_ones_score_train_and_are_exported(model_type, tokenizer, sentences, tmp_path):
    name = tmp_path / "encoder"
    save_small_model(model_type, tokenizer, name)
    architectures.check_scores(name, sentences[:1])
    dataset, folder = small_dataset(sentences), RunFolder(tmp_path / "run")
    metrics = train(name, ["rtm", "l3masking", "bit_label"], dataset, folder)
    assert metrics["steps"] == 2
    predicted = auxtask.load(folder.model).predict(dataset["test"]["text"])
    text = (folder.path / "predictions.jsonl").read_text()
    assert re.findall(r'"prediction": "(\d)"', text) == predicted


@pytest.mark.slow
@pytest.mark.parametrize("model_type", ALL)
def test_every_architecture_runs_or_is_refused_in_a_line(model_type, tokenizer, sentences, tmp_path):
    refused = outcome(model_type, tokenizer, sentences, tmp_path)
    assert set(refused) == set(TASKS)
    for reason in filter(None, refused.values()):
        assert "\n" not in reason
        assert re.fullmatch(rf"model {model_type} cannot be used: .{{30,}}; use an architecture that .*", reason)
    if model_type in COMMON:
        assert not any(refused.values())


@pytest.mark.slow
def test_the_page_is_what_the_script_writes(tmp_path):
    script, page = ROOT / "scripts" / "make_architectures.py", tmp_path / "architectures.md"
    subprocess.run([sys.executable, script, "--output", page], check=True, capture_output=True)
    assert page.read_text() == (ROOT / "docs" / "architectures.md").read_text()


@pytest.mark.parametrize("model_type", ALL)
def test_the_longest_text_is_the_longest_that_runs(model_type, tokenizer):
    config = small_config(model_type, tokenizer)
    longest = maximum_length(config)
    if not hasattr(config.get_text_config(), "max_position_embeddings"):
        assert longest == sys.maxsize
        return
    if model_type == "xmod":
        config.default_language = config.languages[0]
    model = AutoModelForMaskedLM.from_config(config).eval()
    lengths = range(architectures.POSITIONS - 4, architectures.POSITIONS + 1)
    assert max(length for length in lengths if runs(model, length)) == longest


@torch.no_grad()
def runs(model, length):
    rows = {"input_ids": torch.full((1, length), 9), "attention_mask": torch.ones(1, length, dtype=torch.int64)}
    try:
        return bool(model(**rows).logits.isfinite().all())
    except (IndexError, RuntimeError, ValueError):
        return False
