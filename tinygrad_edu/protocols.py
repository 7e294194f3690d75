"""NumPy's functions on Tensors: those that are ops here are recorded, others give constants or refuse."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from functools import cache
from operator import attrgetter, methodcaller
from typing import Any

import numpy as np

from . import ops
from .graph import GraphError, Value, current, make_value
from .memory import checksum
from .modes import read


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple, kwargs: dict) -> Any:
    """What `Tensor.__array_ufunc__` does. With `out=` NumPy writes into an array of the caller's, unrecorded."""
    if method == "__call__" and not kwargs and ufunc in _op_of_ufunc:
        return _op_of_ufunc[ufunc](*inputs)
    if (ufunc, method) in _op_of_method and kwargs.keys() <= {"axis", "keepdims"}:
        return _op_of_method[ufunc, method](*inputs, **{"axis": 0, **kwargs})
    outs = kwargs.get("out", inputs[:1] if method == "at" else ())
    for x in outs:
        refuse_write(x)
    with _noticing(outs):
        result = getattr(ufunc, method)(*map(_numbers, inputs), **{name: _numbers(x) for name, x in kwargs.items()})
    if "out" not in kwargs:
        words = ufunc.__name__ + (f".{method}" if method != "__call__" else f" with {', '.join(kwargs)}" if kwargs else "")
        return _as_constants(result, words, inputs)
    given = tuple(x if x is not None else y for x, y in zip(outs, result if isinstance(result, tuple) else (result,)))
    return given if isinstance(result, tuple) else given[0]


def call_function(function: Callable, args: tuple, kwargs: dict) -> Any:
    """What `Tensor.__array_function__` does."""
    if function in _facts and len(args) == 1 and not kwargs:
        return _facts[function](args[0])
    if function in _op_of_function and kwargs.get("out") is None:
        return _call_op(_op_of_function[function], function, args, kwargs)
    if "out" in kwargs or function.__name__ in _IN_PLACE:
        with _noticing([*args, *kwargs.values()]):
            result = function(*map(_numbers, args), **{name: _numbers(x) for name, x in kwargs.items()})
        return kwargs.get("out", result)
    numbers = plain if function.__name__ in _SHAPES_ONLY else _numbers
    result = function(*map(numbers, args), **{name: numbers(x) for name, x in kwargs.items()})
    return _as_constants(result, function.__name__, [*args, *kwargs.values()])


def _call_op(op: Callable, function: Callable, args: tuple, kwargs: dict) -> Any:
    """`op` with arguments in the order and under the names that NumPy's `function` has for them."""
    theirs, ours, needed = _parameters(function, op)
    if not theirs or (len(args) == needed and kwargs.keys() <= ours.keys()):
        return op(*args, **kwargs)
    given: dict[str, Any] = {**dict(zip(theirs, args)), **kwargs}
    inputs = [given.pop(name) for name in list(theirs)[:needed] if name in given]
    dtype = given.pop("dtype", None)
    if dtype is not None:
        inputs[0] = _cast(inputs[0], dtype)
    told = {name: x for name, x in given.items() if not _says_nothing(name, x, theirs, ours)}
    params: dict[str, Any] = {_RENAMED.get(name, name): x for name, x in told.items()}
    unknown = [name for name in params if name not in ours]
    if unknown:
        words = f"expects {', '.join(ours)}, got {', '.join(unknown)}. Leave it out, or use x.detach().numpy()."
        raise TypeError(f"np.{function.__name__} of a Tensor {words}")
    return op(*inputs, **params)


@cache
def _parameters(function: Callable, op: Callable) -> tuple[dict[str, Any], dict[str, Any], int]:
    """What NumPy's `function` takes, by name and with its default; what `op` takes; how many of those it must have.

    The first is empty for a function that takes any number of arrays: it calls them as the op does.
    """
    both = [list(inspect.signature(f).parameters.values()) for f in (function, op)]
    theirs, ours = ({parameter.name: parameter.default for parameter in parameters} for parameters in both)
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in both[0]):
        theirs = {}
    return theirs, ours, list(ours.values()).count(inspect.Parameter.empty)


def _says_nothing(name: str, x: Any, theirs: dict, ours: dict) -> bool:
    """Whether an argument that an op does not have says what is so anyway."""
    if name in ours or name in _RENAMED:
        return False
    return x is None or (name in theirs and type(x) is type(theirs[name]) and x == theirs[name])


def _cast(x: Any, dtype: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return [_cast(part, dtype) for part in x]
    return ops.cast(x, dtype=dtype) if isinstance(x, Value) else np.asarray(x, dtype)


_RENAMED: dict[str, str] = {"a_min": "min", "a_max": "max", "correction": "ddof"}
_facts: dict[Callable, Callable] = {
    np.ndim: attrgetter("ndim"),
    np.shape: attrgetter("shape"),
    np.size: attrgetter("size"),
    np.nonzero: methodcaller("nonzero"),
    np.where: methodcaller("nonzero"),
}
_SHAPES_ONLY = {"zeros_like", "ones_like", "empty_like", "full_like"}
_IN_PLACE = {"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"}


@contextmanager
def _noticing(values: Iterable):
    """Mark those of `values` that NumPy writes to meanwhile, as `np.copyto` and `np.add.at` do."""
    before = [(x, checksum(x.array)) for x in values if isinstance(x, Value) and isinstance(x.array, np.ndarray)]
    yield
    for x, known in before:
        if checksum(x.array) != known:
            x.mark_changed()


def refuse_write(x: Any) -> None:
    """Raise if `x` is the result of a recorded op, while recording is on."""
    if isinstance(x, Value) and x.node is not None and x.node.op is not None and current().recording:
        raise GraphError(
            f"The result of {x.node.op.name} {x.array.shape} cannot be changed in place while it is recorded: "
            "its gradient would be wrong. Use where() or set_at(), or change a copy under no_grad()."
        )


def plain(x: Any) -> Any:
    """`x` with arrays in the place of Tensors, in tuples too."""
    if isinstance(x, tuple):
        return tuple(map(plain, x))
    return x.array if isinstance(x, Value) else x


def _numbers(x: Any) -> Any:
    """`plain`, in lists too, for NumPy: whoever looks is told."""
    if isinstance(x, (list, tuple)):
        return type(x)(map(_numbers, x)) if type(x) in (list, tuple) else x
    return read(x) if isinstance(x, Value) else x


def _as_constants(result: Any, name: str, inputs: Iterable) -> Any:
    """Results of a NumPy function that is no op, as constant Tensors; complex numbers stay arrays.

    Raises:
        TypeError: where a gradient would be lost without a word.
    """
    several = isinstance(result, (tuple, list))
    results = result if several else [result]
    kinds = [x.dtype.kind if isinstance(x, (np.ndarray, np.generic)) else "" for x in results]
    loses = name not in _SHAPES_ONLY and current().recording and _needs_gradient(list(inputs))
    if loses and {"f", "c"} & {*kinds}:
        raise TypeError(f"np.{name} is no op here: the gradient of its Tensor would be lost. Use x.detach(), or ops that exist.")
    constants = [make_value(x) if kind and kind in "fiub" else x for x, kind in zip(results, kinds)]
    return (constants if isinstance(result, list) else tuple(constants)) if several else constants[0]


def _needs_gradient(x: Any) -> bool:
    """Whether a Tensor that requires a gradient is in nested lists."""
    return x.node is not None if isinstance(x, Value) else isinstance(x, (list, tuple)) and any(map(_needs_gradient, x))


_op_of_ufunc: dict[Any, Callable] = {}
_op_of_function: dict[Any, Callable] = {}
for _name, _op in ops.functions.items():
    for _module in (np, np.linalg):
        _theirs = getattr(_module, _name, None)
        if callable(_theirs):
            (_op_of_ufunc if isinstance(_theirs, np.ufunc) else _op_of_function)[_theirs] = _op
_op_of_method: dict[tuple, Callable] = {
    (np.add, "reduce"): ops.sum,
    (np.multiply, "reduce"): ops.prod,
    (np.maximum, "reduce"): ops.max,
    (np.minimum, "reduce"): ops.min,
    (np.logaddexp, "reduce"): ops.logsumexp,
    (np.add, "accumulate"): ops.cumsum,
    (np.multiply, "accumulate"): ops.cumprod,
}
