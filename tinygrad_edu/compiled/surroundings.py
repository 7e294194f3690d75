"""What Python code reaches beside its arguments: globals and closures that it names, and what is in them.

A function that was taken down is Python no more, so whatever it does to these it would do no more either. And what it found there
was frozen: if it is something else, the function is another one.

    >>> told, factor = [], 2.0
    >>> def scaled(x):
    ...     told.append(x)
    ...     return factor * x
    >>> around = Surroundings(scaled)
    >>> scaled(1.0), around.put_back(), told
    (2.0, ['told'], [])
    >>> settings, factor = around.settings(), 3.0
    >>> settings.are_same()
    False
"""

from __future__ import annotations

import dis
import operator
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from ..graph import Value
from ..layers import Layer
from ..optimizers import Optimizer
from ..random import SeedGenerator
from .errors import NotCompiledError

PLAIN = bool, int, float, str, type(None)
MANY = 1000  # things in a list that is only data
OPAQUE = *PLAIN, type, ModuleType, Value, SeedGenerator, np.generic
CONTAINERS = list, deque, set, tuple, dict
NOTHING = object()  # what a name stands for that is not there yet
OURS = __name__.partition(".")[0]


class Place(NamedTuple):
    """Something that can hold other things.

    Attributes:
        name: by which it is reached.
        holder: a list, set, dict, deque, array, cell, or the attributes of an object as a dict.
        before: what was in it, by key.
        kind: "ours" is an object of the framework or something in it, which may change on the way: layers are built; "names" are
            globals and objects of others, of which only those matter that are asked for; else "".
        owner: of attributes.
    """

    name: str
    holder: Any
    before: Any
    kind: str = ""
    owner: Any = None


class Settings(NamedTuple):
    """What decides what a function does: a getter for what matters in each dict or list, and what it is; and so for cells."""

    parts: list[tuple[Any, Callable, tuple]]
    cells: list[tuple[CellType, Any]]

    def are_same(self) -> bool:
        """Whether they are what they were."""
        try:
            for holder, getter, values in self.parts:  # loops: asked in every call, of everything
                if not all(map(operator.is_, getter(holder), values)):
                    return False
            for cell, value in self.cells:
                if _contents(cell) is not value:
                    return False
        except LookupError:  # a name that is gone
            return False
        return True


class Surroundings:
    """All that a function reaches, as it is now.

    Args:
        function: of somebody's.
        args: that it is called with.
    """

    def __init__(self, function: Any, args: Sequence[Any] = ()):
        self.places: list[Place] = []
        self._met: dict[int, Any] = {}
        self._names = {"__call__", "_trainable"}  # of what is asked for
        self._home = getattr(function, "__module__", None) or ""
        waiting = deque([("", thing, False) for thing in (function, *args)])
        while waiting:
            name, thing, is_ours = waiting.popleft()
            if id(thing) not in self._met and not isinstance(thing, OPAQUE):
                self._met[id(thing)] = thing
                is_ours = _is_ours(thing) or (is_ours and isinstance(thing, (*CONTAINERS, np.ndarray)))
                waiting += [(*found, is_ours) for found in self._look_into(name, thing, "ours" if is_ours else "")]
            if not waiting:
                waiting += self._methods()

    def __enter__(self) -> Surroundings:
        if not all(thing.built for thing in self._met.values() if isinstance(thing, Layer)):
            raise NotCompiledError("there are layers that are built in its first call")
        return self

    def __exit__(self, kind: Any, *error: Any) -> None:
        changed = self.put_back()
        if changed and (kind is None or issubclass(kind, Exception)):
            raise NotCompiledError(f"it changes {changed[0]}, which only Python can do")

    def put_back(self) -> list[str]:
        """Let everything hold what it held. Returns the names of what did not; of our own objects, nothing is said."""
        changed = [place for place in self.places if place.kind != "ours" and not _is_as_before(place)]
        for place in changed:
            _put_back(place)
        return [place.name for place in changed]

    def settings(self) -> Settings:
        """What names and attributes stand for, and numbers, words and truth values in lists and dicts, as they are now."""
        cells = [(place.holder, place.before) for place in self.places if isinstance(place.holder, CellType)]
        parts: list[tuple[Any, Callable, tuple]] = []
        for holder, keys in ((place.holder, self._keys(place)) for place in self.places):
            if keys:
                getter = operator.itemgetter(*keys, keys[0])  # two at least, so that they come as a tuple
                parts.append((holder, getter, getter(holder)))
        return Settings(parts, cells)

    def _keys(self, place: Place) -> list[Any]:
        """What decides, of what a place holds."""
        holder = place.holder
        if isinstance(holder, list):
            return list(range(len(holder))) if len(holder) <= MANY and all(isinstance(x, PLAIN) for x in holder) else []
        if not isinstance(holder, dict):
            return []
        if place.kind == "names":
            asked = place.before if place.owner is None else self._names
            return [key for key in holder if key in asked and key in place.before]
        return [key for key in list(holder)[:MANY] if _is_public(key) and (place.kind or isinstance(holder[key], PLAIN))]

    def _methods(self) -> list[tuple[str, Any, bool]]:
        """Functions of classes, not met so far, that are called on objects by names that are asked for."""
        kinds = {type(place.owner): None for place in self.places if place.kind == "names" and place.owner is not None}
        found = [getattr(kind, name, None) for kind in kinds for name in sorted(self._names)]
        return [("", one, False) for one in found if isinstance(one, FunctionType) and id(one) not in self._met]

    # Going on from a thing to others ---------------------------------------------------------------

    def _look_into(self, name: str, thing: Any, kind: str) -> Iterator[tuple[str, Any]]:
        """Note what a thing holds. Returns that, with its names."""
        if isinstance(thing, FunctionType):
            if (thing.__module__ or "").partition(".")[0] == self._home.partition(".")[0]:
                yield from self._look_into_function(thing)
        elif isinstance(thing, MethodType):
            yield from (("self", thing.__self__), ("", thing.__func__))
        elif isinstance(thing, np.ndarray):
            self.places.append(Place(name, thing, thing.copy(), kind))
        elif isinstance(thing, CONTAINERS):
            yield from self._look_into_container(name, thing, kind)
        elif hasattr(thing, "__dict__") and not isinstance(thing, Optimizer):  # which is asked in every call
            attributes = vars(thing)
            self.places.append(Place(name, attributes, dict(attributes), kind or "names", thing))
            yield from ((f"{name}.{key}" if name else key, value) for key, value in attributes.items() if _is_public(key))
            yield from ((name, layer) for layer in (thing.all_layers if isinstance(thing, Layer) else ()))

    def _look_into_function(self, function: FunctionType) -> Iterator[tuple[str, Any]]:
        named = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
        for name, cell in named.items():
            value = _contents(cell)
            self.places.append(Place(name, cell, value))
            yield name, value
        found = {name: function.__globals__.get(name, NOTHING) for name in _names_in(function.__code__, "GLOBAL")}
        self._names |= _names_in(function.__code__, "ATTR") | _names_in(function.__code__, "METHOD")
        self.places.append(Place("", function.__globals__, found, "names"))
        yield from found.items()
        yield from (("", value) for value in (function.__defaults__ or ()))

    def _look_into_container(self, name: str, thing: Any, kind: str) -> Iterator[tuple[str, Any]]:
        if not isinstance(thing, tuple):
            self.places.append(Place(name, thing, thing.copy(), kind))
        if len(thing) <= MANY:
            values = thing.values() if isinstance(thing, dict) else thing
            yield from ((name, value) for value in list(values))


def _is_ours(thing: Any) -> bool:
    """Whether something is an object of the framework, or of a class that is made from one of it."""
    return not isinstance(thing, CONTAINERS) and any(one.__module__.partition(".")[0] == OURS for one in type(thing).__mro__)


def _is_public(key: Any) -> bool:
    """Whether a key is no name that its owner keeps for itself, but for what freezes a layer."""
    return not str(key).startswith("_") or key == "_trainable"


def _names_in(code: CodeType, what: str) -> set[str]:
    """Names that a function, with those inside of it, looks up or gives: "GLOBAL", or of an "ATTR" or "METHOD"."""
    names, waiting = set[str](), [code]
    while waiting:
        inner = waiting.pop()
        names.update(one.argval for one in dis.get_instructions(inner) if one.opname.partition("_")[2] == what)
        waiting += [constant for constant in inner.co_consts if isinstance(constant, CodeType)]
    return names


def _contents(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return NOTHING


def _is_as_before(place: Place) -> bool:
    holder, before = place.holder, place.before
    if isinstance(holder, CellType):
        return _contents(holder) is before
    if isinstance(holder, np.ndarray):
        return np.array_equal(holder, before, equal_nan=holder.dtype.kind == "f")
    if isinstance(holder, dict):
        return all(holder.get(key, NOTHING) is value for key, value in before.items()) and _has_no_more(holder, before)
    if isinstance(holder, set):
        return holder == before
    return len(holder) == len(before) and all(map(operator.is_, holder, before))


def _has_no_more(holder: dict, before: dict) -> bool:
    """Whether nothing was added; of globals, only some are looked at."""
    return "__builtins__" in holder or len(holder) == len(before)


def _put_back(place: Place) -> None:
    holder, before = place.holder, place.before
    if isinstance(holder, CellType):
        holder.cell_contents = before
        if before is NOTHING:
            del holder.cell_contents
    elif isinstance(holder, np.ndarray):
        holder[...] = before
    elif isinstance(holder, dict):
        for key in list(holder if "__builtins__" not in holder else before):
            if before.get(key, NOTHING) is NOTHING:
                holder.pop(key, None)
        holder.update((key, value) for key, value in before.items() if value is not NOTHING)
    else:
        holder.clear()
        (holder.update if isinstance(holder, set) else holder.extend)(before)
