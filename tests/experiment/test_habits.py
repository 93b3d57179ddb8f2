"""What users of `transformers` expect of a run: stages, losses, adapters, checkpointing, callbacks."""

import functools
import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from transformers import AutoModelForSequenceClassification, TrainerCallback

from auxtask.data.dataset import build_text_dataset
from auxtask.errors import AuxtaskError
from auxtask.masking.pace import IndependentDocuments
from auxtask.masking.random import RTMCollator
from auxtask.model.adapters import LoraAdapter
from auxtask.runs.folder import RunFolder
from auxtask.tasks.masking import MaskingTask
from auxtask.training import stages
from auxtask.training.batches import ClassificationCollator, MultiTaskCollator
from auxtask.training.losses.class_weighted import ClassWeightedLoss
from auxtask.training.losses.cross_entropy import CrossEntropy
from auxtask.training.losses.focal import FocalLoss
from experiments import run as run_tasks

TRAINER = {
    "patience": None, "metric": "macro_f1", "num_train_epochs": 2, "per_device_train_batch_size": 6,
    "learning_rate": 2e-3, "eval_strategy": "epoch", "eval_steps": None, "bf16": False, "report_to": "none",
    "save_total_limit": 1, "disable_tqdm": True,
}  # fmt: skip
STAGE = {"learning_rate": 1e-3, "num_train_epochs": 3, "patience": 5}


@pytest.fixture
def run(sentences, model_folder, tmp_path):
    pairs = [(sentence, "ab"[index % 2]) for index, sentence in enumerate(sentences)]
    dataset = build_text_dataset({"train": pairs * 3, "valid": pairs, "test": pairs}, name="few", provenance={})

    def start(name="run", changes=None, **keywords):
        folder = RunFolder(tmp_path / name)
        tasks = {"rtm": MaskingTask(functools.partial(RTMCollator, mask_rate=0.3))}
        metrics = run_tasks(dataset, model_folder, tasks, TRAINER | (changes or {}), folder, **keywords)
        history = [json.loads(line) for line in (folder.path / "history.jsonl").read_text().splitlines()]
        return folder, metrics, history

    return start


def weights(folder):
    return AutoModelForSequenceClassification.from_pretrained(folder.model).state_dict()


def test_a_last_stage_goes_on_in_the_history_and_its_loss_is_the_main_one_alone(run):
    _, metrics, history = run(changes={"last_stage": STAGE})
    assert (
        [row["step"] for row in history]
        == [3 * epoch for epoch in range(1, 6)]
        == sorted(row["epoch"] * 3 for row in history)
    )
    assert [set(row["losses"]) for row in history] == [{"main", "rtm"}] * 2 + [{"main"}] * 3
    assert metrics["steps"] == 15
    best = max(history, key=lambda row: row["valid"]["macro_f1"])
    assert (metrics["best_step"], metrics["valid"]["macro_f1"]) == (best["step"], best["valid"]["macro_f1"])


@pytest.mark.ci
def test_a_last_stage_that_is_no_better_is_not_kept(run):
    plain, _, _ = run("plain")
    staged, metrics, history = run("staged", changes={"last_stage": {**STAGE, "learning_rate": 0.0}})
    assert len(history) == 5
    assert metrics["best_step"] <= 6
    for name, value in weights(plain).items():
        torch.testing.assert_close(weights(staged)[name], value, rtol=0, atol=0)


@pytest.mark.ci
def test_a_run_that_is_cut_in_its_last_stage_goes_on_there(run, monkeypatch):
    _, whole, _ = run("whole", changes={"last_stage": STAGE})

    class Stop(TrainerCallback):
        def on_step_end(self, args, state, control, **keywords):
            if args.output_dir.endswith("last_stage") and state.global_step == 5:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run("cut", changes={"last_stage": STAGE}, callbacks=[Stop()])
    steps = []
    monkeypatch.setattr(
        stages.MultiTaskTrainer, "training_step",
        lambda trainer, *arguments, _original=stages.MultiTaskTrainer.training_step: (
            steps.append(trainer.state.global_step), _original(trainer, *arguments)
        )[1],
    )  # fmt: skip
    _, resumed, _ = run("cut", changes={"last_stage": STAGE})
    assert steps == [3, 4, 5, 6, 7, 8]
    assert {name: resumed[name] for name in ("test", "valid", "best_step", "steps")} == {
        name: whole[name] for name in ("test", "valid", "best_step", "steps")
    }


def test_adapters_train_few_weights_and_are_merged_into_a_plain_classifier(run, model_folder):
    folder, _, _ = run(adapter=LoraAdapter(r=2, lora_alpha=4, target_modules="all-linear"))
    vanilla = AutoModelForSequenceClassification.from_pretrained(model_folder).state_dict()
    found = weights(folder)
    assert found.keys() == vanilla.keys()
    name = "bert.embeddings.word_embeddings.weight"
    assert torch.equal(found[name], vanilla[name])
    change = (
        found["bert.encoder.layer.0.attention.self.query.weight"]
        - vanilla["bert.encoder.layer.0.attention.self.query.weight"]
    )
    assert 0 < torch.linalg.matrix_rank(change, atol=1e-6) <= 2


@pytest.mark.parametrize(
    "field", ["activation_checkpointing", pytest.param("torch_compile", marks=pytest.mark.slow)]
)
def test_checkpointed_and_compiled_runs_take_the_same_steps(run, field):
    every_step = {"max_steps": 2, "eval_strategy": "steps", "eval_steps": 1}
    _, _, plain = run("plain", changes=every_step)
    _, _, other = run("other", changes={**every_step, field: True})
    for one, two in zip(plain, other, strict=True):
        assert two["losses"] == pytest.approx(one["losses"], rel=2e-2)


def test_accumulated_batches_give_the_step_of_one_large_batch(run):
    small = {"per_device_train_batch_size": 3, "gradient_accumulation_steps": 2}
    _, _, large = run("large", changes={"num_train_epochs": 1})
    _, _, accumulated = run("accumulated", changes={"num_train_epochs": 1, **small})
    assert accumulated[-1]["step"] == large[-1]["step"]
    assert accumulated[-1]["losses"]["main"] == pytest.approx(large[-1]["losses"]["main"], rel=0.05)


def test_callbacks_see_every_figure_as_a_flat_number(run):
    seen = []

    class Collect(TrainerCallback):
        def on_log(self, args, state, control, logs=None, **keywords):
            seen.append(logs)

    run(callbacks=[Collect()])
    logged = next(logs for logs in seen if "eval_loss" in logs)
    assert {"losses/main", "losses/rtm", "weights/main", "weights/rtm", "eval_macro_f1"} <= set(logged)
    assert all(isinstance(value, int | float) for value in logged.values())


def test_losses_of_the_main_task_against_their_formulas():
    generator = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(50, 3, generator=generator), torch.randint(3, (50,), generator=generator)
    assert CrossEntropy()(logits, labels) == pytest.approx(float(F.cross_entropy(logits, labels)))
    p = logits.softmax(dim=1)[torch.arange(50), labels]
    assert FocalLoss(2.0)(logits, labels) == pytest.approx(float(-((1 - p) ** 2 * p.log()).mean()), rel=1e-5)
    weighted = ClassWeightedLoss(power=1.0)
    counts = np.bincount(labels)
    weighted.prepare(counts.tolist())
    balanced = torch.tensor(50 / (3 * counts), dtype=torch.float32)  # scikit-learn's class_weight="balanced"
    torch.testing.assert_close(weighted.class_weights, balanced)
    expected = F.cross_entropy(logits, labels, weight=balanced)
    assert weighted(logits, labels) == pytest.approx(float(expected), rel=1e-5)
    certain = torch.tensor([[60.0, 0.0]], requires_grad=True)
    FocalLoss(0.5)(certain, torch.tensor([0])).backward()
    assert certain.grad.isfinite().all()
    with pytest.raises(AuxtaskError, match=r"loss\.gamma=-1"):
        FocalLoss(-1)
    with pytest.raises(AuxtaskError, match=r"loss\.power=2"):
        ClassWeightedLoss(2)


def test_independent_batches_leave_masked_rows_and_draw_the_main_ones_anew(run, tokenizer, sentences):
    from datasets import Dataset

    rows = [{"input_ids": tokenizer(text)["input_ids"], "label": index} for index, text in enumerate(sentences)]
    documents = Dataset.from_list(rows)
    draw = IndependentDocuments(documents, seed=0)
    masking = RTMCollator(tokenizer, 0.5, seed=0)
    collator = MultiTaskCollator(
        ClassificationCollator(tokenizer),
        {"rtm": masking, "labels": lambda features: {"labels": torch.tensor([one["label"] for one in features])}},
        draw,
    )
    seen = np.zeros(len(rows))
    for epoch in range(60):
        draw.epoch = masking.epoch = epoch
        batch = collator(rows[:3])
        assert batch["rtm"]["labels"].tolist() == masking(rows[:3])["labels"].tolist()
        main = batch["main"]["labels"].tolist()
        assert len(set(main)) == 3
        assert batch["labels"]["labels"].tolist() == main == collator(rows[:3])["main"]["labels"].tolist()
        seen[main] += 1
    assert seen.min() > 15
    _, metrics, _ = run(changes={"independent_batches": True})
    assert metrics["steps"] == 6
