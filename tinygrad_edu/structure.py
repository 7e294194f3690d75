"""Lists, tuples and dicts of Tensors, taken apart and put together again.

    >>> parts, rebuild = flatten({"kernel": np.ones((2, 3)), "gains": [np.ones(2), 0.5]})
    >>> len(parts), rebuild("abc")
    (3, {'kernel': 'a', 'gains': ['b', 'c']})
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .graph import Value


def flatten(x: Any) -> tuple[list, Callable[[Sequence], Any]]:
    """What stands in the lists, tuples and dicts of `x`, and a function that puts others in its place.

    A list of nothing but numbers is one array, as for `Tensor`; None stands for nothing and stays.
    """
    parts: list = []
    _collect(x, parts)
    return parts, lambda new: _rebuilt(x, iter(new))


def is_structure(x: Any) -> bool:
    """Whether `x` holds parts.

    >>> is_structure([0.5, -1.0]), is_structure([np.ones(2), 0.5]), is_structure({"bias": 0.0})
    (False, True, True)
    """
    if isinstance(x, (list, tuple)):
        return any(part is None or isinstance(part, (np.ndarray, Value)) or is_structure(part) for part in x)
    return isinstance(x, dict)


def _collect(x: Any, parts: list) -> None:
    if is_structure(x):
        for part in x.values() if isinstance(x, dict) else x:
            _collect(part, parts)
    elif x is not None:
        parts.append(x)


def _rebuilt(x: Any, new: Iterator) -> Any:
    if x is None:
        return None
    if not is_structure(x):
        return next(new)
    if isinstance(x, dict):
        return {key: _rebuilt(part, new) for key, part in x.items()}
    parts = [_rebuilt(part, new) for part in x]
    return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)  # a named tuple takes them one by one
