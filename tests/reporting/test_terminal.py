"""What a command says at its end, whatever a data set, a word or a folder is called."""

import io
from unicodedata import category

import pytest
from rich.console import Console

from auxtask.cli.command import run_command
from auxtask.errors import AuxtaskError
from auxtask.ground.escaping import visible
from auxtask.likelihood.surprise import SurprisingWord, words_table
from auxtask.reporting.summary import print_summary, summary_table
from auxtask.tables.terminal import to_terminal
from folders import make_run

NAMES = ["[/x]", "[bold]x", ":smile:", "\x1b[31mred\u202e", "a\nb\r\tc\x07", "\u200b"]


def hidden(text):
    return {each for each in text if category(each) in ("Cc", "Cf", "Zl", "Zp")} - {"\n"}


@pytest.mark.parametrize("name", NAMES)
def test_the_summary_of_a_run_shows_names_as_they_are(tmp_path, capsys, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "1000")
    run = make_run(tmp_path / name.replace("/", "|"))
    print_summary(run, title=f"{name} · tiny", yardsticks={name: {"micro_f1": 0.9, "macro_f1": 0.8}}, note=name)
    printed = capsys.readouterr().out
    assert not hidden(printed)
    assert f"{visible(name)} · tiny" in printed
    assert f"{visible(name)}, test" in printed
    assert printed.splitlines()[-1] == visible(f"run: {run}")


def test_the_summary_marks_scores_below_a_yardstick_and_names_the_test_without_copies():
    metrics = {
        "test": {"micro_f1": 0.75, "macro_f1": 0.5},
        "valid": {"micro_f1": 0.875, "macro_f1": 0.625},
        "test_without_copies": {"micro_f1": 0.7, "macro_f1": 0.4},
    }
    better_by_one = {"tfidf_svm": {"micro_f1": 0.75, "macro_f1": 0.6}}
    table = summary_table(metrics, "toy", better_by_one)
    assert [[str(cell) for cell in row] for row in table.rows] == [
        ["this run, test", "0.7500", "0.5000"],
        ["this run, test without copies", "0.7000", "0.4000"],
        ["this run, validation", "0.8750", "0.6250"],
        ["tfidf svm, test", "0.7500", "0.6000"],
    ]
    assert [cell.marks for row in table.rows for cell in row if cell.marks] == [("*",)]
    assert table.rows[0][2].marks
    without = summary_table({**metrics, "test_without_copies": metrics["test"]}, "toy", {})
    assert [row[0].value for row in without.rows] == ["this run, test", "this run, validation"]
    assert not without.notes


@pytest.mark.parametrize("name", NAMES)
def test_the_most_surprising_words_are_shown_as_they_are(name):
    table = words_table([SurprisingWord(f"{name}w", 3, 9.5)], name)
    console = Console(file=io.StringIO(), width=1000)
    console.print(to_terminal(table))
    printed = console.file.getvalue()
    assert not hidden(printed)
    assert visible(name) in printed.splitlines()[0]
    assert f"{visible(name)}w" in printed


def test_an_error_is_one_line_without_escapes(monkeypatch, capsys):
    def fails(_):
        raise AuxtaskError("no class '\x1b[31m\u202ered'")

    monkeypatch.setattr("sys.argv", ["report"])
    with pytest.raises(SystemExit):
        run_command("report", fails)
    said = capsys.readouterr().err
    assert said.splitlines()[-1] == r"error: no class '\x1b[31m\u202ered'"
