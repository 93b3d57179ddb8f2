"""What a class or function takes, read from its source: looking at a signature imports nothing."""

import ast
from dataclasses import dataclass
from functools import cache
from typing import Any

from auxtask.cli.kinds import NULL, Choice, Fields, Kind, Real, Text, Truth, Whole, nearest
from auxtask.cli.sources import Module, enumeration, find


@dataclass(frozen=True)
class Argument:
    """An argument by name.

    Args:
        required: it has no default.
        kind: what its annotation says of its values; None where that is more than a plain kind.
    """

    required: bool
    kind: Kind | None


@dataclass(frozen=True)
class Signature:
    """The arguments of a class or function.

    Args:
        arguments: by name.
        is_open: it takes any others beside them.
    """

    arguments: dict[str, Argument]
    is_open: bool = False

    @property
    def kinds(self) -> dict[str, Kind]:
        """The kinds of the arguments that have one."""
        return {name: argument.kind for name, argument in self.arguments.items() if argument.kind}


@cache
def signature(target: str) -> Signature | None:
    """Read what a target of Hydra's takes.

    Args:
        target: the dotted path of a class or function.

    Returns:
        Its arguments; None where the source does not tell.

    >>> list(signature("auxtask.masking.span.SpanMaskingCollator").arguments)
    ['tokenizer', 'mask_rate', 'seed', 'mask_replace_prob', 'stop_probability', 'longest']
    """
    found = find(target)
    if found is None:
        return None
    module, definition = found
    if isinstance(definition, ast.FunctionDef):
        return _of_function(module, definition)
    return _of_class(module, definition)


# Decorators that leave a function's arguments as they are written.
PLAIN_DECORATORS = {"cache", "lru_cache", "no_grad", "inference_mode", "contextmanager"}


def _of_function(module: Module, function: ast.FunctionDef, is_method: bool = False) -> Signature | None:
    if not module.decorators(function) <= PLAIN_DECORATORS:
        return None
    given = function.args
    positional = [*given.posonlyargs, *given.args][1 if is_method else 0 :]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(given.defaults)) + list(given.defaults)
    pairs = [*zip(positional, defaults, strict=True), *zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    arguments = {name.arg: _argument(module, name.annotation, default) for name, default in pairs}
    return Signature(arguments, given.kwarg is not None)


def _of_class(module: Module, definition: ast.ClassDef) -> Signature | None:
    for node in definition.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            return _of_function(module, node, is_method=True)
    bases = [_of_base(module.dotted(base)) for base in definition.bases]
    # What else may make a constructor: other decorators than dataclass, and metaclasses.
    if definition.keywords or not module.decorators(definition) <= {"dataclass"}:
        return None
    if not definition.decorator_list:
        # A class without a constructor takes what the first of its bases with one takes.
        return next((base for base in bases if base is None or base.arguments or base.is_open), Signature({}))
    arguments: dict[str, Argument] = {}
    for base in reversed(bases):
        arguments |= base.arguments if base else {}
    for node in definition.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and _is_field(module, node):
            arguments[node.target.id] = _argument(module, node.annotation, _default(node.value))
    return Signature(arguments, None in bases)


# Bases without a constructor of their own; torch's takes any arguments and refuses them all.
PLAIN_BASES = {"abc.ABC", "typing.Generic", "typing.Protocol", "torch.nn.Module"}


def _of_base(name: str) -> Signature | None:
    return Signature({}) if name in PLAIN_BASES else signature(name)


def _is_field(module: Module, node: ast.AnnAssign) -> bool:
    keywords = node.value.keywords if isinstance(node.value, ast.Call) else []
    left_out = any(each.arg == "init" and ast.unparse(each.value) == "False" for each in keywords)
    return not left_out and not module.dotted(node.annotation).endswith("ClassVar")


def _default(value: ast.expr | None) -> ast.expr | None:
    """The default of a field of a dataclass; None where it has none."""
    if not isinstance(value, ast.Call) or not ast.unparse(value.func).endswith("field"):
        return value
    return next((each.value for each in value.keywords if each.arg in ("default", "default_factory")), None)


def _argument(module: Module, annotation: ast.expr | None, default: ast.expr | None) -> Argument:
    kind = _kind(module, annotation)
    is_none = isinstance(default, ast.Constant) and default.value is None
    return Argument(default is None, kind | NULL if kind and is_none and not kind.admits(None) else kind)


PLAIN: dict[str, Kind] = {
    "int": Whole("(-inf, inf)"),
    "float": Real("[-inf, inf]"),
    "bool": Truth(),
    "str": Text("text"),
    "dict": Fields("{a: 1}"),
    "None": NULL,
}


def _kind(module: Module, annotation: ast.expr | None) -> Kind | None:
    """The kind of value that an annotation stands for; None for what is more than plain values."""
    match annotation:
        case ast.BinOp(left, ast.BitOr(), right):
            first, second = _kind(module, left), _kind(module, right)
            # `SomeEnum | str` is transformers' way to say: the enum, by its values.
            names = [kind for kind in (first, second) if isinstance(kind, Choice)]
            if names and any(isinstance(kind, Text) for kind in (first, second)):
                return names[0]
            return first | second if first and second else None
        case ast.Subscript(ast.Name("Optional"), inner):
            kind = _kind(module, inner)
            return kind | NULL if kind else None
        case ast.Subscript(ast.Name("Literal"), inner):
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return _choice([part.value for part in parts if isinstance(part, ast.Constant)])
        case ast.Subscript(ast.Name("dict"), _):
            return PLAIN["dict"]
        case ast.Constant(str(text)):
            return _kind(module, ast.parse(text, mode="eval").body)
        case ast.Constant(None):
            return NULL
        case ast.Name(name) if name in PLAIN:
            return PLAIN[name]
        case ast.Name():
            return _choice(enumeration(module.dotted(annotation)))
    return None


def _choice(values: list[Any]) -> Kind | None:
    return Choice(*values) if values and all(type(value) is str for value in values) else None


class Enumerated(Kind):
    """A value of an enum of texts, which is read when it is asked for.

    Args:
        target: the dotted path of the enum.

    >>> Enumerated("transformers.trainer_utils.SchedulerType").near("cosin")
    ', did you mean cosine?'
    """

    def __init__(self, target: str) -> None:
        self.target = target
        package, *_, name = target.split(".")
        self.words = f"a name of {package}' {name}"

    @property
    def example(self) -> str:  # type: ignore[override]
        return enumeration(self.target)[0]

    def has_form(self, value: Any) -> bool:
        return isinstance(value, str)

    def admits(self, value: Any) -> bool:
        return value in enumeration(self.target)

    def near(self, value: Any) -> str:
        return nearest(value, enumeration(self.target))
