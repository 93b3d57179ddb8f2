"""Short runs of every option against stored figures: a change of behaviour shows in review.

`AUXTASK_RECORD=1 pytest tests/test_golden.py -m slow -n 0` stores the figures of this machine in `golden.json`.
Elsewhere they may differ by rounding; on the processor and the torch that recorded them they are the same to the
last digit.
"""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from transformers import BertConfig, BertForMaskedLM

from auxtask.cli.planning import fit_config, load_dataset
from auxtask.ground.files import config_folder
from auxtask.runs.environment import environment

STORED = Path(__file__).parent / "golden.json"
RECORD = bool(os.environ.get("AUXTASK_RECORD"))

CLASSES = {"finance": "bank money rates", "film": "film story brothers", "medicine": "patient heart dose"}
SHARED = ["the", "model", "reads", "a", "sentence", "and", "returns", "words", "we", "expect", "of", "text"]
COMMON = [
    "model.max_length=24", "model.learning_rate=3e-3", "trainer.num_train_epochs=2", "trainer.bf16=false",
    "trainer.per_device_train_batch_size=8", "trainer.use_cpu=true", "trainer.disable_tqdm=true",
    "trainer.warmup_steps=0.25", "scoring.dtype=float32", "dataset=files", "dataset.name=golden",
]  # fmt: skip
GRAPH = ["baseline.clean.min_count=1", "baseline.num_epochs=2"]
ENCODER = ["baseline.encoder_learning_rate=1e-3", "baseline.batch_size=16", "baseline.dtype=float32"]
LAST_STAGE = "trainer.last_stage={learning_rate: 1e-3, num_train_epochs: 1, eval_strategy: epoch}"


def options(group):
    return sorted(path.stem for path in (config_folder() / group).glob("*.yaml"))


CASES = {f"aux={name}": [f"aux={name}"] for name in options("aux")}
CASES |= {f"weighting={name}": ["aux=rtm", f"weighting={name}"] for name in options("weighting")}
CASES |= {f"loss={name}": ["aux=stl", f"loss={name}"] for name in options("loss")}
CASES |= {f"baseline={name}": [f"baseline={name}"] for name in options("baseline") if name != "none"}
CASES |= {
    "adapter=lora": ["aux=rtm", "adapter=lora"],
    "decoder=detached": ["aux=rtm", "aux.rtm.decoder=detached"],
    "decoder=separate": ["aux=rtm", "aux.rtm.decoder=separate"],
    "both kinds": ["aux=[bit_label,l3masking]"],
    "independent batches": ["aux=rtm", "trainer.independent_batches=true"],
    "last stage": ["aux=rtm", LAST_STAGE],
    "accumulation": ["aux=rtm", "trainer.gradient_accumulation_steps=2"],
}
for name in ("bertgcn", "bertgat"):
    CASES[f"baseline={name}"] += GRAPH + ENCODER
CASES["baseline=textgcn"] += GRAPH


@pytest.fixture(scope="module")
def paths(tmp_path_factory, tokenizer):
    """Data of three classes, a random encoder, and folders that all runs share."""
    folder = tmp_path_factory.mktemp("golden")
    rng = np.random.default_rng(0)
    for split, count in (("train", 48), ("valid", 18), ("test", 24)):
        rows = []
        for label in rng.choice(list(CLASSES), size=count, p=[0.5, 0.3, 0.2]).tolist():
            words = [*rng.choice(SHARED, rng.integers(3, 9)), *rng.choice(CLASSES[label].split(), 2)]
            rows.append({"text": " ".join(rng.permutation(words)), "label": label})
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = folder / "encoder"
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertForMaskedLM(BertConfig(vocab_size=len(tokenizer), max_position_embeddings=32, **sizes)).save_pretrained(
        model
    )
    tokenizer.save_pretrained(model)
    files = [f"dataset.{split}={folder / split}.jsonl" for split in ("train", "valid", "test")]
    return [f"model.name={model}", f"paths.runs={folder / 'runs'}", f"paths.cache={folder / 'cache'}", *files]


def figures(path):
    """What a run came to, without times: losses by evaluation, test scores, and a hash of every digit."""
    metrics = json.loads((path / "metrics.json").read_text())
    history = path / "history.jsonl"
    rows = [json.loads(line) for line in history.read_text().splitlines()] if history.exists() else []
    for row in rows:
        # What a run took, and what is only counted beside it, are no figures of its training.
        del row["seconds"], row["mask_rates"]
    exact = [rows, {name: metrics[name] for name in ("test", "valid", "per_class", "best_step", "steps")}]
    content = json.dumps(exact, sort_keys=True) + (path / "predictions.jsonl").read_text()
    return {
        "losses": [row["losses"] for row in rows],
        "valid_losses": [row["valid"]["loss"] for row in rows],
        "test": metrics["test"],
        "steps": metrics["steps"],
        "hash": hashlib.sha256(content.encode()).hexdigest()[:16],
    }


@pytest.fixture(scope="module")
def stored():
    here = environment()
    machine = {"processor": here["processor"], "torch": here["versions"]["torch"]}
    values = json.loads(STORED.read_text()) if STORED.exists() else {}
    if RECORD:
        assert "PYTEST_XDIST_WORKER" not in os.environ, "each of several workers would store its own share alone"
        values = {"machine": machine, "figures": {}}
    yield values["figures"], values["machine"] == machine
    if RECORD:
        STORED.write_text(json.dumps(values, indent=1, sort_keys=True) + "\n")


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_figures_are_as_stored(name, paths, stored):
    expected, same_machine = stored
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        config = compose("train", [*COMMON, *paths, *CASES[name]])
        found = figures(fit_config(config, load_dataset(config)).folder)
    if RECORD:
        expected[name] = found
        return
    wanted = expected[name]
    for losses, wanted_losses in zip(found["losses"], wanted["losses"], strict=True):
        assert losses == pytest.approx(wanted_losses, rel=1e-3)
    assert found["valid_losses"] == pytest.approx(wanted["valid_losses"], rel=1e-3)
    assert found["steps"] == wanted["steps"]
    if same_machine:
        assert found["hash"] == wanted["hash"]
