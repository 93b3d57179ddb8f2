"""What comes after `metrics.json`: it says what it leaves out, and fails no run."""

import json
import sys

import pytest
from hydra.core.global_hydra import GlobalHydra

from auxtask import train as command
from auxtask.baselines import yardsticks
from auxtask.cli.command import run_command
from auxtask.data.dataset import build_text_dataset
from marking import rest_in_ci

# Texts in which no two documents share a word of two letters.
TEXTS = {
    "emoji": lambda n: "😀" * (n % 5 + 1),
    "single letters": lambda n: " ".join("abcdefg"[: n % 7 + 1]),
    "zero-width characters": lambda n: "\u200b" * (n % 5 + 1) + "!",
    "words that occur once": lambda n: f"word{n}",
}


@pytest.fixture
def run(monkeypatch, capsys, tmp_path, model_folder):
    """Run `auxtask.train` in this process; give its exit code, standard output and standard error."""

    def start(rows, *overrides):
        data = tmp_path / "data.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in rows))
        line = [
            "dataset=files", f"dataset.train={data}", f"model.name={model_folder}", "model.max_length=16",
            "aux=stl",
            "trainer.num_train_epochs=1", "trainer.disable_tqdm=true", f"paths.runs={tmp_path / 'runs'}",
            f"paths.cache={tmp_path / 'cache'}", *overrides,
        ]  # fmt: skip
        monkeypatch.setattr(sys, "argv", ["train.py", *line])
        GlobalHydra.instance().clear()
        capsys.readouterr()
        code = 0
        try:
            run_command("train", command.train)
        except SystemExit as stop:
            code = stop.code
        GlobalHydra.instance().clear()
        return code, *capsys.readouterr()

    return start


def rows(text, count=40, classes=2):
    return [{"text": text(n), "label": f"class {n % classes}"} for n in range(count)]


@pytest.mark.parametrize("text", rest_in_ci(TEXTS.values()), ids=TEXTS)
def test_texts_without_words_are_scored_and_the_yardsticks_say_why_they_are_skipped(run, tmp_path, text):
    for _ in range(2):
        code, output, error = run(rows(text))
        assert code == 0, error
        assert "Traceback" not in error
        for name in ("tfidf_logreg", "tfidf_svm"):
            assert f"yardstick {name} is skipped: TF-IDF finds no word of two letters or more" in output
        assert "this run, test" in output
        assert "majority class, test" in output
    assert len(list(tmp_path.glob("runs/*/*/*/*/metrics.json"))) == 1


@pytest.mark.parametrize("baseline", ["tfidf_logreg", "tfidf_svm"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_baseline_on_such_texts_ends_in_one_line(run, tmp_path, text, baseline):
    code, _, error = run(rows(text), f"baseline={baseline}")
    assert code == 1
    assert error.startswith("error: TF-IDF finds no word of two letters or more")
    assert error.count("\n") == 1
    assert not list(tmp_path.glob("runs/*/*/*/*"))


def test_yardsticks_of_very_many_classes_are_skipped_by_their_stated_size(monkeypatch):
    documents = [(f"alpha beta gamma{n % 3}", f"class {n % 4}") for n in range(20)]
    dataset = build_text_dataset(dict.fromkeys(("train", "valid", "test"), documents), name="x", provenance={})
    assert set(yardsticks.yardsticks(dataset)[0]) == {"majority_class", "tfidf_logreg", "tfidf_svm"}
    monkeypatch.setattr(yardsticks, "YARDSTICK_SIZE", 79)
    scores, skipped = yardsticks.yardsticks(dataset)
    assert set(scores) == {"majority_class"}
    assert skipped["tfidf_svm"] == (
        "20 training documents x 4 classes are more than 79; baseline=tfidf_svm computes it as a run of its own"
    )


@pytest.mark.parametrize("part", ["auxtask.train.cached_yardsticks", "auxtask.reporting.summary.print_summary"])
def test_whatever_fails_after_the_metrics_is_one_line(run, monkeypatch, tmp_path, part):
    def fails(*arguments, **named):
        raise RuntimeError("no\nsuch luck")

    monkeypatch.setattr(part, fails)
    code, output, error = run(rows("sea number {}".format))
    assert code == 0
    assert error.splitlines()[-1].endswith("left out: RuntimeError: no; such luck")
    assert "Traceback" not in error
    assert len(list(tmp_path.glob("runs/*/*/*/*/metrics.json"))) == 1
    assert ("this run, test" in output) == (not part.endswith("print_summary"))


@pytest.mark.ci
def test_damaged_yardsticks_are_computed_again(run, tmp_path):
    _, first, _ = run(rows("sea number {}".format))
    assert "tfidf svm, test" in first
    [cached] = tmp_path.glob("cache/yardsticks/*.json")
    whole = cached.read_text()
    for content in ("", "{", "[1]", "7", '{"other": 1}'):
        cached.write_text(content)
        code, again, _ = run(rows("sea number {}".format))
        assert code == 0
        assert cached.read_text() == whole
        assert "tfidf svm, test" in again
