"""Objects as the settings that a config would have for them, so that a run from Python has a name too."""

import functools
import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from auxtask.errors import AuxtaskError


def describe(value: Any) -> Any:
    """Write a value as settings.

    An object is described by its class and its constructor's arguments; as in scikit-learn, it keeps each of them
    under its name.

    Args:
        value: None, a truth value, a number, text, a path, a list or mapping of values, a function or class that
            can be imported, a `functools.partial` of one, or an object of such a class.

    Returns:
        Plain nested values with `_target_`, as `hydra.utils.instantiate` reads them.

    Raises:
        AuxtaskError: a function has no name to import it by, or an object does not keep an argument.

    >>> from auxtask.phrases.extraction import NgramExtractor
    >>> described = describe(NgramExtractor(num_merges=50))
    >>> described["_target_"], described["num_merges"], described["scope"]
    ('auxtask.phrases.extraction.NgramExtractor', 50, 'per_class')
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Path():
            return str(value)
        case Mapping():
            return {str(name): describe(each) for name, each in value.items()}
        case functools.partial():
            if value.args:
                raise AuxtaskError(
                    f"partial({_import_path(value.func)}, ...) has arguments without names; name each of them"
                )
            return {"_target_": _import_path(value.func), "_partial_": True, **describe(value.keywords)}
        case Sequence() | set() | frozenset():
            return [describe(each) for each in value]
    if inspect.isroutine(value) or inspect.isclass(value):
        return {"_target_": _import_path(value), "_partial_": True}
    return {"_target_": _import_path(type(value)), **_arguments(value)}


def _arguments(value: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for name, parameter in inspect.signature(type(value)).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            continue
        if not hasattr(value, name):
            raise AuxtaskError(
                f"{type(value).__name__} does not keep its argument {name!r} under that name, so that its run "
                f"cannot be told from others; set self.{name} in its constructor"
            )
        described = describe(getattr(value, name))
        arguments |= described if parameter.kind is inspect.Parameter.VAR_KEYWORD else {name: described}
    return arguments


def _import_path(function: Any) -> str:
    path = f"{function.__module__}.{function.__qualname__}"
    if "<" in path:
        raise AuxtaskError(
            f"{path} has no name to import it by, so that its run cannot be told from others; "
            "define it in a module, and give its settings by functools.partial"
        )
    return path
