"""Inputs in lists and dicts: their arrays one by one, with names, and the same structure around other arrays.

    >>> weights = {"kernel": np.ones((2, 3)), "gains": [np.ones(2), 0.5]}
    >>> [name for name, _ in named_arrays(weights, "input 0")]
    ["input 0['kernel']", "input 0['gains'][0]", "input 0['gains'][1]"]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..graph import Value


def named_arrays(x: Any, name: str) -> Iterator[tuple[str, np.ndarray]]:
    """Every array of `x` with where it stands; floating-point ones in float64, all of them copies."""
    if not is_structure(x):
        array = np.array(x.array if isinstance(x, Value) else x)
        yield name, array.astype(np.float64) if array.dtype.kind == "f" else array
        return
    for key, part in x.items() if isinstance(x, dict) else enumerate(x):
        yield from named_arrays(part, f"{name}[{key!r}]")


def rebuilt(x: Any, parts: Iterator) -> Any:
    """The structure of `x` around `parts`, taken in the order of `named_arrays`."""
    if not is_structure(x):
        return next(parts)
    if isinstance(x, dict):
        return {key: rebuilt(part, parts) for key, part in x.items()}
    return type(x)([rebuilt(part, parts) for part in x])


def is_structure(x: Any) -> bool:
    """Whether `x` holds arrays. A list of nothing but numbers is one array.

    >>> is_structure([0.5, -1.0]), is_structure([np.ones(2), 0.5]), is_structure({"bias": 0.0})
    (False, True, True)
    """
    if isinstance(x, (list, tuple)):
        return any(isinstance(part, (np.ndarray, Value)) or is_structure(part) for part in x)
    return isinstance(x, dict)


def flattened(function: Callable, inputs: tuple) -> Callable[..., list]:
    """`function` as one of the arrays or Tensors in `inputs`, one after the other, that returns a list."""

    def flat(*xs):
        parts = iter(xs)
        return list(_outputs(function(*(rebuilt(x, parts) for x in inputs))))

    return flat


def _outputs(out: Any) -> Iterator:
    if isinstance(out, (list, tuple, dict)):
        for part in out.values() if isinstance(out, dict) else out:
            yield from _outputs(part)
    elif isinstance(out, (np.ndarray, np.generic, Value)):
        yield out
    else:
        raise TypeError(f"check_gradients expects a function that returns Tensors, got {type(out).__name__}. Leave out float().")
