"""Main rows that are masked: those of a masking task, or by themselves; and steps without auxiliary tasks."""

import functools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.stats import binomtest

from auxtask.data.dataset import build_text_dataset
from auxtask.errors import AuxtaskError
from auxtask.masking.pace import WithFurtherDocuments
from auxtask.masking.random import RTMCollator
from auxtask.runs.folder import RunFolder
from auxtask.runs.history import history_rows, read_history
from auxtask.tasks.masking import MaskingTask
from auxtask.training.batches import ClassificationCollator, MultiTaskCollator
from auxtask.training.masked_rows import masked_main
from auxtask.training.plan import TrainingPlan
from auxtask.training.stages import stage_trainer
from auxtask.training.weighting.base import GradientWeighting
from auxtask.training.weighting.gradnorm import GradNorm
from auxtask.training.weighting.meta import MetaWeighting
from auxtask.training.weighting.static import StaticWeighting
from auxtask.training.weighting.uncertainty import UncertaintyWeighting
from experiments import run

PLAN = functools.partial(TrainingPlan, {}, StaticWeighting(), 0)


class Ones(GradientWeighting):
    """What static weighting does, by way of the gradients."""

    def task_weights(self):
        return torch.ones(len(self.task_names))

    def shared_coefficients(self, gram):
        return torch.ones(len(self.task_names))


def step(trainer, documents, seed=3):
    """The losses of a batch, and the gradients that it brings."""
    batch = trainer.data_collator(list(documents.select(range(6))))
    torch.manual_seed(seed)
    trainer.model.zero_grad()
    trainer.training_step(trainer.model, batch)
    losses = {name: float(loss) for name, loss in trainer._loss_sums.items()}
    gradients = trainer.model.classifier.named_parameters()
    return batch, losses, {name: value.grad for name, value in gradients if value.grad is not None}


@pytest.mark.parametrize("make", [StaticWeighting, Ones])
def test_without_masks_main_loss_and_gradient_are_those_of_the_single_task(build, documents, make):
    alone = build(StaticWeighting(), dropout=0.1, tasks=(), name="alone")
    one_pass = build(make(), dropout=0.1, tasks=("rtm",), main_rows="rtm", mask_rate=1e-9)
    one_pass.network.load_state_dict(alone.network.state_dict(), strict=False)
    batch, losses, found = step(one_pass, documents)
    _, expected_losses, expected = step(alone, documents)
    assert (batch["rtm"]["labels"] == -100).all()
    assert losses == pytest.approx({**expected_losses, "rtm": 0}, rel=1e-6)
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-5, atol=1e-7, msg=name)


def test_every_task_reads_the_masked_rows_and_loses_what_stock_models_lose_on_them(build, documents):
    trainer = build(StaticWeighting(), main_rows="rtm")
    batch, losses, _ = step(trainer, documents)
    clean = ClassificationCollator(trainer.data_collator.tasks["rtm"].tokenizer)(documents.select(range(6)))
    rows = {name: batch["main"][name] for name in ("input_ids", "attention_mask")}
    assert not torch.equal(rows["input_ids"], clean["input_ids"])
    assert "input_ids" not in batch["rtm"]
    chosen = batch["rtm"]["labels"] != -100
    assert torch.equal(torch.where(chosen, batch["rtm"]["labels"], rows["input_ids"]), clean["input_ids"])
    network = trainer.network
    with torch.no_grad():
        logits = {
            "main": network.classifier(**rows).logits,
            "rtm": network.head("rtm")(**rows).logits.flatten(0, 1),
            "tags": network.head("tags")(**rows).logits.flatten(0, 1),
        }
    for name, values in logits.items():
        expected = F.cross_entropy(values, batch[name]["labels"].flatten())
        assert losses[name] == pytest.approx(float(expected), rel=1e-4)


@pytest.mark.parametrize(
    ("tasks", "main_rows", "passes"), [((), None, 1), (("rtm", "tags"), None, 2), (("rtm", "tags"), "rtm", 1)]
)
@pytest.mark.parametrize("make", [StaticWeighting, Ones])
def test_the_encoder_reads_no_row_twice(build, documents, tasks, main_rows, passes, make):
    trainer = build(make() if tasks else StaticWeighting(), tasks=tasks, main_rows=main_rows)
    rows = []
    trainer.network.classifier.base_model.register_forward_hook(lambda *call: rows.append(len(call[2][0])))
    step(trainer, documents)
    assert sum(rows) == passes * 6
    assert len(rows) == (passes if make is Ones and tasks else 1)


@pytest.mark.parametrize("make", [StaticWeighting, Ones], ids=["losses", "gradients"])
def test_a_step_of_one_pass_is_the_same_however_it_is_cut_into_batches(build, make):
    def trained(size):
        trainer = build(
            make(), name=f"by-{size}", main_rows="rtm", per_device_train_batch_size=size,
            gradient_accumulation_steps=6 // size, eval_steps=1, optim="sgd",
        )  # fmt: skip
        trainer.train()
        return history_rows(trainer.state.log_history), trainer.network.state_dict()

    (expected_rows, expected), (rows, found) = trained(6), trained(2)
    for row, expected_row in zip(rows, expected_rows, strict=True):
        assert row["losses"] == pytest.approx(expected_row["losses"], rel=1e-5)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.parametrize("main_rows", [None, "rtm"])
def test_documents_are_evaluated_as_they_are(build, documents, main_rows):
    trainer = build(StaticWeighting(), main_rows=main_rows, per_device_eval_batch_size=9)
    [batch] = list(trainer.get_eval_dataloader())
    assert list(batch) == ["main"]
    for row, expected in zip(batch["main"]["input_ids"], documents["input_ids"], strict=False):
        assert row[: len(expected)].tolist() == expected


def test_rows_without_a_class_and_tasks_without_rows_are_refused(tokenizer, documents):
    main, rtm = ClassificationCollator(tokenizer), RTMCollator(tokenizer, seed=0)
    features = list(documents.select(range(3)))
    for task in (WithFurtherDocuments(rtm, lambda rows: rows[:1]), lambda rows: {"labels": main(rows)["labels"]}):
        collate = MultiTaskCollator(main, {"mine": task}, main_rows="mine")
        with pytest.raises(AuxtaskError, match=r"trainer.main_rows='mine' does not bring one row for each lab"):
            collate(features)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"main_rows": "rtm", "main_mask": 0.1}, "leaves the main task no other rows; use"),
        ({"main_rows": "rtm", "independent_batches": True}, "leaves the main task no other rows; use"),
        ({"main_mask_replace_prob": 1.5}, r"trainer.main_mask_replace_prob=1.5 is outside \[0, 1\]"),
        ({"main_mask": 1.0}, r"trainer.main_mask=1.0 is outside \(0, 1\); use"),
        ({"main_mask": "lineal"}, "trainer.main_mask='lineal' is not a number, linear, cosine or cyclic; use"),
        (
            {"main_clean": 0.5},
            "trainer.main_clean=0.5 leaves rows of trainer.main_rows unmasked, which",
        ),
        ({"main_clean": 1.5, "main_rows": "rtm"}, r"trainer.main_clean=1.5 is outside \[0, 1\]; use"),
        ({"task_every": 0}, "trainer.task_every=0 is below 1; use"),
    ],
)
def test_plans_that_contradict_themselves_are_refused(fields, message):
    with pytest.raises(AuxtaskError, match=message):
        PLAN(**fields)


def test_main_rows_of_no_task_are_refused_before_training():
    network = SimpleNamespace(heads={"tags": None})
    prepared = SimpleNamespace(tasks={"tags": None})
    with pytest.raises(AuxtaskError, match=r"trainer.main_rows='rtm' is no task of this run; use tags"):
        stage_trainer(PLAN(main_rows="rtm"), network, prepared, None, None)


def test_the_last_stage_has_no_auxiliary_task_whose_rows_it_could_read():
    plan = PLAN(main_rows="rtm", task_every=3, last_stage={"learning_rate": 1e-5})
    first, last = plan.stages
    assert (first.main_rows, first.task_every) == ("rtm", 3)
    assert (last.main_rows, last.task_every) == (None, 1)
    masked = PLAN(main_mask=0.1, last_stage={"main_mask": 0.2})
    assert [stage.main_mask for stage in masked.stages] == [0.1, 0.2]


def test_main_mask_shows_the_mask_token_in_place_of_a_share_of_the_tokens(tokenizer, documents):
    collate, drawn = masked_main(ClassificationCollator(tokenizer), PLAN(main_mask=0.3))
    clean = collate.main(documents)
    masked = tokens = 0
    rows = {}
    for epoch in range(40):
        drawn.epoch = epoch
        part = collate(documents)
        assert {name: value.shape for name, value in part.items()} == {
            name: value.shape for name, value in clean.items()
        }
        assert torch.equal(part["labels"], clean["labels"])
        changed = part["input_ids"] != clean["input_ids"]
        assert (part["input_ids"][changed] == tokenizer.mask_token_id).all()
        special = torch.isin(clean["input_ids"], torch.tensor(tokenizer.all_special_ids))
        assert not (changed & special).any()
        masked, tokens = masked + int(changed.sum()), tokens + int((~special).sum())
        rows[epoch] = part["input_ids"]
    assert binomtest(masked, tokens, 0.3).pvalue > 1e-6
    assert not torch.equal(rows[0], rows[1])
    # A document's masks depend on the seed, the epoch and the document, and not on its company.
    drawn.epoch = 7
    alone = collate([documents[4]])["input_ids"][0]
    assert torch.equal(alone, rows[7][4, : len(alone)])
    other, other_drawn = masked_main(ClassificationCollator(tokenizer), TrainingPlan({}, None, 1, main_mask=0.3))
    other_drawn.epoch = 7
    assert not torch.equal(other(documents)["input_ids"], rows[7])


def test_main_rows_can_be_masked_as_in_masked_language_modelling(tokenizer, documents):
    plan = PLAN(main_mask=0.3, main_mask_replace_prob=0.8)
    collate, drawn = masked_main(ClassificationCollator(tokenizer), plan)
    masking = RTMCollator(tokenizer, 0.3, plan.seed)
    drawn.epoch = masking.epoch = 3
    assert torch.equal(collate(documents)["input_ids"], masking(documents)["input_ids"])


def test_main_mask_at_a_rate_of_nothing_is_the_main_task_as_it_was(tokenizer):
    main = ClassificationCollator(tokenizer)
    assert masked_main(main, PLAN()) == (main, None)


@pytest.mark.parametrize(
    "make",
    [
        StaticWeighting,
        lambda: MetaWeighting(learning_rate=0.1),
        GradNorm,
        UncertaintyWeighting,
    ],
)
def test_auxiliary_tasks_take_part_in_every_kth_step_alone(build, make):
    trainer = build(make(), task_every=3, max_steps=7, eval_steps=1, save_steps=50, main_rows="rtm")
    trainer.train()
    rows = history_rows(trainer.state.log_history)
    both = [set(row["losses"]) == {"main", "rtm", "tags"} for row in rows]
    assert both == [number % 3 == 0 for number in range(1, 8)]
    assert all(set(row["losses"]) == {"main"} for row, whole in zip(rows, both, strict=True) if not whole)
    weights = [row["weights"] for row in rows]
    for before, after, whole in zip(weights[:-1], weights[1:], both[1:], strict=True):
        if not whole:
            assert after == pytest.approx(before, abs=1e-12)
    assert all(np.isfinite(list(row["losses"].values())).all() for row in rows)


def test_a_step_without_auxiliary_tasks_is_one_of_the_main_task(build):
    found = build(StaticWeighting(), task_every=9, name="with", optim="sgd")
    found.train()
    expected = build(StaticWeighting(), tasks=(), name="alone", optim="sgd")
    expected.network.load_state_dict(build(StaticWeighting()).network.state_dict(), strict=False)
    expected.train()
    for name, value in expected.network.classifier.state_dict().items():
        torch.testing.assert_close(found.network.classifier.state_dict()[name], value, rtol=1e-5, atol=1e-7)


def test_a_resumed_run_goes_on_with_the_steps_and_the_rows_that_it_had(build):
    def trained(name, **how):
        trainer = build(
            MetaWeighting(learning_rate=0.1), name=name, task_every=2, main_rows="rtm", mask_rate=0.3, max_steps=7,
            eval_steps=3, save_steps=3,
        )  # fmt: skip
        trainer.train(**how)
        return trainer

    whole = trained("whole")
    resumed = trained("resumed", resume_from_checkpoint=f"{whole.args.output_dir}/checkpoint-3")
    for name, value in whole.network.state_dict().items():
        assert torch.equal(resumed.network.state_dict()[name], value), name


@pytest.mark.parametrize(
    ("fields", "tasks", "losses"),
    [
        (
            {"main_rows": "rtm", "task_every": 2, "main_clean": 0.3},
            ["rtm"],
            [{"main"}, {"main", "rtm"}, {"main"}, {"main", "rtm"}],
        ),
        ({"main_mask": "cyclic"}, [], [{"main"}] * 4),
    ],
)
def test_a_run_from_text_to_scores(sentences, model_folder, tmp_path, fields, tasks, losses):
    pairs = [(text, "ab"[at % 2]) for at, text in enumerate(sentences)]
    dataset = build_text_dataset(dict.fromkeys(("train", "valid", "test"), pairs * 2), name="small", provenance={})
    trainer = {
        "num_train_epochs": 4, "per_device_train_batch_size": 12, "eval_strategy": "epoch", "eval_steps": None,
        "bf16": False, "learning_rate": 1e-3, "per_device_eval_batch_size": 12, "report_to": "none",
        "patience": None, "disable_tqdm": True, **fields,
    }  # fmt: skip
    weighting = MetaWeighting(dev_head="main", meta_share=0.2) if tasks else None
    named = {name: MaskingTask(functools.partial(RTMCollator, mask_rate=0.3)) for name in tasks}
    folder = RunFolder(tmp_path / "run")
    metrics = run(dataset, model_folder, named, trainer, folder, weighting=weighting)
    assert metrics["status"] == "finished"
    rows = read_history(folder.path)
    assert [set(row["losses"]) for row in rows] == losses
    assert all(row["tasks"]["main"].keys() == {"masked_accuracy", "clean_accuracy"} for row in rows)
