"""Whole runs on small data with a small random model: files, reproducibility, resume, what is learned."""

import functools
import json
import shutil
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, TrainerCallback, pipeline

import auxtask
from auxtask.errors import AuxtaskError
from auxtask.experiment import experiment
from auxtask.masking.likelihood import L3MaskingCollator, annotate_likelihoods
from auxtask.masking.random import RTMCollator
from auxtask.runs.folder import RunFolder
from auxtask.tasks.masking import MaskingTask
from auxtask.tasks.self_paced import SelfPacedTask
from auxtask.training import stages
from auxtask.training.weighting.uncertainty import UncertaintyWeighting
from experiments import run as run_tasks
from marking import rest_in_ci

TRAINER = {
    "patience": None, "head_learning_rate": None, "metric": "macro_f1", "num_train_epochs": 4,
    "per_device_train_batch_size": 8, "per_device_eval_batch_size": 16,
    "learning_rate": 2e-3, "eval_strategy": "epoch", "eval_steps": None,
    "bf16": False, "report_to": "none", "save_total_limit": 1, "disable_tqdm": True,
}  # fmt: skip
L3MASKING = functools.partial(L3MaskingCollator, mask_rate=0.3)
TASKS = {
    "stl": {},
    "rtm": {"rtm": MaskingTask(functools.partial(RTMCollator, mask_rate=0.3))},
    "l3masking": {"l3masking": MaskingTask(L3MASKING, annotate_likelihoods)},
    "self_paced": {"self_paced": SelfPacedTask(L3MASKING, annotate_likelihoods)},
}


@pytest.fixture(scope="module")
def run_in(dataset, model_folder):
    def start(folder, tasks="rtm", seed=0, model=model_folder, weighting=None, **changes):
        folder, trainer = RunFolder(folder), {**TRAINER, **changes}
        return folder, run_tasks(dataset, model, TASKS[tasks], trainer, folder, seed=seed, weighting=weighting)

    return start


@pytest.fixture
def run(run_in, tmp_path):
    return lambda tasks="rtm", name="run", **changes: run_in(tmp_path / name, tasks, **changes)


@pytest.fixture(scope="module")
def whole(run_in, tmp_path_factory):
    """Uninterrupted runs, each computed once for all tests that look at it or compare another with it."""
    runs = {}

    def look_up(tasks="rtm", **changes):
        key = json.dumps([tasks, changes])
        if key not in runs:
            runs[key] = run_in(tmp_path_factory.mktemp("whole"), tasks, **changes)
        return runs[key]

    return look_up


def figures(metrics):
    """What must be the same when a run is repeated: all but times and memory."""
    return {
        name: value
        for name, value in metrics.items()
        if name not in {"seconds", "tokens_per_second", "peak_memory_bytes"}
    }


@pytest.mark.parametrize("tasks", rest_in_ci(["l3masking", "stl", "rtm"]))
def test_a_run_learns_and_leaves_the_files_of_the_contract(run, dataset, tasks):
    folder, metrics = run(tasks, model="tiny", learning_rate=5e-4)
    assert metrics["test"]["macro_f1"] > 0.9
    assert sorted(path.name for path in folder.path.iterdir() if path.name != ".lock") == [
        "history.jsonl", "metrics.json", "model", "predictions.jsonl",
    ]  # fmt: skip
    assert folder.metrics == json.loads(json.dumps(metrics))
    history = [json.loads(line) for line in (folder.path / "history.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    assert set(history[0]["losses"]) == set(history[0]["weights"]) == {"main", *TASKS[tasks]}
    assert history[-1]["losses"]["main"] < history[0]["losses"]["main"]
    assert all(later["seconds"] > earlier["seconds"] for earlier, later in pairwise(history))
    best = max(history, key=lambda row: row["valid"]["macro_f1"])
    assert metrics["best_step"] == best["step"]
    assert metrics["valid"]["macro_f1"] == best["valid"]["macro_f1"]
    support = [metrics["per_class"][label]["support"] for label in dataset.label_names]
    assert support == np.bincount(dataset["test"]["label"]).tolist()


def test_stock_transformers_reproduces_the_predictions(whole, dataset):
    folder, metrics = whole()
    rows = [json.loads(line) for line in (folder.path / "predictions.jsonl").read_text().splitlines()]
    texts = dataset["test"]["text"]
    model = AutoModelForSequenceClassification.from_pretrained(folder.model).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder.model)
    for row, text in zip(rows, texts, strict=True):
        with torch.no_grad():
            probabilities = model(**tokenizer(text, return_tensors="pt")).logits.softmax(dim=-1)[0]
        expected = [row["probabilities"][label] for label in dataset.label_names]
        assert probabilities.tolist() == pytest.approx(expected, abs=2e-6)
        assert row["prediction"] == model.config.id2label[int(probabilities.argmax())]
    predictions = [row["prediction"] for row in rows]
    classify = pipeline("text-classification", str(folder.model))
    assert [answer["label"] for answer in classify(list(texts))] == predictions
    assert auxtask.load(folder.model).predict(list(texts)) == predictions
    correct = sum(row["label"] == row["prediction"] for row in rows)
    assert metrics["test"]["accuracy"] == correct / len(rows)
    assert auxtask.load(folder.model).tokenizer.model_max_length == 32


@pytest.mark.parametrize("tasks", ["stl", pytest.param("l3masking", marks=pytest.mark.ci)])
def test_same_seed_same_figures_other_seed_other_predictions(run, whole, tasks):
    _, first = whole(tasks)
    folder, again = run(tasks, "again")
    other_folder, _ = run(tasks, "other", seed=1)
    assert figures(first) == figures(again)
    predictions = (folder.path / "predictions.jsonl").read_text()
    assert predictions != (other_folder.path / "predictions.jsonl").read_text()


class Stop(TrainerCallback):
    """End the process's training at a step, as a kill would."""

    def __init__(self, step):
        self.step = step

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == self.step:
            raise KeyboardInterrupt


@contextmanager
def stopped_at(step):
    trainer_class = stages.MultiTaskTrainer

    def interrupted(*arguments, callbacks, **keywords):
        return trainer_class(*arguments, callbacks=[*callbacks, Stop(step)], **keywords)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "MultiTaskTrainer", interrupted)
        yield


@pytest.mark.parametrize(
    ("tasks", "steps"),
    [
        ("l3masking", {}),
        pytest.param("self_paced", {"eval_strategy": "steps", "eval_steps": 5}, marks=pytest.mark.ci),
    ],
)
def test_an_interrupted_run_ends_with_the_figures_of_an_uninterrupted_one(run, whole, tasks, steps):
    with stopped_at(31), pytest.raises(KeyboardInterrupt):
        run(tasks, "cut", **steps)
    folder, resumed = run(tasks, "cut", **steps)
    assert figures(resumed) == figures(whole(tasks, **steps)[1])
    history = [json.loads(line)["step"] for line in (folder.path / "history.jsonl").read_text().splitlines()]
    assert history == sorted(set(history))


def cut_in_half(file):
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


@pytest.fixture(scope="module")
def cut_in_its_epochs(run_in, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cut") / "run"
    with stopped_at(40), pytest.raises(KeyboardInterrupt):
        run_in(folder, save_total_limit=3)
    return folder


@pytest.mark.parametrize(
    "damaged", rest_in_ci(["model.safetensors", "optimizer.pt", "rng_state.pth", "trainer_state.json"])
)
def test_a_run_whose_last_checkpoint_is_damaged_ends_with_the_figures_of_a_whole_one(
    run, whole, cut_in_its_epochs, tmp_path, capsys, damaged
):
    shutil.copytree(cut_in_its_epochs, tmp_path / "cut")
    [last] = tmp_path.glob("cut/checkpoints/checkpoint-36")
    cut_in_half(last / damaged)
    _, resumed = run("rtm", "cut", save_total_limit=3)
    assert figures(resumed) == figures(whole(save_total_limit=3)[1])
    assert "checkpoint-36" in capsys.readouterr().err


LAST_STAGE = {"last_stage": {"num_train_epochs": 2}}


@pytest.fixture(scope="module")
def cut_after_its_stages(run_in, tmp_path_factory):
    def killed(*arguments):
        raise KeyboardInterrupt

    folder = tmp_path_factory.mktemp("cut") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiment, "export", killed)
        with pytest.raises(KeyboardInterrupt):
            run_in(folder, **LAST_STAGE)
    return folder


@pytest.mark.parametrize("damaged", rest_in_ci(["weights", "stage.json"]))
def test_a_finished_stage_that_is_damaged_is_finished_again(
    run, whole, cut_after_its_stages, tmp_path, capsys, damaged
):
    shutil.copytree(cut_after_its_stages, tmp_path / "cut")
    checkpoints = tmp_path / "cut" / "checkpoints"
    if damaged == "stage.json":
        cut_in_half(checkpoints / "stage.json")
    else:
        [best] = checkpoints.glob("checkpoint-*")
        cut_in_half(best / "model.safetensors")
    _, resumed = run("rtm", "cut", **LAST_STAGE)
    assert figures(resumed) == figures(whole(**LAST_STAGE)[1])
    assert "the stage is finished again" in capsys.readouterr().err


def test_one_task_alone_is_trained_as_without_a_weighting(run, whole):
    plain, plain_metrics = whole("stl")
    weighted, metrics = run("stl", name="weighted", weighting=UncertaintyWeighting(learning_rate=0.5))
    assert figures(metrics) == figures(plain_metrics)
    written = [(folder.path / "predictions.jsonl").read_bytes() for folder in (plain, weighted)]
    assert written[0] == written[1]


def test_early_stopping_ends_a_run_that_no_longer_gets_better(run):
    _, metrics = run("stl", num_train_epochs=40, patience=2)
    assert metrics["steps"] < 40 * 12
    assert metrics["steps"] - metrics["best_step"] == 2 * 12


def test_a_loss_that_is_not_a_number_ends_in_a_clear_error(run):
    with pytest.raises(AuxtaskError, match=r"loss of task '\w+' became (nan|inf).*learning_rate"):
        run("rtm", learning_rate=1e30, max_grad_norm=0)


def test_settings_are_checked_at_the_door(run):
    with pytest.raises(AuxtaskError, match=r"trainer\.metric='f1' is unknown"):
        run(metric="f1")
    with pytest.raises(AuxtaskError, match="TrainingArguments"):
        run(learning_speed=1)


def test_a_vocabulary_head_is_trained_at_the_rate_of_the_encoder(run, monkeypatch):
    built = []

    class Watched(stages.MultiTaskTrainer):
        def create_optimizer(self, *arguments):
            optimizer = super().create_optimizer(*arguments)
            rates = {id(value): group["lr"] for group in optimizer.param_groups for value in group["params"]}
            built.append({name: rates[id(value)] for name, value in self.model.named_parameters()})
            return optimizer

    monkeypatch.setattr(stages, "MultiTaskTrainer", Watched)
    run("rtm", max_steps=1, eval_strategy="steps", eval_steps=1, head_learning_rate=1e-2)
    [rates] = built
    fast = {name for name, rate in rates.items() if rate == 1e-2}
    assert fast == {"classifier.classifier.weight", "classifier.classifier.bias"}
    assert "heads.rtm.cls.predictions.bias" in rates
