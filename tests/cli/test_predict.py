"""`python -m auxtask.predict`: what transformers predicts, in the order of the file, whatever cuts the call."""

import io
import json
import sys

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from transformers import AutoModelForSequenceClassification, pipeline

import auxtask.predict as command
from auxtask.data.readers import read_pairs
from auxtask.errors import AuxtaskError
from auxtask.ground.files import config_folder
from auxtask.model.classifier import Classifier, load
from processes import Command

NAMES = ["a", "b c", "d"]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory, model_folder, tokenizer, sentences):
    """A classifier with three classes that reads 16 tokens, where a run has its own."""
    torch.manual_seed(1)
    labels = {"id2label": dict(enumerate(NAMES)), "label2id": {name: at for at, name in enumerate(NAMES)}}
    model = AutoModelForSequenceClassification.from_pretrained(model_folder, num_labels=3, **labels)
    model.classifier.weight.data *= 100
    with torch.no_grad():
        batch = tokenizer(sentences, truncation=True, max_length=16, padding=True, return_tensors="pt")
        model.classifier.bias -= model.eval()(**batch).logits.mean(dim=0)
    folder = tmp_path_factory.mktemp("run")
    model.save_pretrained(folder / "model")
    before, tokenizer.model_max_length = tokenizer.model_max_length, 16
    tokenizer.save_pretrained(folder / "model")
    tokenizer.model_max_length = before
    return folder


@pytest.fixture
def predict(run_folder, tmp_path, monkeypatch):
    """Predict in this process; options by name."""
    monkeypatch.chdir(tmp_path)
    defaults = OmegaConf.load(config_folder() / "predict.yaml")
    del defaults["defaults"], defaults["hydra"]

    def start(name, **options):
        paths = {"cache": str(tmp_path / "cache")}
        command.predict(
            OmegaConf.merge(defaults, {"run": str(run_folder), "input": name, "paths": paths}, options)
        )

    return start


@pytest.fixture
def rows(sentences):
    """Texts of many lengths, some longer than the classifier reads, and two that are none."""
    rng = np.random.default_rng(0)
    words = " ".join(sentences).split()
    texts = [" ".join(rng.choice(words, size)) for size in rng.integers(1, 30, 40)]
    texts[5], texts[17] = " ", None
    return [{"id": at, "text": text} for at, text in enumerate(texts)]


@pytest.fixture
def lines(rows, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path.name


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_rows_get_what_the_pipeline_of_transformers_says(predict, rows, lines, run_folder, tmp_path, capsys):
    predict(lines, rows=7, tokens_per_batch=40)
    found = read(tmp_path / "rows-predictions.jsonl")
    classify = pipeline("text-classification", str(run_folder / "model"), top_k=None)
    assert [{name: row[name] for name in ("id", "text")} for row in found] == rows
    for row in found:
        if not (row["text"] or "").strip():
            assert {row[name] for name in row if name.startswith("pr")} == {None}
            continue
        expected = {each["label"]: each["score"] for each in classify([row["text"]], truncation=True)[0]}
        assert row["prediction"] == max(expected, key=expected.get)
        assert {name: row[f"probability_{name}"] for name in NAMES} == pytest.approx(expected, abs=2e-6)
    assert {row["prediction"] for row in found} == {*NAMES, None}
    tokenizer = load(run_folder).tokenizer
    cut = sum(len(tokenizer(row["text"])["input_ids"]) > 16 for row in rows if (row["text"] or "").strip())
    assert 5 < cut < 35
    said = capsys.readouterr().out
    assert said.startswith(
        f"40 rows, 2 of them without text and so without a prediction; {cut} documents cut to 16"
    )
    assert {path.name for path in tmp_path.iterdir()} - {"cache"} == {lines, "rows-predictions.jsonl"}


def test_a_call_that_was_cut_goes_on_and_ends_in_the_same_bytes(predict, lines, tmp_path, monkeypatch, capsys):
    predict(lines, rows=7, output="whole.csv.gz")
    classify, calls = Classifier.classify, []

    def cut(self, texts):
        calls.append(len(texts))
        if len(calls) == 4:
            raise KeyboardInterrupt
        return classify(self, texts)

    monkeypatch.setattr(Classifier, "classify", cut)
    with pytest.raises(KeyboardInterrupt):
        predict(lines, rows=7, output="cut.csv.gz")
    assert not (tmp_path / "cut.csv.gz").exists()
    capsys.readouterr()
    predict(lines, rows=7, output="cut.csv.gz")
    assert capsys.readouterr().out.rstrip().endswith("; 3 parts of it known before; predictions: cut.csv.gz")
    assert len(calls) == 4 + 3
    assert (tmp_path / "cut.csv.gz").read_bytes() == (tmp_path / "whole.csv.gz").read_bytes()
    assert not list(tmp_path.glob(".*"))

    # What was predicted for another content, or by other options, is not taken.
    for change in ({}, {"rows": 6}):
        calls.clear()
        with pytest.raises(KeyboardInterrupt):
            predict(lines, rows=7, output="cut.csv.gz")
        if not change:
            (tmp_path / lines).write_text((tmp_path / lines).read_text() + '{"text": "more"}\n')
        calls[:] = [0] * 4
        predict(lines, **{"rows": 7, "output": "cut.csv.gz", **change})
        assert "known before" not in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["lines", "csv"])
def test_standard_input_goes_to_standard_output(predict, monkeypatch, capfdbinary, kind):
    given = b"the sea\nthe film, slow\n" if kind == "lines" else b"text;n\nthe sea;1\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
    with capfdbinary.disabled():
        output = io.TextIOWrapper(io.BytesIO())
        monkeypatch.setattr(sys, "stdout", output)
        monkeypatch.setattr(sys, "stderr", said := io.StringIO())
        predict("-", format=None if kind == "lines" else kind)
        monkeypatch.undo()
    written = output.buffer.getvalue().decode().splitlines()
    if kind == "lines":
        assert [json.loads(line)["text"] for line in written] == ["the sea", "the film, slow"]
    else:
        assert written[0] == "text;n;prediction;probability_a;probability_b c;probability_d"
        assert written[1].startswith("the sea;1;")
    assert " without text and so without a prediction; " in said.getvalue().splitlines()[-1]


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        ('{"text": "a", "prediction": 1}', {}, "has a column 'prediction' already; .* prefix=predicted_"),
        ('{"text": "a"}\n{"text": 5}', {}, "row 2 of file x.jsonl holds 5 in column 'text', which is no text"),
        ('{"body": "a"}', {}, "has no column 'text', its columns are 'body'; .* text_column="),
        ('{"text": "a"}', {"output": "x.jsonl"}, "output='x.jsonl' is the input itself"),
        ('{"text": "a"}', {"output": "y.doc"}, "output='y.doc' has no known ending; use one of .csv"),
        ('{"text": "a"}', {"output": "-", "format": "parquet"}, "not written to standard output"),
        ('{"text": "a"}', {"run": "no_run"}, "no_run"),
        ("[]", {}, "line 1 of x.jsonl is"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(predict, tmp_path, content, options, words):
    (tmp_path / "x.jsonl").write_text(content + "\n")
    with pytest.raises(AuxtaskError, match=words):
        predict("x.jsonl", **options)
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["x.jsonl"]


def test_a_prefix_keeps_names_apart(predict, tmp_path):
    (tmp_path / "x.csv").write_text("text,prediction\nthe sea,mine\n")
    predict("x.csv", prefix="model_", output="y.jsonl")
    [row] = read(tmp_path / "y.jsonl")
    assert [*row] == ["text", "prediction", *(f"model_{name}" for name in ("prediction", *COLUMNS))]


COLUMNS = [f"probability_{name}" for name in NAMES]


@pytest.mark.ci
def test_a_killed_process_goes_on(run_folder, sentences, tmp_path):
    path = tmp_path / "many.csv"
    path.write_text("text\n" + "".join(f'"{number} {sentences[number % 6]}"\n' for number in range(30_000)))
    options = [f"run={run_folder}", f"input={path}", "rows=500", f"paths.cache={tmp_path / 'cache'}"]
    killed = Command(tmp_path, "predict", *options, f"output={tmp_path / 'killed.parquet'}")
    killed.wait_for(lambda: len(list(tmp_path.glob(".killed.parquet.parts/*.npz"))) >= 3)
    killed.kill()
    assert killed.wait() == -9
    assert not (tmp_path / "killed.parquet").exists()
    for name in ("killed", "whole"):
        again = Command(tmp_path, "predict", *options, f"output={tmp_path / name}.parquet")
        assert again.wait() == 0, again.error
        assert ("known before" in again.output) == (name == "killed")
    assert (tmp_path / "killed.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.ci
def test_the_test_documents_of_a_run_get_its_predictions(predict, model_folder, tmp_path):
    from auxtask import fit

    documents = [(f"the {word} number {n}", word) for word in ("sea", "land") for n in range(20)]
    places = {"runs": tmp_path / "runs", "cache": tmp_path / "cache"}
    run = fit(
        documents, test=documents, model=model_folder, max_length=16, aux="stl", trainer={"max_steps": 2}, **places
    )
    (tmp_path / "test.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text, _ in documents))
    predict("test.jsonl", run=str(run.folder))
    expected = read(run.folder / "predictions.jsonl")
    for row, known in zip(read(tmp_path / "test-predictions.jsonl"), expected, strict=True):
        assert row["prediction"] == known["prediction"]
        found = {name: row[f"probability_{name}"] for name in ("sea", "land")}
        assert found == pytest.approx(known["probabilities"], abs=2e-6)
    assert read_pairs(tmp_path / "test-predictions.jsonl", label_column="prediction")
