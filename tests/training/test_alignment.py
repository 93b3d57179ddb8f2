"""The gradients of auxiliary tasks beside the main task's, against one backward pass a task over all documents."""

import pytest
import torch

from auxtask.data.order import spread_documents
from auxtask.runs.history import history_rows
from auxtask.training.alignment import gradient_alignment
from auxtask.training.weighting.static import StaticWeighting


def flat(loss, parameters):
    gradients = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
    pairs = zip(gradients, parameters, strict=True)
    return torch.cat([(torch.zeros_like(p) if g is None else g).flatten().double() for g, p in pairs])


def test_cosine_and_norm_ratio_are_those_of_plain_backward_passes(build, documents):
    trainer = build(StaticWeighting(), dropout=0.2)
    network, collate = trainer.network, trainer.data_collator
    chosen = spread_documents(documents, 7)
    network.train()
    found = gradient_alignment(network, collate, chosen, batch_size=3)
    assert network.training
    assert all(parameter.grad is None for parameter in network.parameters())
    network.eval()
    # The mean over all targets is that of one batch that holds all of them.
    losses = network(collate([chosen[at] for at in range(7)]))["losses"]
    encoder = list(network.classifier.base_model.parameters())
    expected = {name: flat(loss, encoder) for name, loss in losses.items()}
    assert found.keys() == {"rtm", "tags"}
    for name, facts in found.items():
        cosine = torch.cosine_similarity(expected[name], expected["main"], dim=0)
        assert facts["gradient_cosine"] == pytest.approx(float(cosine), abs=1e-4)
        ratio = expected[name].norm() / expected["main"].norm()
        assert facts["gradient_norm_ratio"] == pytest.approx(float(ratio), rel=1e-4)


def test_a_task_against_the_main_task_has_a_cosine_of_minus_one(build, documents):
    trainer = build(StaticWeighting())
    network = trainer.network
    network.losses["rtm"] = lambda head, output, part: (
        -3 * network.main_loss(network.classifier(**part["rows"]).logits, part["labels"])
    )

    def opposed(features):
        main = trainer.eval_collator(features)["main"]
        rows = {name: main[name] for name in ("input_ids", "attention_mask")}
        return {"main": main, "rtm": {"labels": main["labels"], "rows": _Rows(rows)}}

    facts = gradient_alignment(network, opposed, documents.select(range(5)), batch_size=5)["rtm"]
    assert facts == pytest.approx({"gradient_cosine": -1, "gradient_norm_ratio": 3}, rel=1e-4)


class _Rows(dict):
    def to(self, device):
        return self


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_measuring_changes_nothing_of_the_training(build, documents, dropout):
    histories = []
    for measured in (0, 5):
        trainer = build(StaticWeighting(), dropout=dropout, name=f"run{measured}")
        if measured:
            chosen = spread_documents(documents, measured)
            trainer.score_tasks = lambda trainer=trainer, chosen=chosen: gradient_alignment(
                trainer.network, trainer.data_collator, chosen, 4
            )
        trainer.train()
        histories.append(history_rows(trainer.state.log_history))
    plain, watched = histories
    assert [row["losses"] for row in watched] == [row["losses"] for row in plain]
    assert all(-1 <= row["tasks"]["rtm"]["gradient_cosine"] <= 1 for row in watched)
