"""Finding things by name, writing them down as data, and making them again.

A family (initializers, losses, layers, ...) has one `Registry`. Its members are `Configurable`: the arguments of their
constructors are their attributes, so that `get_config` and `from_config` need not be written.

    >>> class Scaled(Configurable):
    ...     def __init__(self, factor=1.0, power=2):
    ...         self.factor, self.power = factor, power
    >>> serialize(Scaled(0.5))
    {'class_name': 'Scaled', 'config': {'factor': 0.5, 'power': 2}}
    >>> Scaled.from_config({"factor": 0.5, "power": 2})
    Scaled(factor=0.5, power=2)

A family's module offers `get`, `serialize` and `deserialize`, the methods of its registry under those names.

Classes and functions that are not ours are found by name too, if they are offered under `custom_object_scope`, or for
good by `register_keras_serializable`. A name of ours always means ours, and nothing is ever imported by name.
"""

from __future__ import annotations

import contextlib
import difflib
import inspect
from collections import ChainMap
from collections.abc import Callable, Iterator, MutableMapping
from contextvars import ContextVar
from typing import Any

import numpy as np

from .config import snake_case

_registered: dict[str, Any] = {}
_offered: ContextVar[dict[str, Any]] = ContextVar("custom objects")


class UnknownNameError(ValueError):
    """A config names what is neither ours nor offered.

    Attributes:
        name: the name.
    """

    def __init__(self, message: str, name: str = ""):
        super().__init__(message)
        self.name = name


class Configurable:
    """Something that its constructor's arguments describe; each is kept in an attribute of the same name."""

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data: numbers, strings, lists and dicts."""
        return self._arguments(are_all=type(self).get_config is Configurable.get_config)

    def _arguments(self, are_all: bool, but: tuple[str, ...] = ()) -> dict[str, Any]:
        """The constructor's arguments; unless they are all that there is, a subclass may know better about missing ones."""
        names = [name for name in parameters_of(type(self)) if name not in but]
        missing = [name for name in names if not hasattr(self, name)]
        if missing and are_all:
            raise NotImplementedError(
                f"{type(self).__name__} expects an attribute for each argument of its constructor, got none for {missing}. "
                f"Write self.{missing[0]} = {missing[0]} in __init__, or a get_config of its own."
            )
        return {name: serialize(getattr(self, name)) for name in names if name not in missing}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A new object like the one whose `get_config` gave `config`."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.get_config().items())})"


class Registry:
    """What a family offers, by name.

    Args:
        kind: what a member is called in messages, "loss".
        callables: whether any callable will do as a member.
        adopt: function from what was found or given to the member it becomes, for families that wrap what is not theirs.
        none: function that makes the member that None stands for. Without it None is an error.
    """

    def __init__(
        self,
        kind: str,
        *,
        callables: bool = True,
        adopt: Callable[[Any], Any] = lambda member: member,
        none: Callable[[], Any] | None = None,
    ):
        self.kind, self.callables = kind, callables
        self._adopt, self._none = adopt, none
        self._makers: dict[str, Callable[[], Any]] = {}
        self._names: dict[str, str] = {}  # the first name of what each name stands for

    def add(self, maker: Callable[[], Any], *names: str) -> None:
        """Offer what `maker()` makes under `names`; capitals do not matter."""
        for name in names:
            self._makers[name.lower()] = maker
            self._names[name.lower()] = names[0]

    def add_class(self, cls: type, *names: str) -> type:
        """Class decorator: offer a class under its own name, its snake_case form, and others."""
        self.add(cls, snake_case(cls.__name__), cls.__name__, *names)
        return cls

    def add_function(self, function: Callable, *names: str) -> Callable:
        """Decorator: offer a function, which is itself the member, under its own name and others."""
        self.add(lambda: function, function.__name__, *names)
        return function

    def __contains__(self, name: str) -> bool:
        """Whether a member of ours has that name."""
        return name.lower() in self._makers

    def __iter__(self) -> Iterator[str]:
        """The names of the members, each by its first one."""
        return iter(dict.fromkeys(self._names.values()))

    def hides(self, member: Any) -> bool:
        """Whether the name of a class that is not ours means another one, which is ours."""
        return self._makers.get(_name_of(member).lower(), member) is not member

    def get(self, identifier: Any) -> Any:
        """The member that a name, a class, a config (`{"class_name": ..., "config": ...}`) or a member stands for.

        Raises:
            ValueError: for a name that nobody knows; it lists the near ones.
            TypeError: for what is none of these.
        """
        if identifier is None and self._none:
            return self._none()
        return self._adopt(self._found(identifier))

    def serialize(self, member: Any) -> Any:
        """`member` as plain data: its name, or its class and what its constructor was given.

        Raises:
            TypeError: for what has neither, such as a lambda.
        """
        return serialize(member)

    def deserialize(self, config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
        """The member that `serialize` wrote down as `config`.

        Args:
            config: a name or a dict, as `get` takes it.
            custom_objects: classes and functions of your own, by the names that stand for them in `config`.

        Raises:
            ValueError: for a name that nobody knows; it lists the near ones.
        """
        with custom_object_scope(custom_objects):
            return self.get(config)

    def _found(self, identifier: Any) -> Any:
        if isinstance(identifier, str):
            return self._maker(identifier)()
        if isinstance(identifier, type):
            return identifier()
        if isinstance(identifier, dict) and "class_name" in identifier:
            return self._from_config(identifier["class_name"], identifier.get("config", {}))
        if self.callables and callable(identifier):
            return identifier
        raise TypeError(f"The {self.kind} expects a name or an object, got {identifier!r} ({type(identifier).__name__}).")

    def _from_config(self, name: str, config: Any) -> Any:
        if isinstance(config, str):  # how Keras 3 writes a function down
            return self._maker(config)()
        maker = self._maker(name)
        return maker.from_config(config) if hasattr(maker, "from_config") else maker(**config)

    def _maker(self, name: str) -> Any:
        """What makes the member of a name: a class, or a function without arguments."""
        custom = get_custom_objects().get(name)
        if name.lower() in self._makers:
            return self._makers[name.lower()]
        if custom is None:
            raise UnknownNameError(self._unknown(name), name)
        return custom if isinstance(custom, type) else lambda: custom

    def _unknown(self, name: str) -> str:
        near = dict.fromkeys(self._names[close] for close in difflib.get_close_matches(name.lower(), self._makers, n=3))
        known = sorted(set(self._names.values()))
        hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else f"Choose one of {', '.join(known)}."
        return f"The {self.kind} expects a known name, got {name!r}. {hint}"


def serialize(x: Any) -> Any:
    """`x` as plain data, from which the `get` of its family makes it again.

    Raises:
        TypeError: for what has neither a config nor a name.
    """
    if x is None or isinstance(x, (bool, str)):
        return x
    if isinstance(x, (int, float)):
        return x + 0  # of a plain type
    if isinstance(x, (np.generic, np.ndarray)):
        return x.tolist()
    if isinstance(x, dict):
        return {key: serialize(value) for key, value in x.items()}
    if isinstance(x, (list, tuple)):
        return [serialize(value) for value in x]
    if isinstance(x, type):  # `get` makes an object of it
        return {"class_name": _name_of(x), "config": {}}
    if hasattr(x, "get_config"):
        return {"class_name": _name_of(type(x)), "config": x.get_config()}
    name = _name_of(x)
    if name == "<lambda>":
        raise TypeError(f"serialize expects something that has a name or a get_config, got {x!r}. Define it with def.")
    return name


def _name_of(thing: Any) -> str:
    """The name under which configs will find a class or a function again."""
    offered = (name for name, custom in get_custom_objects().items() if custom is thing)
    return next(offered, getattr(thing, "__name__", "<lambda>"))


def parameters_of(cls: type) -> list[str]:
    """Names of what the constructors of `cls` and of its bases take, as far as **kwargs hands them up."""
    names: dict[str, None] = {}
    for base in cls.__mro__:
        if "__init__" not in vars(base):
            continue
        parameters = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
        names |= dict.fromkeys(p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return list(names)


# What is not ours --------------------------------------------------------------------------------


@contextlib.contextmanager
def custom_object_scope(*custom_objects: dict[str, Any] | None) -> Iterator[None]:
    """Let names in configs stand for classes and functions of your own, inside the block."""
    given = {name: thing for some in custom_objects for name, thing in (some or {}).items()}
    token = _offered.set({**_offered.get({}), **given})
    try:
        yield
    finally:
        _offered.reset(token)


def get_custom_objects() -> MutableMapping[str, Any]:
    """All classes and functions of the user's that names in configs may stand for.

    What is written to it is known from then on, in a `custom_object_scope` until its end.
    """
    offered = _offered.get(None)
    return _registered if offered is None else ChainMap(offered, _registered)


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable:
    """Class or function decorator: names in configs may stand for it from now on, as `name` and as `package>name`."""

    def register(thing: Any) -> Any:
        own = name or thing.__name__
        _registered[own] = _registered[f"{package}>{own}"] = thing
        return thing

    return register
