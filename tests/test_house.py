"""The plan of the house, held against the imports of the code: who may import whom, and what stands where."""

import ast
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
COMMANDS = {"train", "score", "ngrams", "stats", "report", "pretrain"}

# What still goes against the plan. This list only ever gets shorter.
BREACHES = {
    ("plot.curves", "evaluation.class_gains"),
    ("plot.curves", "evaluation.groups"),
    ("plot.weights", "evaluation.groups"),
}


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
    if first in COMMANDS:
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
    assert found == BREACHES


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
    for path in SOURCE.rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path.name


def test_a_class_name_stands_for_one_class():
    places = defaultdict(list)
    for name, tree in modules():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(name)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
