"""What a task adds to the data is its own: no two tasks share a column, and each reads the one it has made."""

import functools

import numpy as np
import pytest

from auxtask.data.dataset import build_text_dataset
from auxtask.likelihood.scorer import PLLScorer
from auxtask.masking.frequency import FrequencyMaskingCollator, annotate_frequencies
from auxtask.masking.likelihood import L3MaskingCollator, annotate_likelihoods
from auxtask.phrases.extraction import NgramExtractor
from auxtask.phrases.labelers import AllPhraseLabeler, BitLabelLabeler
from auxtask.tasks.base import OwnColumns, prepare
from auxtask.tasks.masking import MaskingTask
from auxtask.tasks.recognition import RecognitionTask
from experiments import tools_of


@pytest.fixture
def dataset(sentences):
    pairs = [(sentence, "ab"[index % 2]) for index, sentence in enumerate(sentences)]
    return build_text_dataset({"train": pairs * 2, "valid": pairs, "test": pairs}, name="few", provenance={})


def likelihood_task(metric):
    annotate = functools.partial(annotate_likelihoods, metric=metric)
    return MaskingTask(functools.partial(L3MaskingCollator, mask_rate=0.3), annotate)


def test_two_likelihood_tasks_with_different_metrics_read_their_own(dataset, model_folder):
    tasks = {metric: likelihood_task(metric) for metric in ("original", "word_l2r")}
    prepared = prepare(dataset, tasks, tools_of(model_folder, dataset.label_names), 32)
    train = prepared.documents["train"]
    seen = {}
    for metric, task in prepared.tasks.items():
        scorer = PLLScorer.from_pretrained(model_folder, metric=metric, progress=False)
        expected = scorer.annotate(train.select_columns(["input_ids", "attention_mask", "word_ids"]))[
            "likelihoods"
        ]
        handed = []
        OwnColumns(lambda features, kept=handed: kept.extend(features) or {}, metric)(list(train))
        seen[metric] = [feature["likelihoods"] for feature in handed]
        for found, wanted in zip(seen[metric], expected, strict=True):
            np.testing.assert_array_equal(found, wanted)
        alone = prepare(dataset, {metric: tasks[metric]}, tools_of(model_folder, dataset.label_names), 32)
        batch = OwnColumns(task.collator, metric)(list(train))
        batch_alone = OwnColumns(alone.tasks[metric].collator, metric)(list(alone.documents["train"]))
        assert all((batch[name] == batch_alone[name]).all() for name in batch)
    differing = [
        (np.nan_to_num(one) != np.nan_to_num(other)).any()
        for one, other in zip(seen["original"], seen["word_l2r"], strict=True)
    ]
    assert any(differing)


def test_a_task_hands_on_the_columns_of_the_documents_and_of_no_other_task(dataset, model_folder):
    extractor = NgramExtractor()
    tasks = {
        "bits": RecognitionTask(extractor, BitLabelLabeler),
        "phrases": RecognitionTask(extractor, AllPhraseLabeler),
        "rare": MaskingTask(FrequencyMaskingCollator, annotate_frequencies),
    }
    prepared = prepare(dataset, tasks, tools_of(model_folder, dataset.label_names), 32)
    train = prepared.documents["train"]
    base = {"text", "label", "input_ids", "attention_mask", "word_ids", "cut_tokens"}
    assert set(train.column_names) == base | {"bits/phrase_labels", "phrases/phrase_labels", "rare/frequencies"}
    assert set(prepared.documents["test"].column_names) == base
    for name, own in (("bits", "phrase_labels"), ("phrases", "phrase_labels"), ("rare", "frequencies")):
        handed = []
        OwnColumns(lambda features, kept=handed: kept.extend(features) or {}, name)(list(train))
        assert set(handed[0]) == base | {own}
        assert [feature[own] for feature in handed] == list(train[f"{name}/{own}"])
    assert list(train["bits/phrase_labels"]) != list(train["phrases/phrase_labels"])
