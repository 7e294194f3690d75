"""What constructors of layers are given, checked: numbers of any make, lengths, axes."""

from __future__ import annotations

import inspect
import math
import operator
from typing import Any

import numpy as np


def whole(owner: str, name: str, value: Any, least: int = 1) -> int:
    """`value` as an int >= `least`; whole NumPy numbers too."""
    if not is_whole(value) or value < least:
        raise ValueError(f"{owner} expects {name} to be a whole number >= {least}, got {value!r}. Try {max(least, 1)}.")
    return operator.index(value)


positive_int = whole


def is_whole(value: Any) -> bool:
    """Whether `value` is a whole number, of Python's or NumPy's, and not a truth value."""
    if isinstance(value, (bool, np.bool_)):
        return False
    return hasattr(value, "__index__") and (np.ndim(value) == 0 and np.asarray(value).dtype.kind in "iu")


def number(owner: str, name: str, value: Any, least: float = -math.inf, most: float = math.inf) -> float:
    """`value` as a float between `least` and `most`."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{owner} expects {name} to be a number, got {value!r}.") from None
    if not least <= found <= most:
        law = f">= {least:g}" if most == math.inf else f"in [{least:g}, {most:g}]"
        raise ValueError(f"{owner} expects {name} {law}, got {value!r}.")
    return found


def lengths(owner: str, name: str, shape: Any) -> tuple[int, ...]:
    """`shape` as a tuple of ints >= 0."""
    if not hasattr(shape, "__iter__"):
        raise ValueError(f"{owner} expects {name} to be a sequence of lengths, got {shape!r}. Write ({shape},).")
    if not all(is_whole(n) and n >= 0 for n in shape):
        raise ValueError(f"{owner} expects {name} to be of whole numbers >= 0, got {tuple(shape)}. Give every axis a length.")
    return tuple(operator.index(n) for n in shape)


def axes_of(owner: str, axis: Any) -> int | list[int]:
    """One axis as an int, several as a list."""
    if is_whole(axis):
        return operator.index(axis)
    if isinstance(axis, (list, tuple, np.ndarray)) and len(axis) and all(map(is_whole, axis)):
        return [operator.index(a) for a in axis]
    raise TypeError(f"{owner} expects axis to be a whole number or a list of them, got {axis!r}.")


def places(owner: str, axis: int | list[int], ndim: int) -> tuple[int, ...]:
    """Axes, which may count from the end, counted from the front, in order."""
    axes = [axis] if isinstance(axis, int) else axis
    if not all(-ndim <= a < ndim for a in axes):
        raise ValueError(f"{owner} expects axis {axis} to be one of its {ndim} axes. Count them from 0, or from -1 backwards.")
    return tuple(sorted({a % ndim for a in axes}))


def dtype_of(owner: str, dtype: Any, whole: bool = False) -> str:
    """The name of a float type; with `whole`, also of whole numbers and truth values."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = np.dtype(object)
    if found.kind not in ("fiub" if whole else "f"):
        raise ValueError(f"{owner} expects dtype to be a {'type of real numbers' if whole else 'float type'}, got {dtype!r}.")
    return found.name


def told_by_place(names: list[str], args: tuple, kwargs: dict, training: Any, mask: Any) -> tuple[tuple, dict, Any, Any]:
    """What a layer was called with, where `training` and `mask` may stand among the `args`, as in `dropout(x, True)`."""
    if not {"training", "mask"} & set(names[: len(args)]):
        return args, kwargs, training, mask
    kwargs = {**dict(zip(names, args)), **kwargs}
    return args[len(names) :], kwargs, kwargs.pop("training", training), kwargs.pop("mask", mask)


def asks_for_more(parameters: list[inspect.Parameter]) -> bool:
    """Whether some of the parameters must be given."""
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return any(p.default is p.empty and p.kind not in optional and p.name not in ("training", "mask") for p in parameters)
