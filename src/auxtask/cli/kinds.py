"""Kinds of values: what an option may be, in words for the reader and as a check."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from auxtask.errors import did_you_mean
from auxtask.ground.values import lies_in


class Kind(ABC):
    """What values there are.

    Attributes:
        words: what is allowed, to follow "it is".
        example: one such value, as it is typed.
    """

    words: str
    example: str

    @abstractmethod
    def has_form(self, value: Any) -> bool:
        """Tell whether a value is of the type, in range or not."""

    @abstractmethod
    def admits(self, value: Any) -> bool:
        """Tell whether a value is allowed."""

    def near(self, value: Any) -> str:
        """Name what a misspelt value may mean; mostly nothing."""
        return ""

    def __or__(self, other: "Kind") -> "Kind":
        return Either((self, other))


@dataclass(frozen=True)
class Either(Kind):
    """One kind or another.

    >>> (Choice("auto") | Truth()).words
    'auto, or true or false'
    """

    kinds: tuple[Kind, ...]

    def __or__(self, other: Kind) -> Kind:
        return Either((*self.kinds, other))

    @property
    def words(self) -> str:  # type: ignore[override]
        return ", or ".join(kind.words for kind in self.kinds)

    @property
    def example(self) -> str:  # type: ignore[override]
        return self.kinds[0].example

    def has_form(self, value: Any) -> bool:
        return any(kind.has_form(value) for kind in self.kinds)

    def admits(self, value: Any) -> bool:
        return any(kind.admits(value) for kind in self.kinds)

    def near(self, value: Any) -> str:
        return next((near for kind in self.kinds if (near := kind.near(value))), "")


class Nothing(Kind):
    """No value."""

    words = example = "null"

    def has_form(self, value: Any) -> bool:
        return value is None

    admits = has_form


class Truth(Kind):
    """True or false."""

    words, example = "true or false", "true"

    def has_form(self, value: Any) -> bool:
        return isinstance(value, bool)

    admits = has_form


@dataclass(frozen=True)
class Real(Kind):
    """A number in an interval, which never holds not-a-numbers.

    Args:
        interval: as mathematicians write it, `(0, 1]` from above 0 to 1; `inf)` leaves infinity out.
        example: one of its numbers.

    >>> Real("(0, 1]").admits(0), Real("(0, 1]").admits(1), Real("[0, inf]").words
    (False, True, 'a number from 0')
    """

    interval: str
    example: str = "0.5"
    name = "a number"

    @property
    def words(self) -> str:  # type: ignore[override]
        low, high = self.interval[1:-1].split(", ")
        if low.startswith("-inf"):
            return self.name
        if high != "inf":
            return f"{self.name} in {self.interval}"
        return f"{self.name} {'from' if self.interval[0] == '[' else 'above'} {low}"

    def has_form(self, value: Any) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool)

    def admits(self, value: Any) -> bool:
        return self.has_form(value) and lies_in(value, self.interval)


@dataclass(frozen=True)
class Whole(Real):
    """A whole number in an interval.

    >>> Whole("[1, inf)").words, Whole("[1, inf)").admits(1.5)
    ('a whole number from 1', False)
    """

    example: str = "1"
    name = "a whole number"

    def has_form(self, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)


class Choice(Kind):
    """One of a few words or numbers.

    >>> Choice("train", "valid", "test").words
    'train, valid or test'
    """

    def __init__(self, *choices: str | int) -> None:
        self.choices = choices
        *others, last = map(str, choices)
        self.words = f"{', '.join(others)} or {last}" if others else last
        self.example = str(choices[0])

    def has_form(self, value: Any) -> bool:
        return not isinstance(value, bool) and isinstance(value, type(self.choices[0]))

    def admits(self, value: Any) -> bool:
        return self.has_form(value) and value in self.choices

    def near(self, value: Any) -> str:
        return nearest(value, map(str, self.choices))


@dataclass(frozen=True)
class Text(Kind):
    """Text.

    Args:
        example: of it.
        may_be_empty: whether another check says better what is wrong with no text.
    """

    example: str
    may_be_empty: bool = False
    words = "text"

    def has_form(self, value: Any) -> bool:
        return isinstance(value, str)

    def admits(self, value: Any) -> bool:
        return self.has_form(value) and (self.may_be_empty or value != "")


@dataclass(frozen=True)
class ListOf(Kind):
    """A list of values of one kind.

    Args:
        kind: of each.
        length: of the list; None for one value or more.

    >>> ListOf(Whole("[1, inf)"), 2).words
    'a list of two: a whole number from 1'
    """

    kind: Kind
    length: int | None = None

    @property
    def words(self) -> str:  # type: ignore[override]
        return f"a list of {'one or more' if self.length is None else {2: 'two'}[self.length]}: {self.kind.words}"

    @property
    def example(self) -> str:  # type: ignore[override]
        return f"[{','.join([self.kind.example] * (self.length or 1))}]"

    def has_form(self, value: Any) -> bool:
        return isinstance(value, list) and all(map(self.kind.has_form, value))

    def admits(self, value: Any) -> bool:
        if not isinstance(value, list) or not all(map(self.kind.admits, value)):
            return False
        return len(value) > 0 if self.length is None else len(value) == self.length

    def near(self, value: Any) -> str:
        values = value if isinstance(value, list) else [value]
        return next((near for each in values if not self.kind.admits(each) and (near := self.kind.near(each))), "")


@dataclass(frozen=True)
class Fields(Kind):
    """Values by name: those that are declared below the option, or any where none is."""

    example: str
    words = "values by name"

    def has_form(self, value: Any) -> bool:
        return isinstance(value, dict)

    admits = has_form


@dataclass(frozen=True)
class Component(Kind):
    """What Hydra builds: a class or function with its arguments."""

    example: str = "'{_target_: my_module.MyClass}'"
    words = "a _target_ with its arguments"

    def has_form(self, value: Any) -> bool:
        return isinstance(value, dict) and isinstance(value.get("_target_"), str)

    admits = has_form


@dataclass(frozen=True)
class Chosen(Component):
    """A component that is chosen by name from a config group of its own."""

    words = "an option of the group, or a _target_ with its arguments"


NULL = Nothing()


def nearest(value: Any, names: Iterable[str]) -> str:
    """Name what a text may mean: a name that it begins, else one like it; nothing where there is none.

    >>> nearest("adam", ["adalomo", "adamw_torch"]), nearest(1, ["10"])
    (', did you mean adamw_torch?', '')
    """
    if not isinstance(value, str):
        return ""
    names = list(names)
    begun = [name for name in names if value and name.startswith(value)]
    return did_you_mean(begun[0] if begun else value, names)


def shown(value: Any) -> str:
    """Write a value as messages do.

    Args:
        value: None, a truth value, a number, text, or lists and dicts of them.

    Returns:
        At most 60 characters.

    >>> shown(None), shown(True), shown(["trian", 1.5]), shown({"a": None})
    ('null', 'true', "['trian', 1.5]", '{a: null}')
    """
    match value:
        case None:
            text = "null"
        case bool():
            text = str(value).lower()
        case dict():
            text = f"{{{', '.join(f'{name}: {shown(each)}' for name, each in value.items())}}}"
        case str():
            text = repr(value)
        case Sequence():
            text = f"[{', '.join(map(shown, value))}]"
        case _:
            text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
