"""Every legacy spelling, in one table, and nowhere else.

A function or a constructor that is `spelled` takes Keras-1 and Keras-2 keywords. What has `**kwargs` for other reasons
hands them to `take`, and what is then left to `refuse_unknown`.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import operator
from collections.abc import Callable
from typing import Any

SPELLINGS: dict[str, dict[str, str]] = {
    "optimizer": {"lr": "learning_rate"},
    "fit": {"nb_epoch": "epochs"},
    "dense": {"output_dim": "units", "init": "kernel_initializer"},
    "relu": {"alpha": "negative_slope"},
    "max_norm": {"m": "max_value"},
    "l1": {"l": "l1"},
    "l2": {"l": "l2"},
}


class Default(float):
    """A default value that can be told from the same number given by the user."""


def spelled(kind: str) -> Callable[[Callable], Callable]:
    """Decorator of a function or a constructor that takes the legacy keywords of a kind (a key of SPELLINGS) too.

    Two spellings of one argument are a TypeError, as an argument given twice always is.
    """
    spellings = SPELLINGS[kind]

    def understand(function: Callable) -> Callable:
        @functools.wraps(function)
        def understanding(*args: Any, **kwargs: Any) -> Any:
            legacy = [name for name in kwargs if name in spellings]
            for name in legacy:
                if spellings[name] in kwargs:
                    raise TypeError(f"{function.__qualname__}() expects {spellings[name]} once, got {name} too. Leave one out.")
                kwargs[spellings[name]] = kwargs.pop(name)
            return function(*args, **kwargs)

        return understanding

    return understand


def take(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """Take the legacy keywords of a kind (a key of SPELLINGS) out of `given`: their values, under today's names."""
    spellings = SPELLINGS[kind]
    return {spellings[name]: given.pop(name) for name in list(given) if name in spellings}


def one_of(owner: str, kind: str, name: str, value: Any, legacy: dict[str, Any]) -> Any:
    """`value`, or what its legacy spelling says; both are accepted only if they agree."""
    if name not in legacy:
        return value
    if not isinstance(value, Default) and value != legacy[name]:
        older = next(old for old, new in SPELLINGS[kind].items() if new == name)
        raise ValueError(f"{owner} expects {name} once, got {name}={value!r} and {older}={legacy[name]!r}. Leave one out.")
    return legacy[name]


def refuse_unknown(owner: Any, given: dict[str, Any]) -> None:
    """Raise TypeError if keywords are left that nobody knows, with the name that was probably meant.

    Args:
        owner: the class, whose constructors say what is known, or the function that was called.
        given: the keywords left.
    """
    if not given:
        return
    name, functions = next(iter(given)), [owner]
    if isinstance(owner, type):
        functions = [vars(cls)["__init__"] for cls in owner.__mro__ if "__init__" in vars(cls)]
    known = [p for f in functions for p in inspect.signature(f).parameters if p not in ("self", "args", "kwargs", "legacy")]
    near = difflib.get_close_matches(name, [*known, "input_dim", "input_shape"], n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Choose one of {', '.join(dict.fromkeys(known))}."
    called = owner.__name__ if isinstance(owner, type) else f"{owner.__name__}()"
    raise TypeError(f"{called} expects no keyword {name!r}. {hint}")


def input_shape_of(kwargs: dict[str, Any]) -> tuple[int | None, ...] | None:
    """Take `input_dim`, `input_shape` or `batch_input_shape` out of a layer's keywords: the shape without the batch axis."""
    dim, shape, batch_shape = (kwargs.pop(name, None) for name in ("input_dim", "input_shape", "batch_input_shape"))
    if dim is not None:
        shape = (dim,)
    elif batch_shape is not None:
        shape = batch_shape[1:]
    if shape is None:
        return None
    if not hasattr(shape, "__iter__"):
        raise ValueError(f"input_shape expects a sequence of lengths, got {shape!r}. Write input_shape=({shape},).")
    for n in shape:
        if n is not None and (not hasattr(n, "__index__") or operator.index(n) < 1):
            raise ValueError(f"input_shape expects whole numbers >= 1, or None for any length, got {n!r} in {tuple(shape)}.")
    return tuple(None if n is None else operator.index(n) for n in shape)
