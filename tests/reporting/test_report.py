"""The report: missing cells with their commands, the same bytes from the same runs."""

import json
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from auxtask.cli.overrides import training_command
from auxtask.evaluation.groups import comparable_blocks
from auxtask.evaluation.score_tables import dataset_scores, metric_scores
from auxtask.ground.files import config_folder, write_json
from auxtask.reporting import writing
from auxtask.reporting.figures import block_figures, changing_weights, score_curves
from auxtask.reporting.sections import report_sections, run_table
from auxtask.reporting.writing import write_report
from auxtask.runs.identity import result_settings
from auxtask.runs.reading import read_runs
from auxtask.runs.settings import named_settings
from auxtask.tables.values import Missing, Rank
from folders import files_of, make_run, task

GOLD = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2, 2])


def command_line(*parts):
    dataset, model, method, seeds, _, sweep = parts
    return f"{dataset} {model} {method} {seeds} {sweep}".rstrip()


def write(folder, output):
    runs = read_runs(folder)
    sections = report_sections(
        runs, comparable_blocks(runs.runs), {}, ddof=1, resamples=100, command_line=command_line
    )
    write_report(sections, run_table(runs.runs), output)


@pytest.fixture
def runs(tmp_path):
    """Two data sets; of r8 there is no rtm, and of acl_arc one seed less of it."""
    folder = tmp_path / "runs"
    weights = [{"main": 0.6, "rtm": 0.4}, {"main": 0.7, "rtm": 0.3}]
    for seed in (0, 1):
        make_run(folder, dataset="acl_arc", seed=seed, predicted=(0, 0, 0, 1, 1, 0, 2, 2, 2, seed))
        make_run(folder, dataset="r8", seed=seed)
    make_run(folder, dataset="acl_arc", method="rtm", seed=0, predicted=GOLD, weights=weights)
    make_run(folder, dataset="acl_arc", method="tfidf_logreg", baseline="linear", predicted=(0,) * 10, history=())
    return folder


def test_missing_runs_are_counted_and_their_command_is_given(runs):
    blocks = comparable_blocks(read_runs(runs).runs)
    table = dataset_scores("acl_arc", blocks, 1, command_line)
    by_row = {(row[0].value, row[1].value): row for row in table.rows}
    commands = {note.mark: note.command for note in table.notes if note.command}
    partly = by_row["tiny", "rtm"]
    assert str(partly[2]) == "100.00"
    assert [commands[mark] for mark in partly[1].marks] == ["acl_arc tiny rtm [1]"]
    published = by_row["scibert_scivocab_uncased", "l3masking"]
    assert published[3].value == Missing(2)
    assert str(published[5]) == "74.10 ± 2.40"
    assert [commands[mark] for mark in published[1].marks] == [
        "acl_arc scibert_scivocab_uncased l3masking [0, 1] l3masking_acl_arc"
    ]
    of_r8 = dataset_scores("r8", blocks, 1, command_line)
    assert ("tiny", "rtm", Missing(2)) in [(row[0].value, row[1].value, row[2].value) for row in of_r8.rows]


def test_methods_below_the_linear_yardstick_are_marked(tmp_path):
    make_run(tmp_path, method="stl", predicted=(0,) * 10)
    make_run(tmp_path, method="rtm", predicted=GOLD)
    make_run(tmp_path, method="tfidf_svm", baseline="linear")
    blocks = comparable_blocks(read_runs(tmp_path).runs)
    table = dataset_scores("toy", blocks, 1, command_line)
    assert [row[1].value for row in table.rows] == ["stl", "rtm", "tfidf_svm"]
    assert [row[3].marks for row in table.rows] == [("†",), (), ()]
    # The yardstick reads bags of words, whichever model it is filed under, and is ranked with no encoder.
    assert [row[0].value for row in table.rows] == ["tiny", "tiny", "bags of words"]
    assert [row[3].rank for row in table.rows] == [Rank.SECOND, Rank.BEST, None]
    by_metric = metric_scores("macro_f1", blocks, 1)
    assert [row[2].marks for row in by_metric.rows] == [("†",), (), ()]


def test_a_command_gives_the_settings_of_the_runs_that_are_missing():
    options = ["dataset=ohsumed", "aux=l3masking", "model=roberta-base"]
    changes = ["trainer.max_steps=30", "model.max_length=48", "aux.l3masking.masking.mask_rate=0.4", "seed=7"]
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        wanted = settings_of([*options, *changes])
        seed = wanted.pop("seed")
        command = training_command("ohsumed", "roberta-base", "l3masking", [seed], wanted)
        assert shlex.split(command)[:3] == ["python", "-m", "auxtask.train"]
        got = settings_of(shlex.split(command)[3:])
        assert got == {**wanted, "seed": 7}
        assert training_command("r8", "tiny", "bit_label+rtm", [0, 1], {}) == (
            "python -m auxtask.train -m dataset=r8 model=tiny 'aux=[bit_label,rtm]' seed=0,1"
        )
        published = training_command("imdb", "roberta-base", "rtm", [0, 1], {}, "l3masking_imdb")
        assert published == (
            "python -m auxtask.train -m +sweep=l3masking_imdb dataset=imdb model=roberta-base aux=rtm "
            "baseline=none seed=0,1"
        )
        other = training_command("r8", "my-bert", "stl", [0], {"model.name": "/models/my-bert"})
        assert other == "python -m auxtask.train dataset=r8 aux=stl seed=0 model.name=/models/my-bert"


def settings_of(overrides):
    config = OmegaConf.to_container(compose("train", overrides), resolve=True)
    return named_settings({name: value for name, value in config.items() if name != "paths"})


def test_figures_show_what_the_histories_say(runs):
    acl_arc, r8 = comparable_blocks(read_runs(runs).runs)
    curves = score_curves(acl_arc)
    assert list(curves) == ["steps", "seconds, preparation included"]
    # Half a second of scoring comes before the first.
    one_run = {"steps": ([10, 20], [40, 50]), "seconds, preparation included": ([1.5, 2.5], [40, 50])}
    for measure, curve in one_run.items():
        assert curves[measure] == {"stl": [curve, curve], "rtm": [curve]}
    assert changing_weights(acl_arc) == {
        "rtm": {"main": [([10, 20], [0.6, 0.7])], "rtm": [([10, 20], [0.4, 0.3])]}
    }
    assert changing_weights(r8) == {}
    assert set(block_figures(acl_arc)) == {"curves", "gains", "weights", "confusion"}
    assert set(block_figures(r8)) == {"curves", "confusion"}


@pytest.mark.ci
def test_a_report_loads_no_torch(runs, tmp_path):
    command = "import runpy, sys; sys.argv = ['report', sys.argv[1], sys.argv[2]]\n"
    command += "runpy.run_module('auxtask.report', run_name='__main__')\n"
    command += "print(sorted({'torch', 'transformers', 'datasets', 'sklearn'} & set(sys.modules)))"
    output = tmp_path / "report"
    done = subprocess.run(
        [sys.executable, "-c", command, str(runs), f"output={output}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert (output / "report.html").exists()
    assert list(output.glob("figures/*.png"))


@pytest.mark.ci
def test_several_processes_draw_what_one_does(runs, tmp_path, monkeypatch):
    for at_least in (1, 100):
        monkeypatch.setattr(writing, "BLOCKS_WORTH_A_PROCESS", at_least)
        monkeypatch.setattr(writing, "usable_cores", lambda: 2)
        write(runs, tmp_path / str(at_least))
    assert files_of(tmp_path / "1") == files_of(tmp_path / "100")
    assert list((tmp_path / "1").glob("figures/*.png"))


def test_the_same_runs_give_the_same_bytes(runs, tmp_path):
    write(runs, tmp_path / "first")
    first = files_of(tmp_path / "first")
    write(runs, tmp_path / "second")
    assert files_of(tmp_path / "second") == first
    kinds = {"figures": {".png", ".pdf"}, "tables": {".csv", ".tex"}}
    for folder, endings in kinds.items():
        assert {path.suffix for path in (tmp_path / "first" / folder).iterdir()} == endings
    assert {name for name in first if "/" not in name} == {"report.md", "report.html"}
    assert {name for name in first if name.startswith("figures/weights")} == {
        "figures/weights_acl_arc_tiny.pdf",
        "figures/weights_acl_arc_tiny.png",
    }
    page = first["report.html"].decode()
    assert not re.search(r'(src|href)="(?!#|data:)', page.replace("xlink:href", "href"))
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    markdown = first["report.md"].decode()
    for name in re.findall(r"\]\((figures/[^)]+)\)", markdown):
        assert name in first


def test_a_data_set_has_its_scores_what_can_be_found_and_its_rankings(tmp_path):
    for seed in (0, 1):
        for method in ("stl", "rtm"):
            make_run(tmp_path, method=method, seed=seed)
    for rate in (0.3, 0.4):
        aux = {"rtm": task("rtm")}
        aux["rtm"]["masking"]["mask_rate"] = rate
        make_run(tmp_path, method="rtm", aux=aux)
    runs = read_runs(tmp_path)
    of_toy, _ = report_sections(
        runs, comparable_blocks(runs.runs), {}, ddof=1, resamples=10, command_line=command_line
    )
    names = [table.name for table in of_toy.tables]
    assert names[:5] == [
        "scores_toy", "detectable_toy", "ranking_toy_tiny_micro_f1", "ranking_toy_tiny_macro_f1",
        "mask_rates_toy_tiny",
    ]  # fmt: skip


EVALUATIONS = [{"step": 0, "loss": 5.0, "accuracy": 0.1}, {"step": 9, "loss": 4.25, "accuracy": 0.225}]


def adapted(folder, seed, encoder):
    path = make_run(folder, dataset="acl_arc", seed=seed)
    metrics = json.loads((path / "metrics.json").read_text())
    record = {"steps": 9, "tokens": 12_345, "passes": 3.0, "copies": 0, "evaluations": EVALUATIONS}
    metrics["adaptation"] = {**record, "encoder": encoder}
    write_json(path / "metrics.json", metrics)


def test_adapted_encoders_are_listed_with_the_runs_that_share_them(tmp_path):
    for seed in (0, 1):
        adapted(tmp_path / "runs", seed, "abc123")
    runs = read_runs(tmp_path / "runs")
    *_, behind = report_sections(
        runs, comparable_blocks(runs.runs), {}, ddof=1, resamples=10, command_line=command_line
    )
    (table,) = (table for table in behind.tables if table.name == "adaptations")
    (row,) = table.rows
    assert [str(cell.value) for cell in row] == [
        "abc123", "acl_arc", "tiny", "2", "12,345", "3.0", "5.000", "4.250", "10.0%", "22.5%",
    ]  # fmt: skip
    assert "fine-tuning alone" in table.notes[0].text


def test_a_command_names_the_adaptation_and_further_texts():
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        options = ["dataset=r8", "aux=rtm", "adaptation=tapt", "aux@adaptation.masking=l3masking"]
        config = compose("train", [*options, "adaptation.max_tokens=9", "unlabelled=files", "unlabelled.path=x"])
        settings = result_settings(OmegaConf.to_container(config, resolve=True))
        command = training_command("r8", "tiny", "rtm", [0], settings)
        further = training_command("r8", "tiny", "rtm", [0], {**settings, "fingerprints.adaptation": "print"})
    assert command == (
        "python -m auxtask.train dataset=r8 model=tiny aux=rtm adaptation=tapt adaptation.masking=l3masking "
        "unlabelled=files unlabelled.path=FILE seed=0 adaptation.max_tokens=9"
    )
    assert "adaptation=dapt adaptation.texts=FILE adaptation.masking=l3masking" in further
