"""Main rows that stay clean under `main_rows`, and the accuracy on masked and on clean rows."""

import functools

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from auxtask.masking.random import RTMCollator
from auxtask.training.batches import ClassificationCollator, MultiTaskCollator
from auxtask.training.masked_rows import CleanRows, masked_and_clean_accuracy, masked_main
from auxtask.training.plan import TrainingPlan
from auxtask.training.weighting.static import StaticWeighting

PLAN = functools.partial(TrainingPlan, {}, StaticWeighting(), 0)


def test_a_share_of_the_rows_stays_clean_and_has_no_loss_on_masks(tokenizer, documents):
    main, clean = ClassificationCollator(tokenizer), CleanRows(0.4, seed=0)
    collate = MultiTaskCollator(main, {"rtm": RTMCollator(tokenizer, 0.9, seed=0)}, main_rows="rtm", clean=clean)
    masked = MultiTaskCollator(main, {"rtm": RTMCollator(tokenizer, 0.9, seed=0)}, main_rows="rtm")(documents)
    rows, as_they_are, drawn = masked["main"]["input_ids"], main(documents)["input_ids"], []
    for epoch in range(40):
        clean.epoch = epoch
        batch = collate(documents)
        stays = clean(documents)
        # A document is drawn by itself, whatever shares its batch.
        assert stays.tolist() == [bool(clean([document])[0]) for document in documents]
        for at, stay in enumerate(stays):
            assert torch.equal(batch["main"]["input_ids"][at], (as_they_are if stay else rows)[at])
            labels = batch["rtm"]["labels"][at]
            assert (labels == -100).all() if stay else torch.equal(labels, masked["rtm"]["labels"][at])
        drawn.append(stays)
    # Copies of a text are drawn as one.
    assert binomtest(int(np.sum(drawn)) // 3, 40 * len(documents) // 3, 0.4).pvalue > 1e-6


def test_accuracy_on_masked_rows_beside_that_on_clean_ones(build, tokenizer, documents):
    classifier = build(StaticWeighting(), dropout=0.5).network.classifier.train()
    main = ClassificationCollator(tokenizer)
    masked, _ = masked_main(main, PLAN(main_mask=0.6))
    found = masked_and_clean_accuracy(classifier, masked, main, documents, batch_size=4)
    assert classifier.training
    classifier.eval()
    for name, collate in (("masked_accuracy", masked), ("clean_accuracy", main)):
        right = []
        for document in documents:
            part = collate([document])
            with torch.no_grad():
                logits = classifier(input_ids=part["input_ids"], attention_mask=part["attention_mask"]).logits
            right.append(int(logits.argmax()) == document["label"])
        assert found[name] == pytest.approx(np.mean(right))
