"""The commands under one name."""

import subprocess
import sys
from pathlib import Path

import pytest

import auxtask.__main__ as entry

SOURCE = Path(entry.__file__).parent


def test_every_command_is_listed_and_stands_at_the_top_level(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["auxtask"])
    entry.main()
    shown = capsys.readouterr().out
    stand = {path.stem for path in SOURCE.glob("*.py")} - {"__init__", "__main__", "errors"}
    assert set(entry.COMMANDS) == stand
    assert all(name in shown for name in stand)


@pytest.mark.parametrize("command", entry.COMMANDS)
def test_a_command_runs_as_its_module_does(command, monkeypatch):
    ran = []
    monkeypatch.setattr(sys, "argv", ["auxtask", command, "seed=1"])
    monkeypatch.setattr(entry.runpy, "run_module", lambda name, run_name: ran.append((name, run_name, *sys.argv)))
    entry.main()
    assert ran == [(f"auxtask.{command}", "__main__", f"auxtask {command}", "seed=1")]


def test_a_command_that_is_none_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["auxtask", "trian"])
    with pytest.raises(SystemExit) as ended:
        entry.main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("error: there is no command 'trian', did you mean train?")
    assert said.count("\n") == 1


def test_the_module_and_the_console_script_are_this():
    done = subprocess.run([sys.executable, "-m", "auxtask", "trian"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    text = (SOURCE.parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    assert 'auxtask = "auxtask.__main__:main"' in text
