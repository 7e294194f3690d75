"""The functions of Keras' backend, in one table: ops under Keras' names, with Keras' arguments.

Results are Tensors where an argument is one, else arrays. What makes numbers (`zeros`, `random_normal`, ...) gives Tensors.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import activations, initializers, layers, losses, ops, random
from ..config import epsilon, floatx, reset_names, unique_name
from ..losses.probability import binary_entropies
from ..modes import current
from ..tensor import Tensor, as_tensor
from ..variable import Variable


def _cast(x: Any, dtype: Any = None) -> Any:
    return (x if hasattr(x, "astype") else np.asarray(x)).astype(dtype or floatx())


def _arange(start: Any, stop: Any = None, step: Any = 1, dtype: str = "int32") -> Tensor:
    first, last = (0, start) if stop is None else (start, stop)
    return as_tensor(np.arange(first, last, step).astype(dtype))


def _over_axes(op: Callable) -> Callable:
    """A reduction that takes a list of axes, too."""

    @functools.wraps(op)
    def reduced(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return op(x, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)

    return reduced


def _constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Tensor:
    """Numbers in the order given, in another shape; or one of them everywhere."""
    array = np.asarray(value, dtype or floatx())
    if shape is not None:
        array = np.full(shape, array) if array.size == 1 else array.reshape(shape)
    return as_tensor(array.copy())


def _filled(value: float) -> Callable:
    """`zeros` and `ones`."""
    return lambda shape, dtype=None: as_tensor(np.full(shape, value, dtype or floatx()))


def _filled_like(value: float) -> Callable:
    """`zeros_like` and `ones_like`."""
    return lambda x, dtype=None: as_tensor(np.full(np.shape(x), value, dtype or getattr(x, "dtype", floatx())))


def _chosen(expression: Any) -> Any:
    return expression() if callable(expression) else expression


def _switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """One of two expressions, as a single truth value says, or numbers of both, as an array of them says.

    Functions without arguments are called; of two, for a single truth value, only the one that is wanted.
    """
    truth = np.asarray(condition, bool)
    if not truth.shape:
        return _chosen(then_expression if truth else else_expression)
    then, other = _chosen(then_expression), _chosen(else_expression)
    truth = truth.reshape(truth.shape + (1,) * (np.ndim(then) - truth.ndim))
    return ops.where(truth, then, other)


def _in_phase(when_training: Any, otherwise: Any, training: Any = None) -> Any:
    trains = current().trains if training is None else bool(training)
    return _chosen(when_training if trains else otherwise)


def _batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    pair = (axes, axes) if isinstance(axes, int) else axes or (x.ndim - 1, y.ndim - 2 if y.ndim > 2 else y.ndim - 1)
    return layers.dot([x, y], axes=pair)


def _folded(fn: Callable, elems: Any, initializer: Any = None) -> Any:
    rest = list(elems)
    return functools.reduce(fn, rest) if initializer is None else functools.reduce(fn, rest, initializer)


def _variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Variable:
    """A weight of one's own; of whole numbers and truth values one that is not trained."""
    array = np.asarray(value, dtype or floatx())
    return Variable(array, name=name or "variable", constraint=constraint, trainable=array.dtype.kind == "f")


def _random_binomial(shape: Any, p: float = 0.0, dtype: Any = None, seed: int | None = None) -> Tensor:
    draws = (random.generator() if seed is None else np.random.default_rng(seed)).random(shape)
    return as_tensor((draws < p).astype(dtype or floatx()))


def _in_top_k(predictions: Any, targets: Any, k: int) -> np.ndarray:
    """Whether fewer than k predictions of a row are larger than that of its target."""
    rows, at = np.asarray(predictions), np.asarray(targets, int)[:, None]
    return (rows > np.take_along_axis(rows, at, 1)).sum(1) < k


def _batch_normalization(x: Any, mean: Any, var: Any, beta: Any, gamma: Any, axis: int = -1, epsilon: float = 1e-3) -> Any:
    """(x - mean) / sqrt(var + epsilon) · gamma + beta, where vectors have the length of one axis of x."""
    shape = [1] * len(x.shape)
    shape[axis] = -1
    mean, var, beta, gamma = (v if v is None or len(v.shape) != 1 else ops.reshape(v, shape) for v in (mean, var, beta, gamma))
    y = (x - mean) / ops.sqrt(var + epsilon)
    y = y if gamma is None else y * gamma
    return y if beta is None else y + beta


def _part(x: Any, start: Any, size: Any) -> Any:
    """`slice`: so many entries of each axis from a place on; -1 means all that are left."""
    if not len(start) == len(size) == len(x.shape):
        raise ValueError(f"slice expects a start and a size for each of {len(x.shape)} axes, got {start} and {size}.")
    return x[tuple(slice(begin, None if count == -1 else begin + count) for begin, count in zip(start, size))]


def _is_keras_tensor(x: Any) -> bool:
    if not isinstance(x, (Tensor, layers.Symbol)):
        raise ValueError(f"is_keras_tensor expects a Tensor or a symbol, got {type(x).__name__}. Make it one with constant().")
    return isinstance(x, layers.Symbol)


def _print_tensor(x: Any, message: str = "") -> Any:
    print(message, np.asarray(x))
    return x


def _updated(x: Any, new_x: Any) -> Any:
    x.assign(new_x)
    return x


# What is the same as an op or an activation, and is called the same.
_SAME = (
    "abs cos dot equal exp greater greater_equal less less_equal log maximum minimum not_equal reshape round sign sin "
    "square squeeze stack transpose"
)
_REDUCTIONS = "all any logsumexp max mean min prod std sum var"
_ACTIVATIONS = "elu hard_sigmoid relu sigmoid softmax softplus softsign tanh"

FUNCTIONS: dict[str, Callable] = {
    **{name: ops.functions[name] for name in _SAME.split()},
    **{name: _over_axes(ops.functions[name]) for name in _REDUCTIONS.split()},
    **{name: getattr(activations, name) for name in _ACTIVATIONS.split()},
    # Another name, other arguments, or other defaults
    "argmax": lambda x, axis=-1: ops.argmax(x, axis=axis),
    "argmin": lambda x, axis=-1: ops.argmin(x, axis=axis),
    "clip": lambda x, min_value, max_value: ops.clip(x, min_value, max_value),
    "cumprod": lambda x, axis=0: ops.cumprod(x, axis=axis),
    "cumsum": lambda x, axis=0: ops.cumsum(x, axis=axis),
    "sqrt": lambda x: ops.sqrt(ops.maximum(x, 0)),  # of numbers below 0 it is 0
    "pow": lambda x, a: ops.power(x, a),
    "bias_add": lambda x, bias: ops.add(x, bias),
    "batch_dot": _batch_dot,
    "batch_normalization": _batch_normalization,
    "in_top_k": _in_top_k,
    "l2_normalize": lambda x, axis=None: ops.divide(x, ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis, True), epsilon()))),
    # Shapes
    "batch_flatten": lambda x: ops.reshape(x, (len(x), -1)),
    "concatenate": lambda tensors, axis=-1: ops.concatenate(tensors, axis=axis),
    "expand_dims": lambda x, axis=-1: ops.expand_dims(x, axis),
    "flatten": lambda x: ops.reshape(x, (-1,)),
    "gather": lambda reference, indices: ops.take(reference, indices, axis=0),
    "permute_dimensions": lambda x, pattern: ops.permute(x, pattern),
    "repeat": lambda x, n: ops.repeat(ops.expand_dims(x, 1), n, axis=1),
    "repeat_elements": lambda x, rep, axis: ops.repeat(x, rep, axis=axis),
    "resize_images": lambda x, height_factor, width_factor, data_format=None, interpolation="nearest": layers.UpSampling2D(
        (height_factor, width_factor), data_format, interpolation
    )(x),
    "reverse": lambda x, axes: ops.flip(x, axes),
    "slice": _part,
    "spatial_2d_padding": lambda x, padding=((1, 1), (1, 1)), data_format=None: layers.ZeroPadding2D(padding, data_format)(x),
    "temporal_padding": lambda x, padding=(1, 1): layers.ZeroPadding1D(padding)(x),
    "tile": lambda x, n: ops.tile(x, n),
    # Types, and what a Tensor is
    "cast": _cast,
    "cast_to_floatx": lambda x: _cast(x),
    "count_params": lambda x: int(np.prod(np.shape(x))),
    "dtype": lambda x: str(x.dtype if hasattr(x, "dtype") else np.asarray(x).dtype),
    "eval": lambda x: np.array(x),
    "get_variable_shape": lambda x: tuple(x.shape),
    "int_shape": lambda x: tuple(x.shape),
    "is_keras_tensor": _is_keras_tensor,
    "is_tensor": lambda x: isinstance(x, Tensor),
    "ndim": lambda x: len(x.shape),
    "shape": lambda x: tuple(x.shape),
    # Numbers
    "arange": _arange,
    "constant": _constant,
    "eye": lambda size, dtype=None: as_tensor(
        np.eye(*(size if isinstance(size, (tuple, list)) else [size])).astype(dtype or floatx())
    ),
    "one_hot": lambda indices, num_classes: as_tensor(np.eye(num_classes, dtype=floatx())[np.asarray(indices)]),
    "ones": _filled(1),
    "ones_like": _filled_like(1),
    "variable": _variable,
    "zeros": _filled(0),
    "zeros_like": _filled_like(0),
    # Chance
    "dropout": lambda x, level, noise_shape=None, seed=None: layers.Dropout(level, noise_shape, seed)(x, training=True),
    "random_binomial": _random_binomial,
    "random_normal": lambda shape, mean=0.0, stddev=1.0, dtype=None, seed=None: as_tensor(
        initializers.RandomNormal(mean, stddev, seed)(shape, dtype)
    ),
    "random_normal_variable": lambda shape, mean, scale, dtype=None, name=None, seed=None: _variable(
        initializers.RandomNormal(mean, scale, seed)(shape, dtype), dtype, name
    ),
    "random_uniform_variable": lambda shape, low, high, dtype=None, name=None, seed=None: _variable(
        initializers.RandomUniform(low, high, seed)(shape, dtype), dtype, name
    ),
    "random_uniform": lambda shape, minval=0.0, maxval=1.0, dtype=None, seed=None: as_tensor(
        initializers.RandomUniform(minval, maxval, seed)(shape, dtype)
    ),
    "truncated_normal": lambda shape, mean=0.0, stddev=1.0, dtype=None, seed=None: as_tensor(
        initializers.TruncatedNormal(mean, stddev, seed)(shape, dtype)
    ),
    # Losses: a number per entry, or per sample
    "binary_crossentropy": lambda target, output, from_logits=False: binary_entropies(target, output, from_logits),
    "categorical_crossentropy": lambda target, output, from_logits=False, axis=-1: losses.categorical_crossentropy(
        target, output, from_logits=from_logits, axis=axis
    ),
    "sparse_categorical_crossentropy": lambda target, output, from_logits=False, axis=-1: losses.sparse_categorical_crossentropy(
        target, output, from_logits=from_logits, axis=axis
    ),
    # Choices, updates, and what Python does as well
    "foldl": _folded,
    "foldr": lambda fn, elems, initializer=None: _folded(fn, list(elems)[::-1], initializer),
    "get_uid": lambda prefix="": int(unique_name(prefix or "uid").rpartition("_")[2]),
    "identity": lambda x, name=None: x,
    "in_test_phase": lambda x, alt, training=None: _in_phase(alt, x, training),
    "in_train_phase": _in_phase,
    "map_fn": lambda fn, elems, name=None, dtype=None: ops.stack([fn(x) for x in elems]),
    "moving_average_update": lambda x, value, momentum: _updated(x, x.numpy() * momentum + np.asarray(value) * (1 - momentum)),
    "print_tensor": _print_tensor,
    "reset_uids": reset_names,
    "stop_gradient": lambda variables: (
        [as_tensor(x).detach() for x in variables] if isinstance(variables, (list, tuple)) else as_tensor(variables).detach()
    ),
    "switch": _switch,
    "update": _updated,
    "update_add": lambda x, increment: _updated(x, x.numpy() + np.asarray(increment)),
    "update_sub": lambda x, decrement: _updated(x, x.numpy() - np.asarray(decrement)),
}

for _name, _function in FUNCTIONS.items():
    if _function.__module__ == __name__:
        _function.__name__ = _function.__qualname__ = _name
