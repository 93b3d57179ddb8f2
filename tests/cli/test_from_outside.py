"""What users add without touching the package: one Python file and one yaml each, and a finished run each."""

import json
import sys

import pytest
import yaml
from hydra.core.global_hydra import GlobalHydra

from auxtask.cli.command import run_command
from auxtask.train import train

ADDITIONS = {
    "masking": (
        "aux",
        '''
from dataclasses import dataclass, field
import numpy as np
from auxtask.data.padding import add_token_column, attended_tokens
from auxtask.masking.collator import TokenMaskingCollator, aligned_column

def annotate_positions(dataset, tools):
    counts = [len(row) for row in dataset["input_ids"]]
    return add_token_column(dataset, "positions", np.concatenate([np.arange(count) for count in counts]))

@dataclass
class LateMaskingCollator(TokenMaskingCollator):
    power: float = field(default=1.0, kw_only=True)

    def priorities(self, feature):
        return aligned_column(feature, "positions", "annotate_positions(dataset)") ** self.power
''',
        """
mine:
  _target_: auxtask.tasks.masking.MaskingTask
  masking: {_target_: mine_masking.LateMaskingCollator, _partial_: true, mask_rate: 0.3, power: 2.0}
  annotate: {_target_: mine_masking.annotate_positions, _partial_: true}
""",
    ),
    "labeler": (
        "aux",
        '''
from auxtask.phrases.labelers import PhraseLabeler

class LengthLabeler(PhraseLabeler):
    """The type of an N-gram is whether it is longer than two tokens."""

    @property
    def types(self):
        return ["Long", "Short"]

    def type_of(self, ngram, document_class):
        return "Long" if len(ngram) > 2 else "Short"
''',
        """
defaults:
  - recognition/ngrams@mine
  - _self_
mine:
  labeler: {_target_: mine_labeler.LengthLabeler, _partial_: true}
""",
    ),
    "weighting": (
        "weighting",
        '''
import torch
from auxtask.training.weighting.base import Weighting

class FadingWeighting(Weighting):
    """Auxiliary tasks fade with the epochs."""

    def __init__(self, factor=0.5):
        super().__init__()
        self.factor = factor

    def prepare(self, facts):
        super().prepare(facts)
        self.register_buffer("epochs", torch.zeros(()))

    def task_weights(self):
        auxiliary = self.factor**self.epochs
        return torch.stack([torch.ones(()) if name == "main" else auxiliary for name in self.task_names])

    def end_epoch(self):
        self.epochs += 1
''',
        "_target_: mine_weighting.FadingWeighting\nfactor: 0.25\n",
    ),
    "dataset": (
        "dataset",
        '''
from auxtask.data.dataset import build_text_dataset

def load_tides(size):
    pairs = [(f"the {word} tide number {number}", word) for word in ("high", "low") for number in range(size)]
    return build_text_dataset({"train": pairs, "valid": pairs, "test": pairs}, name="tides", provenance={})
''',
        "_target_: mine_dataset.load_tides\nsize: 6\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", ADDITIONS)
def test_one_file_and_one_yaml_make_a_finished_run(kind, tmp_path, monkeypatch, model_folder):
    group, code, fields = ADDITIONS[kind]
    (tmp_path / f"mine_{kind}.py").write_text(code)
    (tmp_path / "configs" / group).mkdir(parents=True)
    (tmp_path / "configs" / group / "mine.yaml").write_text(fields)
    (tmp_path / "data.jsonl").write_text(
        "".join(
            json.dumps({"text": f"the {word} sea number {n}", "label": word}) + "\n"
            for word in ("cold", "warm")
            for n in range(15)
        )
    )
    monkeypatch.syspath_prepend(tmp_path)
    chosen = {"dataset": "files", "aux": "rtm", "weighting": "static"} | {group: "mine"}
    line = [
        "--config-dir", str(tmp_path / "configs"), *(f"{name}={option}" for name, option in chosen.items()),
        f"model.name={model_folder}", "model.max_length=16", "trainer.num_train_epochs=2",
        "trainer.disable_tqdm=true", "trainer.bf16=false", f"paths.runs={tmp_path / 'runs'}",
        f"paths.cache={tmp_path / 'cache'}",
    ]  # fmt: skip
    if kind != "dataset":
        line.append(f"dataset.train={tmp_path / 'data.jsonl'}")
    monkeypatch.setattr(sys, "argv", ["train.py", *line])
    GlobalHydra.instance().clear()
    run_command("train", train)
    GlobalHydra.instance().clear()
    [metrics] = (tmp_path / "runs").rglob("metrics.json")
    assert json.loads(metrics.read_text())["status"] == "finished"
    history = [json.loads(row) for row in (metrics.parent / "history.jsonl").read_text().splitlines()]
    written = yaml.safe_load((metrics.parent / "config.yaml").read_text())
    if kind == "dataset":
        assert metrics.relative_to(tmp_path / "runs").parts[0] == "tides"
        assert json.loads(metrics.read_text())["counts"]["documents"]["train"] == 12
    elif kind == "weighting":
        # Weights are told at an evaluation, which comes before the weighting hears of the epoch's end or after it.
        told = [row["weights"]["rtm"] for row in history]
        assert told[1] == pytest.approx(told[0] * 0.25)
    else:
        assert set(history[-1]["losses"]) == {"main", "mine"}
        assert history[-1]["losses"]["mine"] > 0
        assert written["aux"]["mine"]["_target_"].startswith("auxtask.tasks.")
