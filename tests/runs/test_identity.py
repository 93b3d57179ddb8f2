"""What a run is called: what changes its result changes its id, and nothing else does."""

import json

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from auxtask.cli import resolving
from auxtask.cli.command_line import meant
from auxtask.cli.overrides import training_command
from auxtask.cli.planning import fit_config, load_dataset, run_identity
from auxtask.cli.resolving import either_precision, resolved
from auxtask.data.dataset import build_text_dataset
from auxtask.ground.files import config_folder
from auxtask.runs.identity import RunIdentity, result_settings

NAMES = ("docstrings", "tiny", "rtm")
PRINTS = {"dataset": "a", "model": "b"}
CONFIG = {
    "seed": 0,
    "force": False,
    "paths": {"runs": "runs"},
    "dataset": {"_target_": "reader", "data_folder": "here"},
    "model": {"name": "tiny", "max_length": 128},
    "aux": {
        "mine": {
            "_target_": "auxtask.tasks.masking.MaskingTask",
            "dataset": "corpus",
            "masking": {"_target_": "mine.Masking", "log_base": 2, "seed": None},
        }
    },
    "weighting": {"_target_": "auxtask.training.weighting.static.StaticWeighting", "auxiliary": 1.0},
    "scoring": {"dtype": "float32", "stride": None},
    "adapter": None,
    "baseline": None,
    "trainer": {
        "learning_rate": 1e-4, "logging_steps": 50, "report_to": "none", "use_cpu": True,
        "per_device_train_batch_size": 8, "last_stage": {"learning_rate": 1e-5, "run_name": None},
    },
}  # fmt: skip


def changed(path, value, content=CONFIG):
    config = json.loads(json.dumps(content))
    *parents, last = path.split(".")
    node = config
    for parent in parents:
        node = node[parent]
    node[last] = value
    return config


def run_id(config, fingerprints=PRINTS, processes=1):
    return RunIdentity.of(config, fingerprints, NAMES, processes).run_id


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("paths.runs", "elsewhere"),
        ("force", True),
        ("dataset.data_folder", "there"),
        ("trainer.logging_steps", 1),
        ("trainer.report_to", ["tensorboard"]),
        ("trainer.use_cpu", False),
        ("trainer.last_stage.run_name", "mine"),
        ("trainer.dataloader_num_workers", 2),
        ("callbacks", {}),
        ("unlabelled", None),
        ("aux.mine._target_", "auxtask.elsewhere.MaskingTask"),
    ],
)
def test_paths_logging_hardware_and_empty_groups_leave_the_id_as_it_is(path, value):
    assert run_id(changed(path, value)) == run_id(CONFIG)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("seed", 1),
        ("model.max_length", 64),
        ("aux.mine.masking.log_base", 10),
        ("aux.mine.dataset", "another"),
        ("aux.mine.masking._target_", "elsewhere.Masking"),
        ("aux.mine.masking.seed", 3),
        ("trainer.learning_rate", 2e-4),
        ("trainer.last_stage.learning_rate", 2e-5),
        ("trainer.dataloader_drop_last", True),
        ("trainer.per_device_train_batch_size", 16),
        ("weighting.auxiliary", 0.5),
        ("scoring.dtype", "bfloat16"),
        ("aux", {}),
    ],
)
def test_what_changes_the_result_changes_the_id(path, value):
    assert run_id(changed(path, value)) != run_id(CONFIG)


def test_data_and_model_are_part_of_the_id_and_it_has_12_digits():
    ids = {run_id(CONFIG), run_id(CONFIG, {**PRINTS, "dataset": "c"}), run_id(CONFIG, {**PRINTS, "model": "c"})}
    assert len(ids) == 3
    assert all(len(name) == 12 and int(name, 16) >= 0 for name in ids)


def test_a_batch_is_what_all_processes_take_together():
    halved = changed("trainer.per_device_train_batch_size", 4)
    assert run_id(halved, processes=2) == run_id(CONFIG)
    assert run_id(CONFIG, processes=2) != run_id(CONFIG)


def test_the_single_task_is_one_run_under_all_weightings():
    alone = changed("aux", {})
    other = changed("weighting", {"_target_": "mine.Weighting"}, alone)
    assert run_id(alone) == run_id(other) == run_id(changed("scoring.dtype", "bfloat16", alone))
    baseline = changed("baseline", {"name": "svm"})
    assert run_id(baseline) == run_id(changed("aux", {}, baseline)) != run_id(alone)


def test_seed_is_cut_by_its_path_alone():
    settings = result_settings(changed("aux.mine.masking.seed", 10))
    assert "seed" not in settings
    assert settings["aux.mine.masking.seed"] == 10


@pytest.fixture
def few():
    splits = {split: [("a sea", "x"), ("a land", "y")] * 2 for split in ("train", "valid", "test")}
    return build_text_dataset(splits, name="few", provenance={})


def composed(*overrides):
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        return compose("train", list(overrides))


def test_auto_is_what_it_means_on_this_machine(few, monkeypatch, tmp_path):
    config = composed(f"paths.cache={tmp_path}", "aux=l3masking")
    ids = {}
    for fast in (True, False):
        monkeypatch.setattr(resolving, "remembered_bf16_is_fast", lambda folder, fast=fast: fast)
        here = resolved(config)
        assert (here.trainer.bf16, here.scoring.dtype) == (fast, "bfloat16" if fast else "float32")
        ids[fast] = run_identity(here, few).run_id
        named = composed(f"paths.cache={tmp_path}", f"trainer.bf16={fast}", f"scoring.dtype={here.scoring.dtype}")
        assert run_identity(named, few).run_id == ids[fast]
        both = [run_identity(each, few).run_id for each in either_precision(config)]
        assert both[0] == ids[fast]
    assert ids[True] != ids[False]
    assert set(both) == set(ids.values())
    assert config.trainer.bf16 == "auto"


@pytest.mark.parametrize(
    ("place", "chosen", "method"),
    [("aux", ["aux=difference"], "difference"),
     ("adaptation.masking", ["adaptation=tapt", "adaptation.masking=difference"], "l3masking")],
)  # fmt: skip
def test_general_text_counts_by_its_content_and_the_shipped_table_as_before(few, tmp_path, place, chosen, method):
    where = f"{place}.difference.annotate.general"
    precision = ["trainer.bf16=false", "adaptation.trainer.bf16=false"][: len(chosen)]
    options = [meant(each) for each in (*chosen, f"paths.cache={tmp_path}", *precision, "scoring.dtype=float32")]

    def identity(path=None):
        config = composed(*options, *([] if path is None else [f"{where}={path}"]))
        return run_identity(resolved(config), few)

    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    first.write_text("a sea\n")
    second.write_text("a sea\n")
    shipped, given = identity(), identity(first)
    assert where not in shipped.fingerprints
    assert shipped.settings[where] is None
    assert given.run_id != shipped.run_id
    assert given.run_id == identity(second).run_id
    second.write_text("a land\n")
    assert given.run_id != identity(second).run_id
    settings = {**given.settings, **{f"fingerprints.{name}": each for name, each in given.fingerprints.items()}}
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        assert f"{where}=FILE" in training_command("few", "tiny", method, [0], settings)


def test_the_default_run_has_this_name(tmp_path):
    # It changes only with a changed default, a changed shipped model or data set, or the rules themselves.
    config = composed("trainer.bf16=false", "scoring.dtype=float32", f"paths.cache={tmp_path}")
    few = build_text_dataset(
        {split: [("a", "x"), ("b", "y")] for split in ("train", "valid", "test")}, name="few", provenance={}
    )
    assert run_identity(config, few).run_id == "a4fa0f5eed73"


def test_a_folder_is_named_by_what_its_files_say(model_folder, tmp_path):
    rows = [
        f'{{"text": "the {word} number {n}", "label": "{word}"}}\n' for word in ("sea", "land") for n in range(9)
    ]
    (tmp_path / "data.jsonl").write_text("".join(rows))
    config = composed(
        "dataset=files", f"dataset.train={tmp_path / 'data.jsonl'}", f"model.name={model_folder}",
        "model.max_length=16", "aux=rtm", "weighting=pcgrad", "trainer.max_steps=2", "trainer.eval_strategy=steps",
        "trainer.eval_steps=1", "trainer.disable_tqdm=true", "trainer.use_cpu=true",
        f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}",
    )  # fmt: skip
    run = fit_config(config, load_dataset(config))
    assert RunIdentity.of_folder(run.folder) == run_identity(resolved(config), load_dataset(config))
    assert RunIdentity.of_folder(run.folder).run_id == run.folder.name
    written = OmegaConf.load(run.folder / "config.yaml")
    assert written.trainer.bf16 in (True, False)
    assert written.weighting.seed is None
