"""META-TARTAN: through which head it looks at documents, at which documents, and what comes of it."""

import copy
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from datasets import Dataset
from torch import nn
from transformers import BertConfig, BertForSequenceClassification

from auxtask.errors import AuxtaskError
from auxtask.model.heads import run_head
from auxtask.model.multitask import MultiTaskModel
from auxtask.training.gradients import TaskGradients
from auxtask.training.stages import without_held_back
from auxtask.training.weighting.base import TrainingFacts
from auxtask.training.weighting.meta import MetaWeighting

WORDS, LENGTH, BATCH, STEPS = 12, 4, 12, 50


def batch_of(generator):
    """Rows of random words, half of them of either class: each class has words of its own."""
    labels = torch.arange(BATCH) % 2
    words = torch.from_numpy(generator.integers(1, WORDS // 2, size=(BATCH, LENGTH)))
    ids = words + labels[:, None] * WORDS // 2
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}


def classify(head, output, part):
    """Learn to classify."""
    return F.cross_entropy(run_head(head, output).logits, part["labels"])


def confuse(head, output, part):
    """Learn to classify, and have the encoder make that hard: its gradient is turned round (Ganin et al. 2016)."""
    hidden, pooled = output[0], output[1]
    return classify(head, type(output)(last_hidden_state=hidden, pooler_output=2 * pooled.detach() - pooled), part)


def unrelated(head, output, part):
    """Learn labels that have nothing to do with the rows."""
    return classify(head, output, {"labels": part["labels"][torch.randperm(BATCH)]})


TASKS = {"identical": classify, "unrelated": unrelated, "adversarial": confuse}


def weights_after(steps, dev_head, **options):
    """The weights of three tasks beside the main one after some steps of a small encoder; 1/4 each at first."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=WORDS, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=LENGTH, num_labels=2, initializer_range=0.2, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    classifier = BertForSequenceClassification(config)
    network = MultiTaskModel(classifier, {name: copy.deepcopy(classifier) for name in TASKS}, TASKS)
    weighting = MetaWeighting(learning_rate=0.05, batch_share=1, dev_batch_share=1, dev_head=dev_head, **options)
    weighting.prepare(
        TrainingFacts(["main", *TASKS], classifier, lambda generator, size: batch_of(generator), BATCH)
    )
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    accelerator = SimpleNamespace(scaler=None, autocast=nullcontext)
    generator = np.random.default_rng(1)
    for _ in range(steps):
        main = batch_of(generator)
        parts = {"main": main, **{name: {"labels": main["labels"]} for name in TASKS}}
        TaskGradients(network, parts, accelerator).add_combination(weighting, 1)
        optimizer.step()
        optimizer.zero_grad()
        weighting.update()
    return weighting.weights()


def share_beside(weights, other):
    return weights["identical"] / (weights["identical"] + weights[other])


def test_through_the_main_head_tasks_are_told_apart_and_through_a_fresh_one_hardly():
    fresh, main = weights_after(STEPS, "fresh"), weights_after(STEPS, "main")
    for other in ("unrelated", "adversarial"):
        assert share_beside(main, other) > 0.85
        assert 0.4 < share_beside(fresh, other) < 0.6
    assert main["identical"] > main["unrelated"] > main["adversarial"]
    assert all(0.15 < weight < 0.35 for weight in fresh.values())


@pytest.mark.parametrize(("dev_head", "calls"), [("fresh", 1 + 3), ("warm", 1 + 3), ("main", 3)])
def test_the_main_head_saves_the_training_of_another(build, documents, dev_head, calls, monkeypatch):
    trainer = build(MetaWeighting(dev_head=dev_head), name=dev_head)
    backward = []
    differentiate = torch.autograd.grad

    def counted(*given, **named):
        backward.append(1)
        return differentiate(*given, **named)

    monkeypatch.setattr(torch.autograd, "grad", counted)
    encoder_calls = []
    trainer.network.classifier.base_model.register_forward_hook(lambda *_: encoder_calls.append(1))
    for _ in range(3):
        trainer.weighting.references(1.0)
    assert len(encoder_calls) == calls
    # Up to ten steps of a head of its own.
    assert len(backward) == 3 if dev_head == "main" else 3 < len(backward) <= 3 + 10
    assert trainer.network.classifier.training


def test_through_the_main_head_goes_the_gradient_of_the_main_loss(build):
    trainer = build(MetaWeighting(dev_head="main", seed=5, batch_share=1), dropout=0.1)
    classifier = trainer.network.classifier.train()
    [found] = trainer.weighting.references(2.0)
    batch = trainer._draw_validation(np.random.default_rng([5, 0]), 6)
    classifier.eval()
    rows = {name: batch[name] for name in ("input_ids", "attention_mask")}
    loss = F.cross_entropy(classifier(**rows).logits, batch["labels"])
    expected = torch.autograd.grad(2 * loss, list(classifier.base_model.parameters()))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_a_warm_head_goes_on_from_the_step_before_and_survives_a_resume(build):
    weighting = MetaWeighting(dev_head="warm", learning_rate=0.1)
    trainer = build(weighting)
    heads = []
    for _ in range(3):
        weighting.references(1.0)
        weighting.update()
        heads.append(weighting.head_values.clone())
    # Ten steps of Adam at 1e-3 move a number by a hundredth; a new draw would move it by more.
    assert 0 < (heads[2] - heads[1]).abs().max() < 0.012
    fresh = build(MetaWeighting(dev_head="warm", learning_rate=0.1), name="fresh")
    fresh.weighting.references(1.0)
    assert (fresh.weighting.head_values - heads[0]).abs().max() == 0
    fresh.weighting.update()
    fresh.weighting.load_state_dict(trainer.weighting.state_dict())
    for one in (trainer, fresh):
        one.weighting.references(1.0)
    assert torch.equal(weighting.head_values, fresh.weighting.head_values)


def test_through_the_softmax_the_weights_follow_the_gradient_of_what_they_weigh():
    cosines = torch.tensor([0.6, -0.2, 0.1], dtype=torch.float64)
    logits = torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64)
    at = logits.clone().requires_grad_()
    (torch.softmax(at, dim=0) * cosines).sum().backward()

    class Classifier(nn.Module):
        base_model = nn.Linear(1, 1)

    weighting = MetaWeighting(learning_rate=0.1, through_softmax=True)
    weighting.prepare(TrainingFacts(["main", "one", "two"], Classifier(), None, 8))
    weighting.logits.copy_(logits)
    vectors = torch.tensor([[cosine, (1 - cosine**2) ** 0.5] for cosine in [*cosines.tolist(), 1.0]])
    for _ in range(2):
        weighting.shared_coefficients((vectors @ vectors.T).double())
    weighting.update()
    torch.testing.assert_close(weighting.logits, logits + 0.1 * at.grad, rtol=1e-5, atol=1e-7)


def test_what_is_held_back_is_drawn_and_the_rest_trained_on(build, documents):
    kept, aside = without_held_back(documents, 0.3)
    again, _ = without_held_back(documents, 0.3)
    assert kept["input_ids"][:] == again["input_ids"][:]
    assert len(aside) == 6
    assert len(kept) == len(documents) - 6
    assert sorted(aside["label"]) == [0, 0, 0, 1, 1, 1]
    # One document that no split of the test shares stands for all of them.
    marked = Dataset.from_list([{**aside[0], "input_ids": [2, 9, 9, 9, 3], "attention_mask": [1] * 5}])
    trainer = build(MetaWeighting(dev_head="main"), held_back=marked)
    drawn = trainer._draw_validation(np.random.default_rng(0), 4)
    assert drawn["input_ids"].tolist() == [[2, 9, 9, 9, 3]]
    assert len(next(iter(trainer.get_eval_dataloader()))["main"]["labels"]) > 1


def test_a_share_that_leaves_a_class_without_documents_is_refused(documents):
    with pytest.raises(AuxtaskError, match=r"weighting.meta_share=0.95 holds back 18 of 18 training documents"):
        without_held_back(documents, 0.95)
    whole, nothing = without_held_back(documents, 0)
    assert whole is documents
    assert nothing is None


@pytest.mark.parametrize("fields", [{"dev_head": "cold"}, {"meta_share": 1}, {"meta_share": -0.1}])
def test_arguments_are_checked_at_the_door(fields):
    with pytest.raises(AuxtaskError, match=r"weighting\..*; use"):
        MetaWeighting(**fields)
