"""Runs of older releases get the names that they would have today, and nothing but their config is touched."""

import json
import runpy
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from auxtask.cli.planning import run_identity
from auxtask.cli.resolving import resolved
from auxtask.data.dataset import build_text_dataset
from auxtask.ground.files import config_folder
from auxtask.runs.identity import RunIdentity

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "migrate_runs.py"))
METRICS = {
    "status": "finished",
    "test": {"micro_f1": 0.5, "macro_f1": 0.5, "accuracy": 0.5},
    "valid": {"micro_f1": 0.5, "macro_f1": 0.5, "accuracy": 0.5},
    "per_class": {"x": {"f1": 0.5, "support": 1}, "y": {"f1": 0.5, "support": 1}},
    "best_step": 1,
    "steps": 1,
    "seconds": {"train": 1.0},
}
LIKELIHOOD = {
    "_target_": "auxtask.training.tasks.LikelihoodMaskingTask",
    "metric": "word_l2r",
    "masking": {
        "_target_": "auxtask.masking.collators.L3MaskingCollator", "_partial_": True, "mask_rate": 0.15,
    },
}  # fmt: skip
NLL = {"_target_": "auxtask.masking.scores.negative_log_likelihood", "_partial_": True}
OLD_TASKS = {
    "l3masking": LIKELIHOOD,
    "l3masking_original": {**LIKELIHOOD, "metric": "original"},
    "l3masking_nll": {**LIKELIHOOD, "masking": {**LIKELIHOOD["masking"], "score": NLL}},
    "l3masking_refreshed": {
        **LIKELIHOOD, "_target_": "auxtask.training.self_paced.SelfPacedMaskingTask", "refresh_every": 3,
    },
    "rtm": {
        "_target_": "auxtask.training.tasks.MaskingTask", "decoder": "tied",
        "masking": {"_target_": "auxtask.masking.collators.RTMCollator", "_partial_": True, "mask_rate": 0.15},
    },
    "whole_word": {
        "_target_": "auxtask.training.tasks.MaskingTask",
        "masking": {
            "_target_": "auxtask.masking.units.WholeWordMaskingCollator", "_partial_": True, "mask_rate": 0.15,
        },
    },
    "frequency": {
        "_target_": "auxtask.training.tasks.FrequencyMaskingTask",
        "masking": {
            "_target_": "auxtask.masking.frequency.FrequencyMaskingCollator", "_partial_": True,
            "mask_rate": 0.15, "power": 0.5,
        },
    },
    "bit_label": {
        "_target_": "auxtask.training.recognition.RecognitionTask",
        "column": "bit_label_labels",
        "labeler": {"_target_": "auxtask.phrases.labelers.BitLabelLabeler", "_partial_": True},
        "extractor": {
            "_target_": "auxtask.phrases.extraction.NgramExtractor", "num_merges": None, "min_frequency": 2,
            "max_length": 10, "scope": "per_class", "word_scope": "any", "cross_punctuation": True,
        },
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def few():
    splits = {split: [("a sea", "x"), ("a land", "y")] for split in ("train", "valid", "test")}
    return build_text_dataset(splits, name="few", provenance={})


def today(few, *overrides):
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        config = resolved(compose("train", [*overrides, "paths.cache=/nowhere", "scoring.dtype=bfloat16"]))
    return config, run_identity(config, few)


def old_run(folder, few, aux, seed=0, weighting=None, metrics=METRICS):
    """A run as the release before wrote it: auto unresolved, the seed of a component that of the run."""
    task = aux if aux in OLD_TASKS else "stl"
    config, identity = today(few, f"aux={task}", f"seed={seed}", "trainer.bf16=true", *(weighting or []))
    content = OmegaConf.to_container(config, resolve=True)
    content["aux"] = {aux: OLD_TASKS[aux]} if aux in OLD_TASKS else {}
    content["trainer"]["bf16"] = "auto"
    content["scoring"] = {"dtype": "auto", "stride": None}
    if weighting:
        content["weighting"]["seed"] = seed
    path = folder / "few" / "tiny" / aux / "0123456789ab"
    path.mkdir(parents=True)
    (path / "config.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    (path / "environment.json").write_text(json.dumps({"fingerprints": identity.fingerprints, "processes": 1}))
    if metrics:
        (path / "metrics.json").write_text(json.dumps(metrics))
    return path, identity


@pytest.mark.parametrize("aux", ["stl", *OLD_TASKS])
def test_a_run_of_the_release_before_has_todays_name(few, tmp_path, aux):
    path, identity = old_run(tmp_path, few, aux)
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    [line] = SCRIPT["migrate"](tmp_path, True)
    assert line == f"few/tiny/{aux}/0123456789ab -> {identity.run_id}"
    place = path.with_name(identity.run_id)
    assert RunIdentity.of_folder(place) == identity
    after = {file.name: file.read_bytes() for file in place.iterdir()}
    assert {name for name in before if before[name] != after[name]} <= {"config.yaml"}
    assert list(SCRIPT["migrate"](tmp_path, True)) == []
    assert {file.name: file.read_bytes() for file in place.iterdir()} == after


def test_precision_and_seed_are_part_of_what_is_said(few, tmp_path):
    path, identity = old_run(tmp_path, few, "rtm", seed=10, weighting=["weighting=pcgrad"])
    list(SCRIPT["migrate"](tmp_path, False))
    [other] = path.parent.iterdir()
    assert other.name != identity.run_id
    settings = RunIdentity.of_folder(other).settings
    assert settings["trainer.bf16"] is False
    assert (settings["scoring.dtype"], settings["weighting.seed"]) == ("float32", None)


def test_what_cannot_be_migrated_is_left_alone_and_named(few, tmp_path):
    unfinished, _ = old_run(tmp_path, few, "rtm", metrics=None)
    taken, identity = old_run(tmp_path, few, "stl")
    taken.with_name(identity.run_id).mkdir()
    damaged, _ = old_run(tmp_path, few, "span")
    (damaged / "environment.json").unlink()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.yaml")}
    said = dict(line.split(": ", 1) for line in SCRIPT["migrate"](tmp_path, True))
    assert said.pop("few/tiny/rtm/0123456789ab") == "left alone, it is not finished"
    assert said.pop("few/tiny/stl/0123456789ab") == f"left alone, {identity.run_id} is taken"
    assert said.pop("few/tiny/span/0123456789ab").startswith(
        "left alone, its files are damaged (FileNotFoundError"
    )
    assert said == {f"few/tiny/stl/{identity.run_id}": "left alone, it is not finished"}
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.yaml")} == before
    assert unfinished.exists()
