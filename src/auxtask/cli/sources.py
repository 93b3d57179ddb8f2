"""Modules as they are written: what stands in a source is found without importing anything."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

Definition = ast.ClassDef | ast.FunctionDef


@dataclass(frozen=True)
class Module:
    """The source of a module.

    Args:
        name: dotted.
        tree: its syntax.
        is_package: it is an `__init__.py`.
    """

    name: str
    tree: ast.Module
    is_package: bool

    def statements(self) -> Iterator[ast.stmt]:
        """Yield what stands at its top level, within `if TYPE_CHECKING:` too."""
        for node in self.tree.body:
            yield node
            if isinstance(node, ast.If):
                yield from node.body

    def dotted(self, node: ast.expr | None) -> str:
        """Name what an expression names, by its full path; the empty string for what is no name."""
        match node:
            case ast.Attribute():
                return f"{self.dotted(node.value)}.{node.attr}"
            case ast.Subscript() | ast.Call():
                return self.dotted(node.value if isinstance(node, ast.Subscript) else node.func)
            case ast.Name():
                return self._imported(node.id) or f"{self.name}.{node.id}"
        return ""

    def _imported(self, name: str) -> str:
        for node in self.statements():
            if isinstance(node, ast.ImportFrom | ast.Import):
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        source = self._source(node) if isinstance(node, ast.ImportFrom) else ""
                        return f"{source}.{alias.name}".lstrip(".")
        return ""

    def _source(self, node: ast.ImportFrom) -> str:
        above = self.name.split(".")[: None if self.is_package else -1]
        above = above[: len(above) - node.level + 1] if node.level else []
        return ".".join([*above, *filter(None, [node.module])])

    def definition(self, name: str) -> Definition | None:
        """Find a class or function of the module; of several the last, which is the one that counts."""
        found = [node for node in self.statements() if isinstance(node, Definition) and node.name == name]
        return found[-1] if found else None

    def decorators(self, definition: Definition) -> set[str]:
        """Name what decorates a class or function, without paths."""
        return {self.dotted(each).rpartition(".")[2] for each in definition.decorator_list}


def find(target: str) -> tuple[Module, Definition] | None:
    """Find the source of a class or function, where it is written or imported.

    Args:
        target: its dotted path.

    Returns:
        The module and the definition; None where the source does not tell.
    """
    path, _, name = target.rpartition(".")
    module = read_module(path) if path else None
    if module is None:
        return None
    if definition := module.definition(name):
        return module, definition
    elsewhere = module.dotted(ast.Name(name))
    return None if elsewhere == target else find(elsewhere)


@cache
def read_module(name: str) -> Module | None:
    """Read a module without importing it or the packages it is in; None where there is no source.

    >>> read_module("auxtask.masking").is_package
    True
    """
    first, *others = name.split(".")
    try:
        spec = find_spec(first)
    except (ImportError, ValueError):
        return None
    for at, _ in enumerate(others, 2):
        if spec is None or spec.submodule_search_locations is None:
            return None
        # The lazy packages of transformers hold paths where texts belong.
        folders = list(map(str, spec.submodule_search_locations))
        spec = PathFinder.find_spec(".".join([first, *others][:at]), folders)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    return Module(name, tree, spec.submodule_search_locations is not None)


def enumeration(target: str) -> list[str]:
    """List the values of an enum of texts; none of what is no such enum.

    >>> enumeration("transformers.trainer_utils.SchedulerType")[:2]
    ['linear', 'cosine']
    """
    found = find(target)
    if found is None or not any("Enum" in ast.unparse(base) for base in getattr(found[1], "bases", ())):
        return []
    return [
        node.value.value
        for node in found[1].body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]


@cache
def names_in(module_name: str) -> set[str]:
    """List all names and texts in the source of a module; none where there is no source.

    What is read as `kwargs.get("name")` has no other declaration.
    """
    module = read_module(module_name)
    nodes = [] if module is None else list(ast.walk(module.tree))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
