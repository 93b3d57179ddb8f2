"""The command line: names of files need no quoting, and a misspelt word is answered with what is meant."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from auxtask.cli.command import run_command
from auxtask.cli.command_line import prepared, quoted
from auxtask.cli.overrides import override_value
from auxtask.cli.sweep import sweep_jobs
from auxtask.ground.files import config_folder
from auxtask.report import runs_folder_first
from auxtask.stats import stats

# A field of each command that names a file or a folder, and what makes it one of the command.
FIELDS = [
    ("train", ["dataset=files"], "dataset.train"),
    ("train", [], "model.name"),
    ("train", [], "paths.runs"),
    ("score", [], "histogram"),
    ("score", ["dataset=files"], "dataset.test"),
    ("stats", ["dataset=files"], "dataset.valid"),
    ("ngrams", [], "output"),
    ("report", [], "paths.runs"),
    ("pretrain", ["data.valid=x"], "data.train"),
]
names = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="/"), min_size=1, max_size=40)
HARD = [
    "a[b].csv", "a=b.csv", "a,b.csv", "a b.csv", " a.csv", "100%.csv", "データ 表.csv", "it's \"it\".csv",
    "[a,b]", "{a: b}", "a\\", "a\\'", '\\"', "$HOME", "(a)", "a:b", "#a", "!a", "~a", "@a", "a;b", "choice(a)",
    "range(1,3)", "*", "- a", "a\\,b",
]  # fmt: skip


def is_number_or_word(name):
    """What is no text on a command line: as a name of a file it is written with its folder."""
    try:
        with initialize_config_dir(str(config_folder()), version_base="1.3"):
            return not isinstance(compose("stats", [f"+field={name}"]).field, str)
    except HydraException:
        return False


def composed(command, overrides, field):
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        return OmegaConf.select(compose(command, overrides), field)


def with_file(name, check, kind="file"):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (Path(folder) / name).write_text("") if kind == "file" else (Path(folder) / name).mkdir()
        return check()


def check_that_it_is_named_as_it_is(name, field, kind):
    assume(name not in {".", ".."} and len(name.encode()) <= 255)
    command, choices, key = field
    if "${" in name or name == "???":
        with pytest.raises(HydraException, match="rename it"):
            with_file(name, lambda: prepared([f"{key}={name}"]), kind)
        return
    assume(not is_number_or_word(name))
    [argument] = with_file(name, lambda: prepared([f"{key}={name}"]), kind)
    assert composed(command, [*choices, argument], key) == name


existing_files = given(names, st.sampled_from(FIELDS), st.sampled_from(["file", "folder"]))


@settings(deadline=None, max_examples=25)
@existing_files
def test_an_existing_file_is_named_as_it_is(name, field, kind):
    check_that_it_is_named_as_it_is(name, field, kind)


@pytest.mark.ci
@settings(deadline=None)
@existing_files
def test_many_existing_files_are_named_as_they_are(name, field, kind):
    check_that_it_is_named_as_it_is(name, field, kind)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        # Every name and every field; all pairs of them take half a minute.
        pytest.param(name, field, marks=[pytest.mark.ci] * (number != at % len(FIELDS)))
        for at, name in enumerate(HARD)
        for number, field in enumerate(FIELDS)
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value[0]} {value[2]}",
)
def test_names_that_hydra_would_read_otherwise(name, field):
    command, choices, key = field
    [argument] = with_file(name, lambda: prepared([f"{key}={name}"]))
    assert composed(command, [*choices, argument], key) == name


@pytest.mark.parametrize("name", HARD)
def test_in_a_sweep_such_a_file_is_one_choice(name):
    arguments = with_file(name, lambda: prepared(["-m", f"dataset.train={name}", "dataset=files", "seed=0,1"]))
    assert arguments[0] == "-m"
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        jobs = sweep_jobs(arguments[1:], GlobalHydra.instance().config_loader())
        assert [compose("train", job).dataset.train for job in jobs] == [name, name]


@pytest.mark.parametrize("name", HARD)
def test_a_path_elsewhere_and_in_the_users_folder_is_found_too(name, tmp_path, monkeypatch):
    (tmp_path / name).write_text("")
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in (f"{tmp_path}/{name}", f"~/{name}"):
        [argument] = prepared([f"dataset.train={value}"])
        assert composed("train", ["dataset=files", argument], "dataset.train") == f"{tmp_path}/{name}"


@pytest.mark.parametrize(
    "argument",
    [
        "seed=0",
        "dataset=r8",
        "force=true",
        "data=null",
        "aux=[rtm,stl]",
        "aux=stl,rtm",
        "output=",
        "~adapter",
        "-m",
    ],
)
def test_what_hydra_reads_as_meant_stays_as_it_is(argument, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("0", "r8", "true", "null", "stl"):
        (tmp_path / name).write_text("")
    assert prepared([argument]) == [argument]


@pytest.mark.parametrize("name", [name for name in HARD if name not in {"[a,b]", "{a: b}", "a b.csv"}])
def test_what_does_not_parse_is_given_back_in_a_form_to_paste(name):
    """A file that does not exist yet: where its name does not parse, the shell makes the quoted form one word."""
    argument = f"output={name}"
    try:
        read = prepared([argument])
    except HydraException as error:
        words = str(error).split("quote its value: ")[1]
        done = subprocess.run(["sh", "-c", f"printf %s {words}"], capture_output=True, text=True, check=True)
        read = prepared([done.stdout])
        assert composed("ngrams", read, "output") == name
    else:
        assert read == [argument]


@settings(deadline=None, max_examples=50)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=30))
@example("\\")
@example('a\\"b')
def test_a_value_written_for_hydra_is_read_back(text):
    assume("${" not in text and text != "???")
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        config = compose(None, [f"+a={quoted(text)}", f"+b={override_value([text, {'k': text}])}"])
    assert (config.a, config.b[0], config.b[1].k) == (text, text, text)


def test_a_runs_folder_may_have_an_equal_sign_in_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lr=1").mkdir()
    [argument] = runs_folder_first(["lr=1"])
    assert composed("report", prepared([argument]), "paths.runs") == "lr=1"


@pytest.fixture
def error_of(monkeypatch, capsys, tmp_path):
    """Run a command line of `auxtask.stats` that fails; give its exit code and its one line."""

    def start(*arguments, name="stats"):
        GlobalHydra.instance().clear()
        monkeypatch.setattr(sys, "argv", ["stats.py", f"paths.cache={tmp_path}", *arguments])
        with pytest.raises(SystemExit) as stop:
            run_command(name, stats)
        GlobalHydra.instance().clear()
        error = capsys.readouterr().err
        assert error.startswith("error: ")
        assert error.count("\n") == 1
        return stop.value.code, error

    return start


@pytest.mark.parametrize(
    ("argument", "meant"),
    [
        ("dataset=ohsume", "dataset=ohsumed"),
        ("model=robertabase", "model=roberta-base"),
        ("aux=l3mask", "aux=l3masking"),
        ("aux=[rtm,l3mask]", "aux=l3masking"),
        ("baseline=tfidfsvm", "baseline=tfidf_svm"),
        ("+sweep=smal", "sweep=small"),
        ("hydra/launcher=joblb", "hydra/launcher=joblib"),
        ("datset=r8", "dataset"),
        ("trainer.lerning_rate=1", "trainer.learning_rate"),
        ("aux.l3masking.masking.maskrate=0.2", "aux.l3masking.masking.mask_rate"),
        ("model.nme=tiny", "model.name"),
        ("sed=1", "seed"),
        ("~weightings", "weighting"),
        ("--multrun", "--multirun"),
    ],
)
def test_a_misspelt_word_is_answered_with_what_is_meant(error_of, argument, meant):
    code, error = error_of(argument, name="train")
    assert code == 2
    assert f", did you mean {meant}?" in error


def test_the_fields_of_a_chosen_option_are_known(error_of):
    assert ", did you mean dataset.text_column?" in error_of("dataset=files", "dataset.text_colum=x")[1]


def test_what_is_like_nothing_is_not_guessed_at(error_of):
    code, error = error_of("qqqqqq=1")
    assert code == 2
    assert "did you mean" not in error


@pytest.mark.parametrize("argument", ["data set=1", "no name", "a[b].csv"])
def test_what_is_no_setting_says_what_one_looks_like(error_of, argument):
    code, error = error_of(argument)
    assert code == 2
    assert error == f"error: '{argument}' does not parse; settings are NAME=VALUE, as seed=1\n"


@pytest.mark.parametrize("name", ["a[b] = c,d 100%.jsonl", "データ (1).jsonl", "it's.jsonl"])
def test_a_command_reads_such_a_file(monkeypatch, capsys, tmp_path, name):
    rows = [{"text": f"the {word} number {n}", "label": word} for word in ("sea", "land") for n in range(20)]
    (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.chdir(tmp_path)
    GlobalHydra.instance().clear()
    monkeypatch.setattr(
        sys, "argv", ["stats.py", f"paths.cache={tmp_path}", "dataset=files", f"dataset.train={name}"]
    )
    run_command("stats", stats)
    GlobalHydra.instance().clear()
    assert "sea" not in capsys.readouterr().err
