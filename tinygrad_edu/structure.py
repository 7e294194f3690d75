"""Lists, tuples and dicts of Tensors, taken apart and put together again.

>>> parts, rebuild = flatten({"kernel": np.ones((2, 3)), "gains": [np.ones(2), 0.5]})
>>> len(parts), rebuild("abc")
(3, {'kernel': 'a', 'gains': ['b', 'c']})
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from .graph import Placeholder, Value


def flatten(x: Any) -> tuple[list, Callable[[Sequence], Any]]:
    """What stands in the lists, tuples and dicts of `x`, and a function that puts others in its place.

    A list of nothing but numbers is one array, as for `Tensor`; None stands for nothing and stays.
    """
    parts: list = []
    _collect(x, parts)
    return parts, partial(_put_back, x)


def parts_like(x: Any, model: Any) -> list:
    """What stands in `x` in the places of the parts of `model`, so that numbers may be parts of their own.

    >>> parts_like([(0.5, 1.0), [2.0, 3.0]], [(np.ones(()), np.ones(())), np.ones(2)])
    [0.5, 1.0, [2.0, 3.0]]

    Raises:
        ValueError: where `x` has another structure.
    """
    if model is None:
        return []
    if not is_structure(model):
        return [x]
    if isinstance(model, dict):
        if not isinstance(x, dict) or x.keys() != model.keys():
            raise ValueError("other keys")
        pairs = [(x[key], part) for key, part in model.items()]
    else:
        if not isinstance(x, (list, tuple)) or len(x) != len(model):
            raise ValueError("another length")
        pairs = list(zip(x, model))
    return [part for pair in pairs for part in parts_like(*pair)]


def is_structure(x: Any) -> bool:
    """Whether `x` holds parts.

    >>> is_structure([0.5, -1.0]), is_structure([np.ones(2), 0.5]), is_structure({"bias": 0.0})
    (False, True, True)
    """
    if isinstance(x, (list, tuple)):
        return any(part is None or isinstance(part, (np.ndarray, Value, Placeholder)) or is_structure(part) for part in x)
    return isinstance(x, dict)


def placeholder_in(*values: Any) -> Placeholder | None:
    """The first placeholder in some structures, or None."""
    for x in values:
        if isinstance(x, Placeholder):
            return x
        if isinstance(x, (list, tuple, dict)):
            found = placeholder_in(*(x.values() if isinstance(x, dict) else x))
            if found is not None:
                return found
    return None


def _collect(x: Any, parts: list) -> None:
    if is_structure(x):
        for part in x.values() if isinstance(x, dict) else x:
            _collect(part, parts)
    elif x is not None:
        parts.append(x)


def _put_back(x: Any, new: Sequence) -> Any:
    return _rebuilt(x, iter(new))


def _rebuilt(x: Any, new: Iterator) -> Any:
    if x is None:
        return None
    if not is_structure(x):
        return next(new)
    if isinstance(x, dict):
        return {key: _rebuilt(part, new) for key, part in x.items()}
    parts = [_rebuilt(part, new) for part in x]
    return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)  # a named tuple takes them one by one
