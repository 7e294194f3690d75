"""What a step reads beside weights and data: settings of layers, losses, the optimizer; and whether all its code is ours.

A step that was taken down once is the same step as long as these are. What code of somebody else reads nobody can know.
"""

from __future__ import annotations

from itertools import chain
from operator import is_
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..callbacks.callback import HOOKS
from ..graph import Value
from ..layers import Layer
from ..random import SeedGenerator

_PLAIN = (bool, int, float, str, bytes, type(None), np.generic)
_OPAQUE = (Value, Layer, SeedGenerator, np.ndarray, type)  # told apart by what they are, not by what is in them
_WHOLE = _PLAIN + _OPAQUE
_DEPTH = 3  # of what is in lists, dicts and objects among attributes
_UNCOMPILED = SimpleNamespace()  # stands for the optimizer of a model that has none
_OURS = __name__.partition(".")[0]


class Kept:
    """The machine of a model's last `fit`, for the next one; copies of the model, and files, have none."""

    def __init__(self) -> None:
        self.runner: Any = None
        self.settings: Settings | None = None
        self.forms: list[tuple] = []  # of the rows
        self.askers: dict[str, Any] = {}  # machines that only look, by what they are for
        self.by_batch: dict[str, Any] = {}  # machines for batches that come one by one, by what they are for

    def __deepcopy__(self, memo: dict) -> Kept:
        return Kept()

    def __reduce__(self) -> tuple:
        return Kept, ()


def forms(tables: list[np.ndarray]) -> list[tuple]:
    """What a step depends on of the rows that it gets, and which of them are one."""
    return [(table.shape[1:], table.dtype, next(i for i, one in enumerate(tables) if one is table)) for table in tables]


class Settings:
    """Everything that is told apart when a step may have become another one, found in one walk through a model.

    Args:
        model: built; compiled, unless it is only asked.

    Attributes:
        found: public attributes of layers, losses and the optimizer, and what is in lists, dicts and objects among them.
    """

    def __init__(self, model: Any):
        self.model = model
        self.found: list[Any] = []
        self._roots = _roots(model)
        self._views: list[Any] = [model._objective.losses]  # of all that was looked into: what it holds at any time
        layers = model.all_layers
        for part in (*layers, *model._objective.losses):
            if part is not None and part is not model:
                self._take(part)
        self._of_parts = len(self.found)
        self._take(getattr(model, "optimizer", _UNCOMPILED))
        for layer in layers:
            self._watch(vars(layer).get(name) for name in layer._attributes)
        self._held = list(chain.from_iterable(self._views))

    def _take(self, thing: Any) -> None:
        self.found += (thing, type(thing))
        self._views.append(vars(thing).values())
        for name, value in vars(thing).items():
            if not name.startswith("_"):
                self.found.append(name)
                self._spread(value, _DEPTH)

    def _spread(self, value: Any, depth: int) -> None:
        self.found.append(value)
        if depth and not isinstance(value, _WHOLE):
            parts = _inside(value)
            self._views += [view for view, _ in parts]
            for _, inner in parts:
                for one in inner:
                    self._spread(one, depth - 1)

    def _watch(self, values: Any) -> None:
        """Have an eye on the lists and dicts that layers stand in."""
        for value in values:
            if isinstance(value, (list, tuple, dict)):
                views = [view for view, _ in _inside(value)]
                self._views += views
                self._watch(chain.from_iterable(views))

    @property
    def are_untouched(self) -> bool:
        """Whether nobody has given anything in it another value. If somebody has, the settings may still be the same."""
        roots, held = _roots(self.model), self._held
        if len(roots) != len(self._roots) or sum(map(len, self._views)) != len(held):
            return False
        return all(map(is_, roots, self._roots)) and all(map(is_, chain.from_iterable(self._views), held))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settings) and are_same(self.found, other.found)

    __hash__ = None  # type: ignore[assignment]

    @property
    def foreign_code(self) -> str | None:
        """The name of something in a step that is not ours, so that it may do what nobody here expects; None if all is."""
        for thing in filter(callable, (self.model, *self.found[: self._of_parts])):
            module = getattr(thing if hasattr(thing, "__name__") else type(thing), "__module__", None) or "numpy"
            if module.partition(".")[0] != _OURS:
                return getattr(thing, "__name__", type(thing).__name__)
        return None


def are_same(noted: list[Any], now: list[Any]) -> bool:
    """Whether two lists of settings are those of the same step."""
    return len(noted) == len(now) and all(a is b or _is_equal(a, b) for a, b in zip(noted, now))


def is_foreign(callback: Any) -> bool:
    """Whether a callback has hooks that are not ours, which may change any setting."""
    return type(callback).__module__.partition(".")[0] != _OURS or any(hook in vars(callback) for hook in HOOKS)


def _roots(model: Any) -> list[Any]:
    """What a model itself holds of its step; all else that it holds changes with every step, or does not matter."""
    own = vars(model)
    return [own.get("optimizer"), own["_objective"], *map(own.get, model._attributes)]


def _inside(value: Any) -> list[tuple[Any, Any]]:
    """Views of what a list, a dict or an object holds, and the part of each that counts."""
    if isinstance(value, (list, tuple)):
        return [(value, value)]
    if isinstance(value, dict):
        return [(value.keys(), value.keys()), (value.values(), value.values())]
    attributes = getattr(value, "__dict__", None)
    if attributes is None:
        return []
    return [(attributes.values(), [part for name, part in attributes.items() if not name.startswith("_")])]


def _is_equal(a: Any, b: Any) -> bool:
    return type(a) is type(b) and isinstance(a, _PLAIN) and (a == b or (a != a and b != b))
