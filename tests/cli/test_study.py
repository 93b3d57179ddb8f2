"""Tuning: what is searched, that a study repeats itself, that it goes on after a kill, and what it shows."""

import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from auxtask.cli.command import run_command
from auxtask.cli.search_space import Runs, SearchSpace, as_typed, distribution
from auxtask.cli.study import TrialOutcome, search, trials_table
from auxtask.errors import AuxtaskError
from auxtask.ground.files import config_folder
from auxtask.runs.folder import RunFolder
from auxtask.train import train


def searched(*arguments, own=None, model="tiny"):
    """What a study searches with some words of a command line, beside what `+sweep=tune` names or others."""
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        config = compose("train", ["+sweep=tune", f"model={model}"], return_hydra_config=True)
        runs = Runs(GlobalHydra.instance().config_loader(), config)
        own = dict(config.hydra.sweeper.params) if own is None else own
        return SearchSpace.of(runs, own, ["+sweep=tune", f"model={model}", *arguments])


def test_the_preset_searches_what_the_run_has():
    alone = searched("aux=stl", model="bert-base")
    # Around the model's own rate, 2e-5.
    assert dict(alone.searched) == {
        "trainer.learning_rate": FloatDistribution(5e-6, 8e-5, log=True),
        "trainer.num_train_epochs": IntDistribution(4, 20, step=4),
    }
    assert alone.idle == ["mask_rate", "weighting.auxiliary"]
    assert alone.fixed == ["+sweep=tune", "model=bert-base", "aux=stl"]


@pytest.mark.parametrize(
    ("arguments", "names", "idle"),
    [
        (["aux=bit_label"], ["weighting.auxiliary"], ["mask_rate"]),
        (["aux=rtm", "weighting=mt"], ["mask_rate"], ["weighting.auxiliary"]),
        (["aux=rtm", "mask_rate=0.2"], ["weighting.auxiliary"], []),
        (["aux=rtm", "weighting=static,mt"], ["weighting", "mask_rate"], ["weighting.auxiliary"]),
    ],
    ids=["no masks", "no weight", "fixed", "a choice"],
)
def test_what_a_task_or_weighting_lacks_is_left_out(arguments, names, idle):
    own = {"mask_rate": "interval(0.05,0.5)", "weighting.auxiliary": "interval(0.1,2.0)"}
    space = searched(*arguments, own=own)
    assert list(space.searched) == names
    assert space.idle == idle


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("mask_rate=interval(0.1,0.3)", "changes nothing with stl; leave it out"),
        ("seed=0,1", "seed=0,1 cannot be searched: the luckiest would win"),
        ("aux=rtm,stl", "aux=rtm,stl cannot be searched: a study tunes one method"),
        ("trainer.weight_decay=interval(2,1)", "trainer.weight_decay=interval(2,1) cannot be searched: "),
        ("trainer.weight_decay=interval(-1,1)", "trainer.weight_decay=-1.0 is not a number from 0"),
    ],
    ids=["idle", "seed", "method", "turned", "out of range"],
)
def test_what_cannot_be_searched_is_refused_in_one_line(typed, said):
    with pytest.raises(AuxtaskError, match=re.escape(said)) as refused:
        searched("aux=stl", typed, own={})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("a=interval(0.1,0.5)", FloatDistribution(0.1, 0.5)),
        ("a=tag(log,interval(1e-5,1e-3))", FloatDistribution(1e-5, 1e-3, log=True)),
        ("a=interval(2,5)", FloatDistribution(2.0, 5.0)),
        ("a=int(interval(2,5))", IntDistribution(2, 5)),
        ("a=range(4,21,4)", IntDistribution(4, 20, step=4)),
        ("a=range(20,3,-4)", IntDistribution(4, 20, step=4)),
        ("a=range(0,0.35,0.1)", FloatDistribution(0.0, 0.3, step=0.1)),
        ("a=linear,0.15", CategoricalDistribution(["linear", "0.15"])),
    ],
)
def test_hydras_words_for_a_search_mean_what_they_say(typed, kind):
    assert distribution(OverridesParser.create().parse_override(typed)) == kind


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.00123456, FloatDistribution(1e-3, 1e-2), "0.00123"),
        (0.00123456, FloatDistribution(0.001234, 1e-2), "0.001234"),
        (0.1 + 0.2, FloatDistribution(0.0, 0.4, step=0.1), "0.3"),
        (12, IntDistribution(4, 20), "12"),
        ("linear", CategoricalDistribution(["linear"]), "linear"),
    ],
)
def test_values_are_short_and_within_their_ends(value, kind, text):
    assert as_typed(value, kind) == text


def parabola(proposal):
    """A score with its top at 1e-3, none above 5e-3."""
    rate = float(proposal[0].partition("=")[2])
    return None if rate > 5e-3 else 1 - (math.log10(rate) + 3) ** 2 / 10


def studied(n_trials=20, n_jobs=1, seed=0, space=None):
    """The outcomes of a search on the parabola, and the numbers of trials of each launch."""
    launches = []

    def launch(before, proposals):
        launches.append((before, len(proposals)))
        return [TrialOutcome(parabola(proposal), Path("runs", proposal[0])) for proposal in proposals]

    space = space or {"rate": FloatDistribution(1e-5, 1e-2, log=True)}
    return search(space, launch, n_trials=n_trials, n_jobs=n_jobs, seed=seed), launches


def test_a_study_repeats_itself_and_a_longer_one_begins_with_it():
    short, _ = studied(8)
    assert list(short.items()) == list(studied(8)[0].items())
    assert list(studied(20)[0])[:8] == list(short)
    assert list(studied(8, seed=1)[0]) != list(short)


def test_a_study_looks_where_scores_are_high_and_away_from_what_failed():
    outcomes, _ = studied(30)
    scores = [each.score for each in outcomes.values()]
    assert None in scores
    # Random proposals come first: what follows is closer to the top on average.
    assert sum(each or 0 for each in scores[10:]) / 20 > sum(each or 0 for each in scores[:10]) / 10


def test_proposals_made_at_once_are_launched_together_and_twice_proposed_is_once_run():
    _, launches = studied(5, n_jobs=2)
    assert launches == [(0, 2), (2, 2), (4, 1)]
    outcomes, launches = studied(9, space={"rate": CategoricalDistribution(["1e-3", "1e-4"])})
    assert sorted(outcomes) == [("rate=1e-3",), ("rate=1e-4",)]
    assert sum(count for _, count in launches) == 2


def test_the_table_ranks_by_score_and_ends_with_what_failed():
    outcomes = {
        ("a.rate=1", "b.rate=2"): TrialOutcome(None, Path("x/1")),
        ("a.rate=3", "b.rate=4"): TrialOutcome(0.25, Path("x/2")),
        ("a.rate=5", "b.rate=6"): TrialOutcome(0.75, Path("x/3")),
        ("a.rate=7", "b.rate=8"): TrialOutcome(0.75, Path("x/4")),
    }
    table = trials_table(outcomes, "micro_f1")
    assert table.columns == ("trial", "a.rate", "b.rate", "micro-F1", "run")
    assert [[str(cell) for cell in row] for row in table.rows] == [
        ["3", "5", "6", "0.7500", "3"],
        ["4", "7", "8", "0.7500", "4"],
        ["2", "3", "4", "0.2500", "2"],
        ["1", "1", "2", "failed", "1"],
    ]


@pytest.fixture
def arguments(quick_runs):
    """A study of quick runs on a user's own file."""
    return ["-m", "+sweep=tune", *quick_runs, "trainer.max_steps=4", "trainer.eval_steps=2", "aux=rtm"]


def run(monkeypatch, capsys, *arguments):
    """Run a command in this process and give what it printed."""
    monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
    GlobalHydra.instance().clear()
    try:
        run_command("train", train)
    finally:
        GlobalHydra.instance().clear()
    return capsys.readouterr()


def finished(folder):
    """The finished runs below a folder: when each was written, by its name."""
    return {path.parent.name: path.stat().st_mtime_ns for path in folder.rglob("metrics.json")}


def test_without_optuna_one_line_says_what_to_install(arguments, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "optuna.distributions", None)
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, capsys, *arguments)
    assert ended.value.code == 1
    assert capsys.readouterr().err == ("error: tuning needs optuna; install it with pip install 'auxtask[tune]'\n")


@pytest.mark.ci
def test_a_study_ranks_its_trials_and_shows_no_test_score(arguments, monkeypatch, capsys, tmp_path):
    # The second rate makes weights that are not numbers.
    line = [*arguments, f"paths.runs={tmp_path / 'runs'}", "trainer.learning_rate=1e-3,1e30", "mask_rate=0.2,0.3"]
    line += ["trainer.num_train_epochs=4", "weighting.auxiliary=0.5", "hydra.sweeper.n_trials=6"]
    first = run(monkeypatch, capsys, *line)
    assert "this run, test" not in first.out
    failed = first.err.count("error: ")
    assert failed > 0
    assert first.out.count("failed") == failed
    runs = finished(tmp_path / "runs")
    assert len(runs) + failed == len(re.findall(r"^trial \d+: ", first.out, re.MULTILINE))
    assert run(monkeypatch, capsys, *line).out.splitlines()[-1] == first.out.splitlines()[-1]
    assert finished(tmp_path / "runs") == runs
    command = shlex.split(first.out.splitlines()[-1])
    assert command[:3] == ["python", "-m", "auxtask.train"]
    best = run(monkeypatch, capsys, *command[3:]).out
    assert "already finished" in best
    assert "this run, test" in best
    assert finished(tmp_path / "runs") == runs
    valid = [json.loads(path.read_text())["valid"]["macro_f1"] for path in tmp_path.rglob("metrics.json")]
    assert f"{max(valid):.4f}" in best


@pytest.mark.ci
def test_a_run_of_another_process_ends_the_study_in_one_line(arguments, monkeypatch, capsys, tmp_path):
    line = [*arguments, f"paths.runs={tmp_path / 'runs'}", "hydra.sweeper.n_trials=1"]
    run(monkeypatch, capsys, *line)
    [path] = (tmp_path / "runs").rglob("metrics.json")
    path.unlink()
    with RunFolder(path.parent).locked(), pytest.raises(SystemExit):
        run(monkeypatch, capsys, *line)
    assert "error: a trial of this study, run '" in capsys.readouterr().err


@pytest.mark.ci
def test_a_killed_study_goes_on_with_the_same_line(arguments, monkeypatch, capsys, tmp_path):
    line = [*arguments, "hydra.sweeper.n_trials=3"]
    runs = tmp_path / "runs"
    command = [sys.executable, "-m", "auxtask.train", *line, f"paths.runs={runs}"]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not finished(runs) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    before = finished(runs)
    assert 0 < len(before) < 3
    again = run(monkeypatch, capsys, *line, f"paths.runs={runs}")
    after = finished(runs)
    assert len(after) == 3
    assert {name: after[name] for name in before} == before
    # A study that nobody ends proposes the same runs and ranks them alike.
    whole = run(monkeypatch, capsys, *line, f"paths.runs={tmp_path / 'others'}")
    assert finished(tmp_path / "others").keys() == after.keys()
    assert re.findall("│.*", whole.out) == re.findall("│.*", again.out)
