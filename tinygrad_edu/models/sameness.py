"""What a step reads beside weights and data: settings of layers, losses, the optimizer; and whether all its code is ours.

A step that was taken down once is the same step as long as these are. What code of somebody else reads nobody can know.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..callbacks.callback import HOOKS
from ..graph import Value
from ..layers import Layer
from ..random import SeedGenerator

_PLAIN = (bool, int, float, str, bytes, type(None), np.generic)
_OPAQUE = (Value, Layer, SeedGenerator, np.ndarray, type)  # told apart by what they are, not by what is in them
_UNCOMPILED = SimpleNamespace()  # stands for the optimizer of a model that has none
_OURS = __name__.partition(".")[0]


class Kept:
    """The machine of a model's last `fit`, for the next one; copies of the model, and files, have none."""

    def __init__(self) -> None:
        self.runner: Any = None
        self.settings: list[Any] = []
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


def settings_of(model: Any) -> list[Any]:
    """Everything that is told apart when a step may have become another one; what it holds is kept alive by whoever keeps it."""
    found: list[Any] = []
    for thing in (getattr(model, "optimizer", _UNCOMPILED), *_parts(model)):
        found += (thing, type(thing), *_inside(thing))
    return found


def are_same(noted: list[Any], now: list[Any]) -> bool:
    """Whether two lists of settings are those of the same step."""
    return len(noted) == len(now) and all(a is b or _is_equal(a, b) for a, b in zip(noted, now))


def public_attributes(model: Any) -> list[tuple[dict[str, Any], list[str], list[Any]]]:
    """Where attributes of optimizer, layers and losses are, their names and what they are now: quickly compared."""
    places = (vars(thing) for thing in (getattr(model, "optimizer", _UNCOMPILED), *_parts(model)))
    named = ((place, [name for name in place if not name.startswith("_")]) for place in places)
    return [(place, names, [place[name] for name in names]) for place, names in named]


def is_foreign(callback: Any) -> bool:
    """Whether a callback has hooks that are not ours, which may change any setting."""
    return type(callback).__module__.partition(".")[0] != _OURS or any(hook in vars(callback) for hook in HOOKS)


def foreign_code(model: Any) -> str | None:
    """The name of something in a step that is not ours, so that it may do what nobody here expects; None if all is."""
    things = [model, *_parts(model)]
    for thing in things + [inner for part in things[1:] for inner in _inside(part)]:
        module = getattr(thing if hasattr(thing, "__name__") else type(thing), "__module__", None) or "numpy"
        if callable(thing) and module.partition(".")[0] != _OURS:
            return getattr(thing, "__name__", type(thing).__name__)
    return None


def _parts(model: Any) -> list[Any]:
    """The layers in a model, and its losses."""
    return [*(layer for layer in model.all_layers if layer is not model), *(loss for loss in model._objective.losses if loss)]


def _inside(thing: Any) -> Iterator[Any]:
    """The public attributes of an object, with what is in lists, dicts and objects among them."""
    for name, value in vars(thing).items():
        if not name.startswith("_"):
            yield name
            yield from _spread(value, 3)


def _spread(value: Any, depth: int) -> Iterator[Any]:
    yield value
    if isinstance(value, (_PLAIN, _OPAQUE)) or not depth:
        return
    inner = value if isinstance(value, (list, tuple)) else value.items() if isinstance(value, dict) else None
    if inner is None:
        inner = [part for name, part in getattr(value, "__dict__", {}).items() if not name.startswith("_")]
    for part in inner:
        yield from _spread(part, depth - 1)


def _is_equal(a: Any, b: Any) -> bool:
    return type(a) is type(b) and isinstance(a, _PLAIN) and (a == b or (a != a and b != b))
