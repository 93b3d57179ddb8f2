"""What a command says at its end, whatever a data set, a word or a folder is called."""

import io
from types import SimpleNamespace
from unicodedata import category

import pytest
from folders import make_run
from rich.console import Console

from auxtask import score
from auxtask.cli.command import run_command
from auxtask.errors import AuxtaskError
from auxtask.ground.escaping import visible
from auxtask.reporting.summary import print_summary

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


@pytest.mark.parametrize("name", NAMES)
def test_the_most_surprising_words_are_shown_as_they_are(monkeypatch, name):
    word = SimpleNamespace(word=f"{name}w", count=3, surprisal=9.5)
    monkeypatch.setattr(score, "surprising_words", lambda *_, **__: [word])
    console = Console(file=io.StringIO(), width=1000)
    console.print(score.words_table(None, None, 1, name))
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
