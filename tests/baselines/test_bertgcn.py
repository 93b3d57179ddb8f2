"""Baselines on small data: interpolation, labels of test, what is learned, files of the run."""

import functools
import json

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir

import auxtask
from auxtask.baselines.base import run_baseline
from auxtask.baselines.bertgcn import BertGCN
from auxtask.baselines.frozen import FrozenEncoder
from auxtask.baselines.graph import cached_edges
from auxtask.baselines.graph_networks import GraphAttentionNetwork, GraphConvolutionNetwork
from auxtask.baselines.linear import tfidf_logreg, tfidf_svm
from auxtask.baselines.textgcn import TextGCN
from auxtask.data.cleaning import clean_documents
from auxtask.data.dataset import build_text_dataset
from auxtask.errors import AuxtaskError
from auxtask.ground.files import config_folder
from auxtask.ground.tools import Resources
from auxtask.model.loading import load_classifier, load_tokenizer
from auxtask.runs.folder import RunFolder
from auxtask.train import train
from marking import rest_in_ci

CLEAN = functools.partial(clean_documents, min_count=1)
GRAPH = functools.partial(cached_edges, window=5, pair_count="positions")


def pairs(seed, count):
    rng = np.random.default_rng(seed)
    words = ["the", "model", "reads", "a", "text", "and", "returns", "which", "words", "we", "expect"]
    marks = {"bank": "rates", "film": "brothers", "heart": "patient"}
    labels = [*marks, *rng.choice(list(marks), count - 3)]
    return [(" ".join([*rng.choice(words, rng.integers(2, 9)), marks[label]]), str(label)) for label in labels]


@pytest.fixture(scope="module")
def dataset():
    """Three classes that a single word tells apart."""
    splits = {"train": pairs(0, 40), "valid": pairs(1, 16), "test": pairs(2, 24)}
    return build_text_dataset(splits, name="marks", provenance={})


@pytest.fixture
def checkpoint(tmp_path, model_folder, dataset):
    """A classifier on the random BERT, as a run leaves it."""
    torch.manual_seed(0)
    folder = tmp_path / "classifier"
    load_classifier(model_folder, dataset.label_names).save_pretrained(folder)
    tokenizer = load_tokenizer(model_folder)
    tokenizer.model_max_length = 32
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def resources(tmp_path, checkpoint):
    return Resources(seed=0, cache=tmp_path / "cache", fine_tuned=lambda: checkpoint)


def bertgcn(network=GraphConvolutionNetwork, **changes):
    settings = {"num_epochs": 2, "batch_size": 16, "encoder_learning_rate": 1e-3, "graph_learning_rate": 1e-2}
    return BertGCN(CLEAN, GRAPH, functools.partial(network, hidden_size=8), **{**settings, **changes})


BASELINES = {
    "bertgcn": bertgcn(),
    "bertgat": bertgcn(GraphAttentionNetwork),
    "textgcn": TextGCN(CLEAN, GRAPH, hidden_size=8, num_epochs=5),
    "tfidf_logreg": tfidf_logreg(),
    "tfidf_svm": tfidf_svm(),
    "frozen": FrozenEncoder("tiny", 32),
}


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
def test_labels_of_test_never_reach_a_baseline(baseline, dataset, resources, tmp_path):
    turned = dict(zip(dataset.label_names, np.roll(dataset.label_names, 1), strict=True))
    scrambled = build_text_dataset(
        {
            "train": pairs(0, 40),
            "valid": pairs(1, 16),
            "test": [(text, turned[label]) for text, label in pairs(2, 24)],
        },
        name="marks",
        provenance={},
    )
    found = []
    for number, data in enumerate((dataset, scrambled)):
        folder = RunFolder(tmp_path / str(number))
        with folder.locked():
            metrics = run_baseline(baseline, data, resources, folder)
        rows = [json.loads(line) for line in (folder.path / "predictions.jsonl").read_text().splitlines()]
        assert [row["label"] for row in rows] == [data.label_names[label] for label in data["test"]["label"]]
        correct = sum(row["label"] == row["prediction"] for row in rows)
        assert metrics["test"]["accuracy"] == correct / len(rows)
        history = folder.path / "history.jsonl"
        losses = (
            [json.loads(line)["losses"] for line in history.read_text().splitlines()] if history.exists() else []
        )
        found.append(([row["probabilities"] for row in rows], metrics["valid"], losses))
    assert found[0] == found[1]


@pytest.mark.parametrize("network", [GraphConvolutionNetwork, GraphAttentionNetwork])
def test_without_the_graph_it_predicts_what_the_encoder_predicts(network, dataset, resources, checkpoint):
    outcome = bertgcn(network, interpolation=0.0, num_epochs=0).fit_predict(dataset, resources)
    for split in ("valid", "test"):
        expected = auxtask.load(checkpoint).predict_probabilities(dataset[split]["text"]).numpy()
        assert outcome.probabilities[split] == pytest.approx(expected, abs=1e-6)


def test_with_the_graph_alone_it_predicts_what_the_graph_predicts(dataset, resources, checkpoint):
    by_graph, half, by_encoder = (
        bertgcn(interpolation=share, num_epochs=0).fit_predict(dataset, resources).probabilities["test"]
        for share in (1.0, 0.5, 0.0)
    )
    assert abs(by_graph - by_encoder).max() > 0.01
    assert half == pytest.approx((by_graph + by_encoder) / 2, abs=1e-6)
    # The classifier has no share in it.
    model = auxtask.load(checkpoint).model
    torch.nn.init.normal_(model.classifier.weight)
    model.save_pretrained(checkpoint)
    again = bertgcn(interpolation=1.0, num_epochs=0).fit_predict(dataset, resources).probabilities["test"]
    assert again == pytest.approx(by_graph, abs=1e-6)


@pytest.mark.parametrize("splits", rest_in_ci([["train", "valid", "test"], ["train"]]))
def test_it_learns_and_the_best_epoch_predicts(dataset, resources, splits):
    outcome = bertgcn(
        num_epochs=24, batch_splits=splits, encoder_learning_rate=5e-3, graph_learning_rate=3e-2, metric="macro_f1"
    ).fit_predict(dataset, resources)
    gold = np.asarray(dataset["test"]["label"])
    assert (outcome.probabilities["test"].argmax(axis=1) == gold).mean() > 0.6
    scores = [row["valid"]["macro_f1"] for row in outcome.history]
    assert outcome.history[int(np.argmax(scores))]["step"] == outcome.best_step
    assert outcome.steps == 24 * (5 if len(splits) == 3 else 3)


def test_textgcn_learns(dataset, resources):
    outcome = TextGCN(CLEAN, GRAPH, hidden_size=16, num_epochs=60).fit_predict(dataset, resources)
    gold = np.asarray(dataset["test"]["label"])
    assert (outcome.probabilities["test"].argmax(axis=1) == gold).mean() > 0.8


def test_a_loss_that_is_not_a_number_ends_in_a_clear_error(dataset, resources):
    with pytest.raises(AuxtaskError, match=r"the loss became (nan|inf) in epoch \d"):
        bertgcn(graph_learning_rate=float("inf")).fit_predict(dataset, resources)


def test_settings_are_checked(dataset, resources):
    with pytest.raises(AuxtaskError, match=r"interpolation=1\.5 "):
        bertgcn(interpolation=1.5)
    with pytest.raises(AuxtaskError, match="batch_splits"):
        bertgcn(batch_splits=["test"])
    splits = {split: [("a", "x"), ("b", "y")] for split in dataset}
    other = build_text_dataset(splits, name="other", provenance={})
    with pytest.raises(AuxtaskError, match="knows other classes than data set 'other'"):
        bertgcn().fit_predict(other, resources)


@pytest.fixture
def train_command(tmp_path, model_folder, capsys):
    """Run `auxtask.train` in this process; give what it printed."""
    data = tmp_path / "data.jsonl"
    rows = [{"text": text, "label": label} for text, label in pairs(3, 80)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def start(*overrides):
        settings = [
            "dataset=files", f"dataset.train={data}", f"model.name={model_folder}", "model.max_length=32",
            "trainer.num_train_epochs=1", "trainer.bf16=false", f"paths.runs={tmp_path / 'runs'}",
            f"paths.cache={tmp_path / 'cache'}", *overrides,
        ]  # fmt: skip
        with initialize_config_dir(str(config_folder()), version_base="1.3"):
            train(compose("train", settings))
        return capsys.readouterr().out

    return start


def test_the_command_fine_tunes_first_and_leaves_the_files_of_a_run(train_command, tmp_path):
    printed = train_command("baseline=bertgcn", "baseline.num_epochs=1", "baseline.clean.min_count=1")
    [folder] = tmp_path.glob("runs/files/small-bert/bertgcn/*")
    [reference] = tmp_path.glob("runs/files/small-bert/stl/*")
    assert printed.rstrip().endswith(f"run: {folder}")
    files = {path.name for path in folder.iterdir()} - {".lock"}
    assert files == {"config.yaml", "environment.json", "history.jsonl", "metrics.json", "predictions.jsonl"}
    metrics, of_reference = (json.loads((run / "metrics.json").read_text()) for run in (folder, reference))
    assert metrics.keys() == of_reference.keys()
    assert metrics["seconds"].keys() == of_reference["seconds"].keys()
    fields = [json.loads((run / "history.jsonl").read_text()).keys() for run in (folder, reference)]
    assert fields[0] == fields[1]
    # The single-task run is one like any other.
    assert "already finished" in train_command("aux=stl")


@pytest.mark.parametrize("name", ["tfidf_logreg", "tfidf_svm"])
def test_the_command_gives_the_yardsticks_that_are_printed_beside_every_run(train_command, tmp_path, name):
    train_command(f"baseline={name}")
    [folder] = tmp_path.glob(f"runs/files/small-bert/{name}/*")
    [kept] = tmp_path.glob("cache/yardsticks/*")
    assert (
        json.loads((folder / "metrics.json").read_text())["test"] == json.loads(kept.read_text())["scores"][name]
    )
    # No auxiliary task reaches a baseline.
    assert "already finished" in train_command(f"baseline={name}", "aux=rtm")
