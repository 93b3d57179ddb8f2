"""The plan of the house, held against the imports of the code: who may import whom, and what stands where."""

import ast
import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "auxtask"

# A room imports from the lines below its own alone, never from a neighbour on its line.
LINES = [
    ["commands"],
    ["cli"],
    ["experiment"],
    ["pretraining"],
    ["training", "reporting"],
    ["tasks", "baselines", "evaluation", "plot"],
    ["likelihood", "masking", "runs"],
    ["phrases", "model"],
    ["data", "tables"],
    ["ground"],
]
COMMANDS = {"train", "score", "ngrams", "stats", "report", "pretrain", "predict", "export"}


def modules():
    """Every module of the package: its dotted name below `auxtask`, and its syntax tree."""
    for path in sorted(SOURCE.rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        yield name.removesuffix(".__init__"), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree):
    """The modules of ours that a module imports, also within functions, but for type checking."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "auxtask" and node.level == 0:
            for alias in node.names:
                full = f"{node.module}.{alias.name}".removeprefix("auxtask").lstrip(".")
                is_module = (SOURCE / Path(*full.split("."))).with_suffix(".py").exists()
                yield full if is_module else node.module.removeprefix("auxtask").lstrip(".")
        elif isinstance(node, ast.Import):
            yield from (
                alias.name.removeprefix("auxtask.") for alias in node.names if alias.name.startswith("auxtask.")
            )


def room(module):
    first = module.split(".")[0]
    if first in COMMANDS | {"__main__"}:
        return "commands"
    # `errors` is the one module at the top level that every room knows.
    return "ground" if first == "errors" else first


@pytest.fixture(scope="module")
def graph():
    return {name: set(imported(tree)) - {"", name} for name, tree in modules() if name != "__init__"}


def test_rooms_import_from_the_lines_below_them_alone(graph):
    rank = {name: at for at, line in enumerate(LINES) for name in line}
    found = {
        (importer, target)
        for importer, targets in graph.items()
        for target in targets
        if room(importer) != room(target) and rank[room(importer)] >= rank[room(target)]
    }
    assert found == set()


def test_no_module_imports_itself_in_a_circle(graph):
    state = defaultdict(int)

    def visit(module, path):
        assert state[module] != 1, f"a circle: {' -> '.join([*path, module])}"
        if state[module] == 0:
            state[module] = 1
            for target in sorted(graph.get(module, ())):
                visit(target, [*path, module])
            state[module] = 2

    for module in graph:
        visit(module, [])


def test_hydra_is_known_to_the_commands_and_the_cli_alone():
    for name, tree in modules():
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        if any(each.split(".")[0] == "hydra" for each in names):
            assert room(name) in ("commands", "cli"), name


def test_no_file_is_longer_than_a_person_reads_at_once():
    root = Path(__file__).parents[1]
    for path in (each for folder in ("src", "tests", "scripts") for each in (root / folder).rglob("*.py")):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path.name


def test_a_class_name_stands_for_one_class():
    places = defaultdict(list)
    for name, tree in modules():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(name)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_at_the_top_level_stand_the_commands_alone():
    stand = {path.stem for path in SOURCE.glob("*.py")}
    assert stand == COMMANDS | {"__init__", "__main__", "errors"}


def test_nothing_is_typed_away():
    for path in SOURCE.rglob("*.py"):
        assert not re.search(r": Any = (self|trainer)\.", path.read_text(encoding="utf-8")), path.name


def test_one_word_stands_for_one_thing():
    bound = [
        name
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and any(getattr(one, "id", "") == "METRICS" for one in node.targets)
    ]
    assert bound == ["runs.metrics"]


def test_how_a_config_names_its_classes_is_known_to_cli_and_runs_alone():
    knowing = {
        room(name)
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "_target_" in node.value
        if not is_docstring(node, tree) and "=" not in node.value  # a command in a message is none of it
    }
    assert knowing <= {"cli", "runs"}


def is_docstring(constant, tree):
    return any(
        isinstance(node, ast.Expr) and node.value is constant
        for parent in ast.walk(tree)
        if isinstance(getattr(parent, "body", None), list)
        for node in parent.body
    )


def test_the_main_line_reads_in_one_sitting():
    tree = dict(modules())["experiment.experiment"]
    [main_line] = [node for node in tree.body if getattr(node, "name", "") == "run_experiment"]
    assert main_line.end_lineno - main_line.lineno + 1 <= 25
    assert len(main_line.args.args) == 2
    ours = {
        node.module for node in tree.body if isinstance(node, ast.ImportFrom) if node.module.startswith("auxtask")
    }
    assert len(ours) <= 12
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
    assert "partial" not in ast.dump(tree)


# Says which modules of ours are loaded, and whether torch is, where training begins or else at the end of the run.
LOADED = """
import json, sys
if sys.argv.pop(1) == "at the first step":
    from transformers import Trainer
    def stop(*arguments, **named):
        raise KeyboardInterrupt
    Trainer.training_step = stop
from auxtask.cli.command import run_command
from auxtask.train import train
try:
    run_command("train", train)
finally:
    ours = [name for name, module in sys.modules.items() if not hasattr(module, "__path__")]
    ours = [name.removeprefix("auxtask.") for name in ours if name.startswith("auxtask.")]
    print("loaded", json.dumps([ours, "torch" in sys.modules]))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """What a default run has loaded before its first step, and what a finished one has at its end."""
    folder = tmp_path_factory.mktemp("loaded")
    rows = [f"the {word} number {number},{word}\n" for word in "ab" for number in range(20)]
    (folder / "data.csv").write_text("text,label\n" + "".join(rows))
    options = [
        "dataset=files", f"dataset.train={folder / 'data.csv'}", "model.max_length=8", "trainer.max_steps=1",
        "trainer.eval_strategy=steps", "trainer.eval_steps=1", f"paths.runs={folder / 'runs'}",
        f"paths.cache={folder / 'cache'}",
    ]  # fmt: skip

    def modules_of(when):
        line = [sys.executable, "-c", LOADED, when, *options]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        [said] = [line for line in done.stdout.splitlines() if line.startswith("loaded ")]
        return json.loads(said.removeprefix("loaded "))

    first, _ = modules_of("at the first step")
    modules_of("at the end")
    return set(first), modules_of("at the end")


@pytest.mark.ci
def test_a_run_loads_what_it_names_and_little_else(loaded):
    first, (finished, torch_is_loaded) = loaded
    # A few more than there are now; whoever adds a module to every run has to say so here.
    # Nine of either are the options with their check, which every command needs at its door; one of the first
    # counts the rows that scores cost, which every run with a masking task tells. Three of either know how
    # documents are drawn, whole groups among them, which any data set may be asked for.
    assert len(first) <= 100
    assert len(finished) <= 48
    assert not torch_is_loaded
    named = {"masking.likelihood", "training.weighting.static", "training.losses.cross_entropy"}
    idle = ("masking.", "training.weighting.", "training.losses.", "phrases.", "plot.", "tables.", "evaluation.")
    shared = {
        "masking.collator",
        "masking.corruption",
        "masking.mean_adjust",
        "masking.pace",
        "training.weighting.base",
    }
    assert {name for name in first if name.startswith(idle)} <= named | shared
    assert not {name for name in first if name.startswith("baselines.")} - {"baselines.yardsticks"}


def test_contributing_has_the_picture_that_the_imports_are_held_against():
    text = (SOURCE.parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    picture = re.search(r"\n```\n(commands .*?)```", text, re.DOTALL)[1].splitlines()
    for line, drawn in zip(LINES, picture, strict=True):
        words = re.findall(r"[a-z]+", drawn)
        assert words[0] == line[0]
        assert set(line) <= set(words), drawn


def test_results_are_one_archive_beside_tables_people_read():
    folder = SOURCE.parents[1] / "results"
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    assert len(files) <= 12
    assert {"README.md", "runs.tar.xz"} <= set(files)
    assert not [name for name in files if re.search(r"[0-9a-f]{12}", name)]


def test_every_file_that_names_the_version_names_the_same():
    root = SOURCE.parents[1]
    written = {
        "pyproject.toml": r'^version = "(.+)"$',
        "src/auxtask/__init__.py": r'^__version__ = "(.+)"$',
        "CITATION.cff": r"^version: (.+)$",
    }
    found = {
        name: re.findall(pattern, (root / name).read_text(), re.MULTILINE) for name, pattern in written.items()
    }
    assert len({tuple(versions) for versions in found.values()}) == 1, found
