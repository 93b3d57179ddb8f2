"""Reading run folders: what is kept, and what a broken or foreign file costs."""

import json

import pytest

from auxtask.errors import AuxtaskError
from auxtask.runs.reading import read_runs
from folders import make_run, task


def test_a_run_is_read_whole(tmp_path):
    make_run(tmp_path, dataset="toy", model="tiny", method="rtm", seed=3, trainer__max_steps=20)
    [run] = read_runs(tmp_path).runs
    assert (run.dataset, run.model, run.method, run.seed) == ("toy", "tiny", "rtm", 3)
    assert run.scores["micro_f1"] == pytest.approx(0.7)
    assert run.scores["macro_f1"] == pytest.approx(0.6746, abs=5e-5)
    assert run.class_scores["b"] == {"f1": pytest.approx(0.5), "support": 2}
    assert run.settings["trainer.max_steps"] == 20
    assert run.settings["fingerprints.dataset"] == "toy-content"
    assert not [name for name in run.settings if name.startswith(("paths", "dataset", "seed", "trainer.logging"))]
    assert [row["step"] for row in run.history] == [10, 20]
    assert run.predictions.labels.tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 2, 2]
    assert run.predictions.predicted.tolist() == [0, 0, 0, 1, 1, 0, 2, 2, 2, 0]


def test_classes_go_by_short_names_wherever_they_stand(tmp_path):
    own = {"_target_": "my_module.MyTask", "depth": 2}
    make_run(tmp_path, method="rtm", aux={"rtm": {"_target_": "auxtask.tasks.masking.MaskingTask"}, "own": own})
    [run] = read_runs(tmp_path).runs
    of_classes = {name: value for name, value in run.settings.items() if name.endswith(".class")}
    assert of_classes == {
        "aux.rtm.class": "MaskingTask",
        "aux.own.class": "my_module.MyTask",
        "weighting.class": "StaticWeighting",
    }
    assert run.settings["aux.own.depth"] == 2
    assert run.data_settings["dataset.class"] == "load_named"
    assert not [name for name in {**run.settings, **run.data_settings} if "_target_" in name]


def test_a_seed_counts_once_though_its_class_has_moved_since(tmp_path):
    old = {"rtm": {**task("rtm"), "_target_": "auxtask.training.tasks.MaskingTask"}}
    make_run(tmp_path, method="rtm", run_id="1" * 12, aux=old)
    make_run(tmp_path, method="rtm", run_id="0" * 12)
    make_run(tmp_path, method="rtm", run_id="2" * 12, seed=1, aux=old)
    folder = read_runs(tmp_path)
    assert [(run.path[-12:], run.seed) for run in folder.runs] == [("0" * 12, 0), ("2" * 12, 1)]
    unnamed = [problem.path[-12:] for problem in folder.problems if "not named by its settings" in problem.reason]
    assert unnamed == ["0" * 12, "1" * 12, "2" * 12]
    [problem] = [problem for problem in folder.problems if "not named" not in problem.reason]
    assert problem.path == f"toy/tiny/rtm/{'1' * 12}"
    assert problem.reason == f"its settings and seed are those of toy/tiny/rtm/{'0' * 12}"


def test_a_method_that_is_not_trained_by_steps_lacks_no_history(tmp_path):
    linear, trained = make_run(tmp_path, method="tfidf_svm", history=()), make_run(tmp_path)
    for path in (linear, trained):
        (path / "history.jsonl").unlink()
    folder = read_runs(tmp_path)
    assert [problem.path for problem in folder.problems] == [
        (trained / "history.jsonl").relative_to(tmp_path).as_posix()
    ]
    assert len(folder.runs) == 2


FILES = ("config.yaml", "metrics.json", "predictions.jsonl", "history.jsonl", "environment.json")
LOST_WITHOUT = {"config.yaml", "metrics.json"}


@pytest.mark.parametrize("content", ["", "{", "[1, 2]\n", "a picture \x00\x01\n", '{"other": 1}\n'])
@pytest.mark.parametrize("file", FILES)
def test_a_foreign_file_is_named_and_skipped(tmp_path, file, content):
    make_run(tmp_path, seed=0)
    broken = make_run(tmp_path, seed=1)
    (broken / file).write_text(content)
    folder = read_runs(tmp_path)
    name = broken.relative_to(tmp_path).as_posix()
    # An environment may be any object.
    if (file, content) == ("environment.json", '{"other": 1}\n'):
        assert folder.problems == []
    else:
        assert [problem.path for problem in folder.problems] == [f"{name}/{file}"]
        assert folder.problems[0].reason
    assert len(folder.runs) == (1 if file in LOST_WITHOUT else 2)


@pytest.mark.parametrize("file", [name for name in FILES if name.startswith(("metrics", "pred", "hist", "env"))])
def test_a_file_cut_anywhere_never_stops_the_rest(tmp_path, file):
    broken = make_run(tmp_path, seed=0)
    make_run(tmp_path, seed=1)
    whole = (broken / file).read_bytes()
    for end in range(0, len(whole) - 1, max(1, len(whole) // 17)):
        (broken / file).write_bytes(whole[:end])
        folder = read_runs(tmp_path)
        assert 1 in {run.seed for run in folder.runs}
        assert len(folder.problems) == 1


# Every 30 steps up to step 100, after the only epoch, and of a last stage of epochs of 7 steps.
HISTORIES = {
    "by steps": ((30, 1.0, 0.3), (60, 2.0, 0.5), (90, 3.0, 0.4)),
    "one evaluation": ((7, 1.0, 0.3),),
    "two stages": ((30, 1.0, 0.3), (60, 2.0, 0.5), (67, 3.0, 0.4), (74, 3.0, 0.4)),
}


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
@pytest.mark.parametrize("file", ["predictions.jsonl", "history.jsonl"])
def test_a_file_cut_after_a_whole_line_is_found_out(tmp_path, file, history):
    broken = make_run(tmp_path, history=history)
    if history == HISTORIES["by steps"]:
        metrics = json.loads((broken / "metrics.json").read_text())
        (broken / "metrics.json").write_text(json.dumps({**metrics, "steps": 100, "best_step": 60}))
    assert read_runs(tmp_path).problems == []
    lines = (broken / file).read_text().splitlines(keepends=True)
    for kept in range(len(lines)):
        (broken / file).write_text("".join(lines[:kept]))
        folder = read_runs(tmp_path)
        [run] = folder.runs
        assert not (run.history if file == "history.jsonl" else run.predictions)
        [problem] = folder.problems
        assert problem.path.endswith(file)
        assert "not those of metrics.json" in problem.reason


@pytest.mark.parametrize("value", ["NaN", "57.3", "-1", '"0.7"', "null"])
@pytest.mark.parametrize("field", ["micro_f1", "macro_f1"])
def test_scores_that_are_none_are_left_out_by_name(tmp_path, field, value):
    make_run(tmp_path, seed=0)
    broken = make_run(tmp_path, seed=1)
    metrics = json.loads((broken / "metrics.json").read_text())
    metrics["test"][field] = "HERE"
    (broken / "metrics.json").write_text(json.dumps(metrics).replace('"HERE"', value))
    folder = read_runs(tmp_path)
    assert [run.seed for run in folder.runs] == [0]
    [problem] = folder.problems
    assert problem.path.endswith("metrics.json")
    assert value.strip('"').replace("null", "None") in problem.reason


def test_unfinished_runs_and_foreign_folders_are_told_apart(tmp_path):
    unfinished = make_run(tmp_path, seed=0)
    (unfinished / "metrics.json").unlink()
    foreign = make_run(tmp_path, seed=1)
    (foreign / "notes.txt").write_text("mine")
    (tmp_path / "a" / "b" / "c" / "d").mkdir(parents=True)
    folder = read_runs(tmp_path)
    assert folder.unfinished == [unfinished.relative_to(tmp_path).as_posix()]
    assert {problem.path for problem in folder.problems} == {
        "a/b/c/d",
        foreign.relative_to(tmp_path).as_posix() + "/notes.txt",
    }
    assert [run.seed for run in folder.runs] == [1]


def test_a_run_that_says_it_is_running_is_left_out(tmp_path):
    path = make_run(tmp_path)
    metrics = json.loads((path / "metrics.json").read_text())
    (path / "metrics.json").write_text(json.dumps({**metrics, "status": "running"}))
    folder = read_runs(tmp_path)
    assert folder.runs == []
    assert "status 'running'" in folder.problems[0].reason


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(AuxtaskError, match="there is no folder"):
        read_runs(tmp_path / "nowhere")
