"""NumPy's functions on Tensors: those that are ops here are recorded, others give constants or refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from . import ops
from .graph import Value, make_value, thread


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple, kwargs: dict) -> Any:
    """What `Tensor.__array_ufunc__` does. With `out=` NumPy writes into an array of the caller's, unrecorded."""
    if method == "__call__" and not kwargs and ufunc in _op_of_ufunc:
        return _op_of_ufunc[ufunc](*inputs)
    result = getattr(ufunc, method)(*map(plain, inputs), **{name: plain(x) for name, x in kwargs.items()})
    return result if "out" in kwargs else _as_constants(result, ufunc.__name__, inputs)


def call_function(function: Callable, args: tuple, kwargs: dict) -> Any:
    """What `Tensor.__array_function__` does."""
    known = getattr(ops, function.__name__, None)
    if known is not None and function in (getattr(np, function.__name__, None), _LINALG.get(function.__name__)):
        given = {name: x for name, x in kwargs.items() if x is not None or name not in ("out", "dtype")}
        return known(*args, **given)
    result = function(*map(_plain_list, args), **{name: _plain_list(x) for name, x in kwargs.items()})
    return _as_constants(result, function.__name__, [*args, *kwargs.values()])


def plain(x: Any) -> Any:
    """`x` with arrays in the place of Tensors, in tuples too."""
    if isinstance(x, tuple):
        return tuple(map(plain, x))
    return x.array if isinstance(x, Value) else x


def own_key(key: Any) -> Any:
    """An index that nobody else can change: the gradient will need it again."""
    if isinstance(key, tuple):
        return tuple(map(own_key, key))
    array = plain(key)
    return array.copy() if isinstance(array, np.ndarray) else array


def _plain_list(x: Any) -> Any:
    return list(map(plain, x)) if isinstance(x, list) else plain(x)


def _as_constants(result: Any, name: str, inputs: Iterable) -> Any:
    """Results of a NumPy function that is no op, as constant Tensors.

    Raises:
        TypeError: where a gradient would be lost without a word.
    """
    results = result if isinstance(result, tuple) else (result,)
    loses = thread.mode.recording and any(isinstance(x, Value) and x.node is not None for x in inputs)
    if loses and any(getattr(x, "dtype", np.dtype(bool)).kind == "f" for x in results):
        raise TypeError(f"np.{name} is no op here: the gradient of its Tensor would be lost. Use x.detach(), or ops that exist.")
    constants = tuple(make_value(x) if isinstance(x, (np.ndarray, np.generic)) else x for x in results)
    return constants if isinstance(result, tuple) else constants[0]


_LINALG = {name: getattr(np.linalg, name) for name in ("inv", "solve", "cholesky", "det", "slogdet", "norm")}
_op_of_ufunc: dict[Any, Callable] = {
    getattr(np, name): getattr(ops, name)
    for name in [*ops.registry, "matmul"]
    if isinstance(getattr(np, name, None), np.ufunc)
}
