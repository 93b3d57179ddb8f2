"""Weightings inside the trainer: the gradients that arrive, what a resume restores, what has nothing to learn."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from auxtask.errors import AuxtaskError
from auxtask.runs.history import history_rows
from auxtask.training.weighting.base import GradientWeighting
from auxtask.training.weighting.dev_head import DevHead
from auxtask.training.weighting.dwa import DynamicWeightAverage
from auxtask.training.weighting.gate import GradientGate
from auxtask.training.weighting.gradnorm import GradNorm
from auxtask.training.weighting.meta import MetaWeighting
from auxtask.training.weighting.pcgrad import PCGrad
from auxtask.training.weighting.static import StaticWeighting
from auxtask.training.weighting.uncertainty import UncertaintyWeighting

LEARNED = {
    "meta": lambda: MetaWeighting(learning_rate=0.1),
    "gradnorm": lambda: GradNorm(learning_rate=0.1),
    "uncertainty": lambda: UncertaintyWeighting(0.1),
    "dwa": DynamicWeightAverage,
    "pcgrad": PCGrad,
}


class Ones(GradientWeighting):
    """What static weighting does, by way of the gradients."""

    def task_weights(self):
        return torch.ones(len(self.task_names))

    def shared_coefficients(self, gram):
        return torch.ones(len(self.task_names))


def gradients(trainer, documents):
    batch = trainer.data_collator(list(documents.select(range(6))))
    loss = trainer.training_step(trainer.model, batch)
    return batch, loss, {name: value.grad for name, value in trainer.model.named_parameters()}


def test_by_losses_or_by_gradients_the_same_arrives_at_every_parameter(build, documents):
    _, expected_loss, expected = gradients(build(StaticWeighting()), documents)
    _, loss, found = gradients(build(Ones()), documents)
    assert float(loss) == pytest.approx(float(expected_loss), rel=1e-5)
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-6, msg=name)


def test_meta_sees_the_cosines_that_separate_differentiation_gives(build, documents):
    weighting = MetaWeighting(batch_share=1, dev_batch_share=0.6, seed=7)
    trainer = build(weighting)
    batch, _, _ = gradients(trainer, documents)
    encoder = list(trainer.model.classifier.base_model.parameters())

    def flat(loss):
        found = torch.autograd.grad(loss, encoder, allow_unused=True, retain_graph=True)
        pairs = zip(found, encoder, strict=True)
        return torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for g, p in pairs]).double()

    rng = np.random.default_rng([7, 0])
    dev = DevHead(trainer.model.classifier)
    batch_of_head = trainer._draw_validation(rng, 4)
    dev.draw(rng)
    dev.fit(batch_of_head)
    reference = flat(dev.model(**trainer._draw_validation(rng, 6)).loss)
    losses = trainer.model(batch)["losses"]
    for name, found in zip(weighting.task_names, weighting.cosines, strict=True):
        expected = torch.cosine_similarity(flat(losses[name]), reference, dim=0)
        assert float(found) == pytest.approx(float(expected), abs=1e-4)
    assert weighting.cosines.abs().min() > 1e-4


@pytest.mark.parametrize("make", [LEARNED["meta"], LEARNED["gradnorm"]])
def test_the_scale_of_float16_losses_reaches_the_gradients_but_no_weight(build, documents, make):
    plain, scaled = build(make()), build(make(), name="scaled")
    scaled.accelerator.scaler = SimpleNamespace(get_scale=lambda: 1024.0)
    _, _, expected = gradients(plain, documents)
    _, _, found = gradients(scaled, documents)
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], 1024 * gradient, rtol=1e-4, atol=1e-3, msg=name)
    plain.weighting.update()
    scaled.weighting.update()
    assert scaled.weighting.weights() == pytest.approx(plain.weighting.weights(), abs=1e-6)


def test_the_dev_head_learns_on_one_forward_pass_and_leaves_the_encoder_alone(build, documents):
    trainer = build(StaticWeighting())
    classifier = trainer.model.classifier.train()
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    dev = DevHead(classifier, learning_rate=0.05, max_steps=10)
    batch = trainer.eval_collator(list(documents.select(range(8))))["main"]
    passes = []
    hook = classifier.base_model.register_forward_hook(lambda *_: passes.append(1))
    dev.draw(np.random.default_rng(0))
    dev.fit(batch)
    hook.remove()
    assert len(passes) == 1
    with torch.no_grad():
        fitted = dev.model(**batch).loss
    untrained = DevHead(classifier, max_steps=1, learning_rate=0.0)
    untrained.draw(np.random.default_rng(0))
    untrained.fit(batch)
    with torch.no_grad():
        assert fitted < untrained.model(**batch).loss - 0.05
    assert all(torch.equal(value, before[name]) for name, value in classifier.state_dict().items())
    assert all(parameter.grad is None for parameter in classifier.parameters())
    assert classifier.base_model.training
    assert all(module.training for module in classifier.base_model.modules())


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.ci] * (name != "meta")) for name in LEARNED]
)
def test_a_resumed_run_goes_on_with_the_weights_it_had(build, name):
    whole = build(LEARNED[name](), max_steps=6, eval_steps=4, save_steps=4)
    whole.train()
    resumed = build(LEARNED[name](), max_steps=6, eval_steps=4, save_steps=4)
    resumed.train(resume_from_checkpoint=f"{resumed.args.output_dir}/checkpoint-4")
    assert resumed.weighting.weights() == whole.weighting.weights()
    if name != "pcgrad":
        assert len(set(whole.weighting.weights().values())) == 3


@pytest.mark.parametrize("make", [StaticWeighting, *LEARNED.values(), GradientGate])
def test_a_task_without_anything_to_learn_is_counted_and_harms_nothing(build, make):
    trainer = build(make(), mask_rate=1e-9)
    trainer.train()
    rows = history_rows(trainer.state.log_history)
    assert [row["empty_batches"] for row in rows] == [{"rtm": 2, "tags": 0}] * 2
    assert [row["losses"]["rtm"] for row in rows] == [0, 0]
    assert all(np.isfinite(value) for row in rows for value in row["weights"].values())
    assert all(parameter.isfinite().all() for parameter in trainer.model.parameters())


@pytest.mark.parametrize("make", [StaticWeighting, LEARNED["meta"]])
def test_what_is_not_a_number_never_reaches_a_checkpoint(build, make):
    trainer = build(make(), max_grad_norm=0)
    with torch.no_grad():
        trainer.model.heads["rtm"].cls.predictions.bias[:] = float("inf")
    with pytest.raises(AuxtaskError, match=r"loss of task '.*' became nan before step 2; use a smaller"):
        trainer.train()
    assert not list(Path(trainer.args.output_dir).glob("checkpoint-*"))


def test_every_validation_document_counts_where_training_drops_its_last_batch(build):
    trainer = build(StaticWeighting(), dataloader_drop_last=True, per_device_eval_batch_size=6)
    sizes = [len(batch["main"]["labels"]) for batch in trainer.get_eval_dataloader()]
    assert sizes == [6, 3]
    assert {len(batch["main"]["labels"]) for batch in trainer.get_train_dataloader()} == {6}
    assert len(trainer._get_train_sampler()) == len(trainer.train_dataset) // 6 * 6
    large = build(StaticWeighting(), name="large", dataloader_drop_last=True, gradient_accumulation_steps=999)
    with pytest.raises(AuxtaskError, match=r"leaves nothing of \d+ training documents.*5994; use a smaller"):
        large.train()


class VocabularyRows(TorchDispatchMode):
    """The most rows of any tensor as wide as the vocabulary, weights apart."""

    def __init__(self, vocabulary, weights):
        super().__init__()
        self.vocabulary, self.weights, self.rows = vocabulary, weights, 0

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        result = function(*arguments, **(keywords or {}))
        if isinstance(result, torch.Tensor) and result.dim() > 1 and result.shape[-1] == self.vocabulary:
            rows = result.numel() // self.vocabulary
            if rows not in self.weights:
                self.rows = max(self.rows, rows)
        return result


def test_logits_over_the_vocabulary_are_made_at_masked_positions_alone(build, documents):
    trainer = build(StaticWeighting())
    batch = trainer.data_collator(list(documents.select(range(6))))
    masked = int((batch["rtm"]["labels"] != -100).sum())
    with VocabularyRows(trainer.model.classifier.config.vocab_size, {16}) as seen:
        trainer.training_step(trainer.model, batch)
    assert seen.rows == masked
    assert masked < 0.5 * batch["rtm"]["labels"].numel()


@pytest.mark.parametrize("weighting", [StaticWeighting, Ones], ids=["losses", "gradients"])
@pytest.mark.parametrize(
    "batch_size", [pytest.param(1, marks=pytest.mark.ci), 2, pytest.param(5, marks=pytest.mark.ci)]
)
def test_a_step_is_the_same_however_it_is_cut_into_batches(build, weighting, batch_size):
    """Its batches hold different numbers of masked and of tagged tokens, the last one of 5 fewer documents."""
    whole = {1: 6, 2: 6, 5: 10}[batch_size]

    def trained(size):
        trainer = build(
            weighting(), name=f"by-{size}", per_device_train_batch_size=size,
            gradient_accumulation_steps=whole // size, eval_steps=1, optim="sgd",
        )  # fmt: skip
        trainer.train()
        return history_rows(trainer.state.log_history), trainer.model.state_dict()

    (expected_rows, expected), (rows, found) = trained(whole), trained(batch_size)
    # 18 documents: of the steps of 10, the second has 8.
    assert [row["epoch"] for row in rows] == [row["epoch"] for row in expected_rows]
    for row, expected_row in zip(rows, expected_rows, strict=True):
        assert row["losses"] == pytest.approx(expected_row["losses"], rel=1e-5)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-6, msg=name)


def test_the_learning_rate_of_new_heads_is_not_that_of_a_pretrained_head(build):
    trainer = build(StaticWeighting())
    trainer.model.pretrained_heads = frozenset({"rtm"})
    trainer.head_learning_rate, trainer.head_weight_decay = 1e-2, 0.1
    groups = trainer.create_optimizer().param_groups
    of_rate = {
        rate: {id(value) for group in groups if group["lr"] == rate for value in group["params"]}
        for rate in (1e-3, 1e-2)
    }
    model = trainer.model
    heads = (model.classifier.classifier, model.heads["tags"].classifier)
    new = {id(value) for head in heads for value in head.parameters()}
    assert of_rate[1e-2] == new
    assert of_rate[1e-3] == {id(value) for value in model.parameters()} - new
    decays = {group["weight_decay"] for group in groups if group["lr"] == 1e-2}
    assert decays == {0.0, 0.1}
