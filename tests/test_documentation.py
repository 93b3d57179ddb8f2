"""Every block of code in README and documentation: checked in the quick tests, executed with `-m ci`."""

import ast
import csv
import doctest
import gzip
import json
import re
import tomllib
from functools import partial

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser

import auxtask
from auxtask import export, predict
from auxtask.__main__ import COMMANDS
from auxtask.cli.checks import check_options
from auxtask.cli.command_line import prepared
from auxtask.cli.overrides import with_names
from auxtask.ground.files import config_folder
from auxtask.report import runs_folder_first
from documentation import FENCE, NAMES, PAGES, ROOT, blocks_of, lines_of, typed
from processes import Command

TEXTS = {
    "good": ["a fine film of the sea", "the story was fine and slow", "we thank the fine actors"],
    "bad": ["a dull film of rates", "the story was dull and long", "a dull draft of a tree"],
    "mixed": ["a film with two brothers", "the words of a reader", "the model learns a dose"],
}
ROWS = [(f"{text} {number}", label) for number in range(5) for label, texts in TEXTS.items() for text in texts]
REAL = ("acl_arc", "ohsumed", "r8")
# Lines that need the network, another machine or program, or hours: their options are checked, they are not run.
NOT_RUN = re.compile(
    r"dataset=hub|hydra/launcher=|\+sweep=tune|baseline=(bertgcn|bertgat)|datasets=|results/runs|"
    r" \| |recipe=minilm|auxtask\.pretrain(?! init)"
)
FIRST_WORDS = {
    "report": runs_folder_first,
    "predict": partial(with_names, names=predict.WITHOUT_NAMES),
    "export": partial(with_names, names=export.WITHOUT_NAMES),
}
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")
RUN_FOLDER = re.compile(r"runs/\S*(?:0123456789ab|RUN_ID)")


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_code_is_python_and_commands_have_the_options_that_are_typed(page):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for block in blocks_of(page):
        if block.language == "python":
            examples = doctest.DocTestParser().get_examples(block.text)
            ast.parse("".join(each.source for each in examples) or block.text)
        for line in lines_of(block) if block.language == "bash" else ():
            for named in re.findall(r"\[([\w,]+)\]", line) if line.startswith("pip install") else ():
                assert {*named.split(",")} <= {*extras}, line
            if command := typed(line):
                assert command.command in COMMANDS, line
                _check(command)


def _check(command):
    """Compose what is typed, of several values each first one, and check it as the command would."""
    if command.command in FIRST_WORDS:
        return
    arguments = [each for each in prepared(command.arguments) if each != "-m"]
    if "--config-dir" in command.arguments:
        return  # files of the reader's own: what they make is run below
    parsed = OverridesParser.create().parse_overrides(arguments)
    chosen = [
        f"{each.get_key_element()}={next(each.sweep_string_iterator())}" if each.is_sweep_override() else text
        for text, each in zip(arguments, parsed, strict=True)
    ]
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        check_options(command.command, compose(command.command, chosen))


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_to_files(page):
    linked = [found for found in LINK.findall(FENCE.sub("", page.read_text())) if "://" not in found]
    assert [each for each in linked if not (page.parent / each).exists()] == []


def test_every_page_is_in_the_contents_and_every_public_name_in_the_reference():
    contents = (ROOT / "mkdocs.yml").read_text()
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in PAGES if path.is_relative_to(ROOT / "docs")]
    assert [page for page in pages if f": {page}\n" not in contents] == []
    reference = (ROOT / "docs/reference/python.md").read_text()
    assert {*auxtask.__all__} == {*re.findall(r"^::: auxtask(?:\.\w+)*\.(\w+)$", reference, re.MULTILINE)} - {
        "FittedRun"
    }


def test_the_readme_is_read_in_one_go():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """A folder with the files that the pages name, and small data sets under the names of real ones."""
    for name, columns in {
        "my": ("text", "label"), "my_test": ("text", "label"), "notes": ("body", "topic"), "new": ("text", "id"),
    }.items():  # fmt: skip
        _write_csv(tmp_path / f"{name}.csv", columns, ROWS)
    _write_csv(
        tmp_path / "reviews.csv",
        ("text", "label", "review", "stars", "body", "author"),
        [(*r, *r, r[0], f"author {r[0][-1]}") for r in ROWS],
    )
    lines = "".join(f"{text}\n" for text, _ in ROWS)
    for name in ("domain.txt", "my.txt", "lines.txt"):
        (tmp_path / name).write_text(lines)
    (tmp_path / "more.jsonl").write_text("".join(json.dumps({"text": f"more {text}"}) + "\n" for text, _ in ROWS))
    for name in REAL:
        (tmp_path / "data" / name).mkdir(parents=True)
        for part, split in enumerate(("train", "valid", "test")):
            rows = [
                {"text": f"{split} {text}", "label": label} for text, label in ROWS[part::3] * (1 if part else 2)
            ]
            with gzip.open(tmp_path / "data" / name / f"{split}.jsonl.gz", "wt") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name, place in places(tmp_path).items():
        monkeypatch.setenv(name, place)
    return tmp_path


def places(folder):
    """Where commands look for data and keep what they compute; a process of `Command` must be told."""
    return {"AUXTASK_DATA": str(folder / "data"), "AUXTASK_CACHE": str(folder / "cache")}


@pytest.mark.ci
@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_code_runs(page, reader):
    names = {"__name__": "page"}
    for block in blocks_of(page):
        if block.title:
            path = reader / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
            if block.language != "python":
                continue
        if block.language == "python" and ">>>" in block.text:
            _run_session(block.text, names, page.name)
        elif block.language == "python":
            exec(compile(_with_runs(block.text, reader), page.name, "exec"), names)
        elif block.language == "bash":
            for line in lines_of(block):
                if (command := typed(line)) and not NOT_RUN.search(line):
                    _run(command, line, reader)


def _run_session(text, names, name):
    """Run what stands behind `>>>`, and compare what it shows."""
    test = doctest.DocTestParser().get_doctest(text, names, name, name, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    said = []
    runner.run(test, out=said.append, clear_globs=False)
    assert not runner.failures, "".join(said)
    names |= test.globs


def _run(command, line, folder):
    """Run a command on little data for two steps; one that wants a finished run gets one."""
    if command.command in FIRST_WORDS and not any((folder / "runs").rglob("metrics.json")):
        training = "python -m auxtask.train aux=stl"
        _run(typed(training), training, folder)
    arguments = [_quick(_with_runs(each, folder)) for each in command.arguments]
    if command.command == "train":
        arguments += ["trainer.max_steps=2", "trainer.disable_tqdm=true"]
        arguments += ["adaptation.max_tokens=200"] * any("adaptation=" in each for each in arguments)
        if any(each.startswith("+sweep=") for each in arguments):
            arguments += ["aux=stl,l3masking", "baseline=none", "seed=0", "model=tiny", "model.max_length=32"]
    if command.command in ("train", "score", "ngrams", "stats"):
        named = next((each.split("=")[1] for each in arguments if each.startswith("dataset=")), None)
        if named is None:
            arguments += ["dataset=files", f"dataset.train={folder / 'my.csv'}"]
        elif named in REAL:
            arguments += ["dataset.counts=null"]
    # What stands without a name is named before the command begins.
    if command.command in FIRST_WORDS:
        arguments = FIRST_WORDS[command.command](arguments)
    process = Command(folder, command.command, *arguments, environment=places(folder))
    assert process.wait() == 0, f"{line}\n{process.error}"


def _with_runs(text, folder):
    """Put a run that is there in the place of the one that a page names."""
    finished = sorted((folder / "runs").rglob("metrics.json"))
    return RUN_FOLDER.sub(str(finished[0].parent), text) if finished else text


def _quick(argument):
    """Put the small encoder in the place of those that are not here."""
    name, _, value = argument.partition("=")
    if (name == "model" and value != "minilm") or (name == "model.name" and value.startswith("/")):
        return "model=tiny"
    return argument


def _write_csv(path, columns, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
