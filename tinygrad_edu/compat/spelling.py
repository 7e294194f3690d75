"""Legacy keywords, in one table.

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

import numpy as np

SPELLINGS: dict[str, dict[str, str]] = {
    "optimizer": {"lr": "learning_rate"},
    "fit": {"nb_epoch": "epochs"},
    "model": {"input": "inputs", "output": "outputs"},
    "reduce_lr_on_plateau": {"epsilon": "min_delta"},
    "dense": {
        "output_dim": "units", "init": "kernel_initializer", "bias": "use_bias", "W_regularizer": "kernel_regularizer",
        "b_regularizer": "bias_regularizer", "W_constraint": "kernel_constraint", "b_constraint": "bias_constraint",
    },
    "embedding": {
        "init": "embeddings_initializer", "W_regularizer": "embeddings_regularizer", "W_constraint": "embeddings_constraint",
    },
    "leaky_relu": {"alpha": "negative_slope"},
    "p_re_lu": {"init": "alpha_initializer"},
    "dropout": {"p": "rate"},
    "gaussian_noise": {"sigma": "stddev"},
    "batch_normalization": {"gamma_init": "gamma_initializer", "beta_init": "beta_initializer"},
    "reshape": {"dims": "target_shape"},
    "concatenate": {"concat_axis": "axis"},
    "relu": {"alpha": "negative_slope"},
    "max_norm": {"m": "max_value"},
    "l1": {"l": "l1"},
    "l2": {"l": "l2"},
}  # fmt: skip


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


def weight_arguments(owner: str, args: tuple) -> dict[str, Any]:
    """What the positional arguments of `add_weight` mean: (name, shape, ...) or (shape, ...), then initializer and dtype.

    The orders of Keras 2 (name, shape, dtype, initializer), of its users (name, shape, initializer) and of Keras 3 (shape,
    initializer, dtype) are told apart by what the arguments are.

        >>> weight_arguments("Layer", ((2, 3), "zeros", "float64"))
        {'shape': (2, 3), 'initializer': 'zeros', 'dtype': 'float64'}
        >>> weight_arguments("Layer", ("kernel", (2, 3), "float64", "zeros"))
        {'name': 'kernel', 'shape': (2, 3), 'dtype': 'float64', 'initializer': 'zeros'}
    """
    given: dict[str, Any] = {}
    for value in args:
        kind = "dtype" if _is_dtype(value) else "initializer"
        if "shape" not in given:
            kind = "name" if isinstance(value, str) and "name" not in given else "shape"
        if value is not None and kind in given:
            raise TypeError(f"{owner}.add_weight expects one {kind}, got {given[kind]!r} and {value!r}. Name the arguments.")
        if value is not None:
            given[kind] = value
    return given


def _is_dtype(value: Any) -> bool:
    if isinstance(value, type):
        return issubclass(value, (np.generic, int, float))
    is_name = isinstance(value, str) and value.rstrip("0123456789") in ("float", "int", "uint", "bool")
    return is_name or isinstance(value, np.dtype)


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


def batch_input_shape_of(batch_input_shape: Any, kwargs: dict[str, Any]) -> tuple[int | None, ...] | None:
    """The shape of a layer's input with the batch axis, however it was said; None if it was not."""
    if batch_input_shape is None and not kwargs:
        return None
    size = kwargs.pop("batch_size", None)
    if batch_input_shape is not None:
        kwargs["batch_input_shape"], size = batch_input_shape, batch_input_shape[0]
    shape = input_shape_of(kwargs)
    return None if shape is None else (None if size is None else operator.index(size), *shape)
