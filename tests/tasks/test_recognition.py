"""Token N-gram recognition as a task: labels from training text alone, one forward pass, scores in the history."""

import functools
import json

import pytest
import torch

from auxtask.data.dataset import build_text_dataset
from auxtask.data.encoding import encode
from auxtask.model.loading import load_classifier
from auxtask.model.multitask import MultiTaskModel
from auxtask.phrases.extraction import NgramExtractor
from auxtask.phrases.labelers import AllPhraseLabeler, BitLabelLabeler
from auxtask.phrases.log_odds import LogOddsExtractor
from auxtask.phrases.pmi import PMIExtractor
from auxtask.phrases.random_spans import random_spans
from auxtask.phrases.shuffled_labels import shuffle_labels
from auxtask.tasks.recognition import RecognitionTask, span_f1
from auxtask.training.batches import ClassificationCollator, MultiTaskCollator
from experiments import run, tools_of

TRAIN = [
    ("we expect modest profit rise from the bank group", "Class1"),
    ("modest profit rise at the bank group", "Class1"),
    ("the bank group bond issue", "Class2"),
    ("the bank group said bond issue", "Class2"),
]
VALID = [("a modest profit rise in march", "Class1"), ("a bond issue of the bank group", "Class2")]


@pytest.fixture
def dataset():
    return build_text_dataset({"train": TRAIN, "valid": VALID, "test": VALID}, name="slide", provenance={})


@pytest.fixture
def prepared(dataset, tokenizer, model_folder):
    def prepare(labeler=BitLabelLabeler, max_length=64, dataset=dataset):
        task = RecognitionTask(NgramExtractor(), labeler)
        encoded = encode(dataset, tokenizer, max_length)
        made = task.prepare(encoded, tools_of(model_folder, dataset.label_names, tokenizer))
        return made, made.dataset

    return prepare


def test_labels_are_aligned_and_special_tokens_are_ignored(prepared, tokenizer):
    task, encoded = prepared()
    names = list(task.head().config.id2label.values())
    for split in ("train", "valid"):
        for row in encoded[split]:
            assert len(row["phrase_labels"]) == len(row["input_ids"])
            assert [label == -100 for label in row["phrase_labels"]] == [word < 0 for word in row["word_ids"]]
    first = encoded["train"][1]
    tokens = tokenizer.convert_ids_to_tokens(first["input_ids"])
    labels = ["" if label == -100 else names[label] for label in first["phrase_labels"]]
    pairs = list(zip(tokens, labels, strict=True))
    start = tokens.index("mod") if "mod" in tokens else next(i for i, t in enumerate(tokens) if t.startswith("m"))
    assert pairs[start][1] == "B-10"
    assert "phrase_labels" not in encoded["test"].column_names


def test_validation_documents_never_influence_the_labels(prepared, dataset):
    task, encoded = prepared()
    other = build_text_dataset(
        {"train": TRAIN, "valid": [("bond issue " * 9, "Class1")], "test": VALID}, name="slide", provenance={}
    )
    again, encoded_again = prepared(dataset=other)
    assert again.head().config.id2label == task.head().config.id2label
    assert encoded_again["train"]["phrase_labels"] == encoded["train"]["phrase_labels"]


def test_truncated_documents_keep_the_labels_of_the_whole_document(prepared):
    _, whole = prepared(AllPhraseLabeler)
    _, cut = prepared(AllPhraseLabeler, max_length=6)
    for long, short in zip(whole["train"], cut["train"], strict=True):
        assert short["phrase_labels"][:5] == long["phrase_labels"][:5]
        assert short["phrase_labels"][-1] == -100


def test_recognition_shares_the_forward_pass_of_the_main_task(prepared, dataset, tokenizer, model_folder):
    task, encoded = prepared()
    head = task.head()
    model = MultiTaskModel(
        load_classifier(model_folder, dataset.label_names), {"bit": head}, {"bit": task.loss}
    ).eval()
    collator = MultiTaskCollator(ClassificationCollator(tokenizer), {"bit": task.collator})
    batch = collator(list(encoded["train"]))
    rows = []
    model.classifier.base_model.register_forward_hook(
        lambda module, arguments, output: rows.append(output[0].shape[0])
    )
    with torch.no_grad():
        output = model(batch)
    assert rows == [len(TRAIN)]
    stock = head(
        input_ids=batch["main"]["input_ids"],
        attention_mask=batch["main"]["attention_mask"],
        labels=batch["bit"]["labels"],
    )
    torch.testing.assert_close(output["losses"]["bit"], stock.loss)


def test_a_batch_without_ordinary_tokens_has_loss_zero(prepared):
    task, _ = prepared()
    head = task.head()
    output = head.base_model(torch.tensor([[2, 3]]))
    loss = task.loss(head, output, {"labels": torch.full((1, 2), -100), "targets": torch.tensor(0.0)})
    assert loss == 0


def test_scores_on_validation_documents(prepared):
    task, _ = prepared()
    head = task.head()
    scores = task.evaluate(head, 1)
    again = task.evaluate(head, 2)
    assert scores == pytest.approx(again, abs=1e-5)
    assert scores["loss"] > 0
    assert 0 <= scores["span_f1"] <= 1


def test_span_f1_counts_exact_spans():
    gold = [[(0, 2, "a")], [(1, 3, "b"), (4, 6, "a")]]
    assert span_f1(gold, gold) == 1
    assert span_f1(gold, [[], []]) == 0
    assert span_f1(gold, [[(0, 2, "b")], [(1, 3, "b")]]) == pytest.approx(2 * 1 / 5)
    assert span_f1([[]], [[]]) == 0


def test_both_halves_of_the_thesis_run_at_once(tmp_path, tokenizer, model_folder):
    from auxtask.masking.random import RTMCollator
    from auxtask.runs.folder import RunFolder
    from auxtask.tasks.masking import MaskingTask

    dataset = build_text_dataset({"train": TRAIN * 4, "valid": VALID, "test": VALID}, name="slide", provenance={})
    folder = RunFolder(tmp_path / "run")
    tasks = {
        "bit_label": RecognitionTask(NgramExtractor(), BitLabelLabeler),
        "rtm": MaskingTask(functools.partial(RTMCollator, mask_rate=0.15)),
    }
    trainer = {
        "patience": None, "head_learning_rate": None, "metric": "macro_f1", "num_train_epochs": 6,
        "per_device_train_batch_size": 8, "per_device_eval_batch_size": 8, "learning_rate": 2e-3,
        "eval_strategy": "epoch", "eval_steps": None, "bf16": False, "report_to": "none", "disable_tqdm": True,
    }  # fmt: skip
    run(dataset, model_folder, tasks, trainer, folder)
    history = [json.loads(line) for line in (folder.path / "history.jsonl").read_text().splitlines()]
    assert set(history[-1]["losses"]) == {"main", "bit_label", "rtm"}
    assert history[-1]["losses"]["bit_label"] < history[0]["losses"]["bit_label"]
    assert set(history[-1]["tasks"]["bit_label"]) == {"loss", "span_f1"}
    assert history[-1]["tasks"]["bit_label"]["loss"] < history[0]["tasks"]["bit_label"]["loss"]


@pytest.mark.parametrize(
    "relabel", [shuffle_labels, functools.partial(shuffle_labels, shuffle="documents"), random_spans]
)
def test_controls_relabel_what_trains_and_nothing_that_is_evaluated(dataset, tokenizer, model_folder, relabel):
    encoded = encode(dataset, tokenizer, 64)
    tools = tools_of(model_folder, dataset.label_names, tokenizer, seed=1)
    true = RecognitionTask(NgramExtractor(), BitLabelLabeler).prepare(encoded, tools)
    control = RecognitionTask(NgramExtractor(), BitLabelLabeler, relabel).prepare(encoded, tools)
    assert control.head().config.id2label == true.head().config.id2label
    assert control.dataset["valid"]["phrase_labels"] == true.dataset["valid"]["phrase_labels"]
    pairs = list(zip(control.dataset["train"], true.dataset["train"], strict=True))
    assert any(one["phrase_labels"] != other["phrase_labels"] for one, other in pairs)
    for one, other in pairs:
        assert [label == -100 for label in one["phrase_labels"]] == [
            label == -100 for label in other["phrase_labels"]
        ]


@pytest.mark.parametrize("extractor", [LogOddsExtractor, PMIExtractor])
def test_other_span_sources_are_labelled_alike(dataset, tokenizer, model_folder, extractor):
    encoded = encode(dataset, tokenizer, 64)
    tools = tools_of(model_folder, dataset.label_names, tokenizer)
    made = RecognitionTask(extractor(), BitLabelLabeler).prepare(encoded, tools)
    for split in ("train", "valid"):
        assert max(max(row) for row in made.dataset[split]["phrase_labels"]) > 0
