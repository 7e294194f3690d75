"""Layers of several inputs, and the same as functions: Add()([a, b]) is add([a, b])."""

from __future__ import annotations

from string import ascii_letters
from typing import Any

import numpy as np

from .. import compat, ops
from ..tensor import as_tensor
from .arguments import axes_of, is_whole
from .layer import Layer, register
from .shapes import is_shape


class _Merging(Layer):
    """A function of a list of inputs, number by number.

    Shapes: [(batch, ...), ...] -> their common shape. Lengths of 1 repeat; an input with fewer axes gets new ones behind
    the batch axis.
    """

    fewest, most = 2, 0  # inputs; 0 means any number

    def build(self, input_shape):
        self.check_input(input_shape)

    def check_input(self, input_shape):
        shapes = [] if is_shape(input_shape) or isinstance(input_shape, dict) else list(input_shape)
        if len(shapes) < self.fewest or (self.most and len(shapes) > self.most):
            law = f"a list of {self.fewest} inputs" if self.most else f"a list of at least {self.fewest} inputs"
            got = f"{len(shapes)}" if shapes else f"shape {input_shape}"
            raise ValueError(f"{self.who} expects {law}, got {got}. Write {type(self).__name__}()([a, b]).")
        self.compute_output_shape(shapes)

    def call(self, xs):
        ndim = max(len(x.shape) for x in xs)
        return self.merge([_with_axes(x, ndim) for x in xs])

    def merge(self, xs: list) -> Any:
        """One Tensor of several that broadcast together."""
        raise NotImplementedError(f"{type(self).__name__} expects a method merge(xs).")

    def compute_output_shape(self, input_shape):
        ndim = max(map(len, input_shape))
        shapes = [(*shape[:1], *[1] * (ndim - len(shape)), *shape[1:]) for shape in input_shape]
        return tuple(self._common(lengths, input_shape) for lengths in zip(*shapes))

    def _common(self, lengths: tuple, shapes: Any) -> int | None:
        """The length that all have, where it is not 1."""
        found = [n for n in lengths if n != 1]
        known = {n for n in found if n is not None}
        if len(known) > 1:
            raise ValueError(f"{self.who} expects shapes that fit together, got {_told(shapes)}. Reshape or project one of them.")
        return 1 if not found else None if None in found and not known else known.pop()

    def compute_mask(self, inputs, mask=None):
        """Steps that all inputs have."""
        return None if mask is None else _all(self._one_each(inputs, mask))

    def _one_each(self, inputs: Any, masks: Any) -> Any:
        """`masks`, if they are as many as the inputs."""
        are_lists = all(isinstance(some, (list, tuple)) for some in (inputs, masks))
        if not are_lists or len(inputs) != len(masks):
            got = f"{len(masks)} for {len(inputs)}" if are_lists else f"{type(masks).__name__} for {type(inputs).__name__}"
            raise ValueError(f"{self.who} expects a list of inputs and a mask, or None, for each, got {got}. Write [None, mask].")
        return masks


def _with_axes(x: Any, ndim: int) -> Any:
    """x with new axes behind the batch axis until it has `ndim`."""
    missing = ndim - len(x.shape)
    return ops.expand_dims(x, axis=tuple(range(1, 1 + missing))) if missing else x


def _fit(m: int | None, n: int | None) -> bool:
    return m is None or n is None or m == n


def _told(shapes: Any) -> str:
    return " and ".join(str(tuple(shape)) for shape in shapes)


def _all(masks: Any) -> Any:
    found = None
    for mask in masks:
        if mask is not None:
            mask = as_tensor(mask)
            found = mask if found is None else ops.logical_and(found, mask)
    return found


def _reduced(op: Any, xs: list) -> Any:
    out = xs[0]
    for x in xs[1:]:
        out = op(out, x)
    return out


@register()
class Add(_Merging):
    """The sum of a list of inputs.

    Shapes: [(batch, ...), ...] -> their common shape; lengths of 1 repeat.

        >>> print(Add()([np.ones((1, 3)), np.full((1, 3), 2.0)]))
        [[3. 3. 3.]]
    """

    def merge(self, xs):
        return _reduced(ops.add, xs)


@register()
class Subtract(_Merging):
    """The first input minus the second. Shapes: as of `Add`."""

    most = 2

    def merge(self, xs):
        return xs[0] - xs[1]


@register()
class Multiply(_Merging):
    """The product of a list of inputs, number by number. Shapes: as of `Add`."""

    def merge(self, xs):
        return _reduced(ops.multiply, xs)


@register()
class Average(_Merging):
    """The mean of a list of inputs, number by number. Shapes: as of `Add`."""

    def merge(self, xs):
        return _reduced(ops.add, xs) / len(xs)


@register()
class Maximum(_Merging):
    """The largest of a list of inputs, number by number; at a tie they share the gradient. Shapes: as of `Add`."""

    def merge(self, xs):
        return _reduced(ops.maximum, xs)


@register()
class Minimum(_Merging):
    """The smallest of a list of inputs, number by number; at a tie they share the gradient. Shapes: as of `Add`."""

    def merge(self, xs):
        return _reduced(ops.minimum, xs)


@register()
class Concatenate(_Merging):
    """A list of inputs joined along an axis.

    Shapes: [(batch, ..., n_i, ...), ...] -> (batch, ..., Σ n_i, ...), equal elsewhere.

    Args:
        axis: axis to join along, not the batch axis 0.

    Raises:
        ValueError: for a single input, axis 0, and shapes that differ elsewhere.

        >>> print(Concatenate()([np.ones((1, 2)), np.zeros((1, 1))]))
        [[1. 1. 0.]]
    """

    keeps_whole_numbers = True

    @compat.spelled("concatenate")
    def __init__(self, axis: int = -1, **kwargs: Any):
        super().__init__(**kwargs)
        if not is_whole(axis) or axis == 0:
            raise ValueError(f"Concatenate expects an axis that is not the batch axis 0, got {axis!r}. Try axis=-1.")
        self.axis = int(axis)

    def call(self, xs):
        return ops.concatenate(xs, axis=self.axis)

    def compute_output_shape(self, input_shape):
        first, ndim = input_shape[0], len(input_shape[0])
        axis = self.axis % ndim if -ndim <= self.axis < ndim else 0
        others = [n for n in range(ndim) if n != axis]
        same = all(len(shape) == ndim and all(_fit(first[i], shape[i]) for i in others) for shape in input_shape)
        if not same or axis == 0:
            raise ValueError(
                f"{self.who} expects shapes that are equal but for axis {self.axis}, got {_told(input_shape)}. "
                "Reshape one of them, or choose another axis."
            )
        lengths = [shape[axis] for shape in input_shape]
        return (*first[:axis], None if None in lengths else sum(lengths), *first[axis + 1 :])

    def compute_mask(self, inputs, mask=None):
        """Steps that all inputs have; the steps of all, where they are joined along axis 1."""
        either = super().compute_mask(inputs, mask)
        if either is None or self.axis % len(inputs[0].shape) != 1:
            return either
        whole = [as_tensor(np.ones(x.shape[:2], bool) if part is None else part) for x, part in zip(inputs, mask)]
        return ops.concatenate(whole, axis=1)


@register()
class Dot(_Merging):
    """Products of two inputs, summed along an axis of each, sample by sample.

    Shapes: (batch, a..., n) and (batch, n, b...) with axes=(-1, 1) -> (batch, a..., b...); (batch, 1) if nothing is left.

    Args:
        axes: the axis to sum along, or a pair of them; not the batch axis 0.
        normalize: whether to divide by the lengths of the vectors first: the cosine of their angle.

        >>> print(Dot(axes=1)([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])]))
        [[11.]]
    """

    most = 2

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        axes = axes_of("Dot", axes)
        self.axes = axes if isinstance(axes, int) else list(axes)
        self.normalize = bool(normalize)
        if np.size(self.axes) > 2 or 0 in np.atleast_1d(self.axes):
            raise ValueError(f"Dot expects one axis or a pair, none of them the batch axis 0, got {axes}. Try axes=-1.")

    def _places(self, shapes: Any) -> tuple[int, int]:
        pair = [self.axes] * 2 if isinstance(self.axes, int) else self.axes
        if any(not -len(shape) < axis < len(shape) for axis, shape in zip(pair, shapes)):
            raise ValueError(f"{self.who} expects inputs that have axes {self.axes}, got {_told(shapes)}. Choose others.")
        first, second = (axis % len(shape) for axis, shape in zip(pair, shapes))
        return first, second

    def call(self, xs):
        x, y = xs
        i, j = self._places([x.shape, y.shape])
        if self.normalize:
            x, y = _unit(x, i), _unit(y, j)
        of_x = ascii_letters[: x.ndim]
        of_y = of_x[0] + ascii_letters[x.ndim : x.ndim + y.ndim - 1]
        of_y = of_y[:j] + of_x[i] + of_y[j + 1 :]
        rest = (of_x + of_y[1:]).replace(of_x[i], "")
        out = ops.einsum(f"{of_x},{of_y}->{rest}", x, y)
        return out if out.ndim > 1 else ops.expand_dims(out, axis=1)

    def compute_output_shape(self, input_shape):
        x, y = input_shape
        i, j = self._places(input_shape)
        if None not in (x[i], y[j]) and x[i] != y[j]:
            raise ValueError(f"{self.who} expects equal lengths in axes {self.axes}, got {_told(input_shape)}. Choose others.")
        rest = (*x[1:i], *x[i + 1 :], *y[1:j], *y[j + 1 :])
        return (x[0], *(rest or (1,)))

    def compute_mask(self, inputs, mask=None):
        return None


def _unit(x: Any, axis: int) -> Any:
    squares = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return x * ops.rsqrt(ops.maximum(squares, x.dtype.type(1e-12)))


# The same as functions ---------------------------------------------------------------------------


def add(inputs: Any, **kwargs: Any) -> Any:
    """The sum of a list of inputs; see `Add`."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """The first of two inputs minus the second; see `Subtract`."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """The product of a list of inputs; see `Multiply`."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """The mean of a list of inputs; see `Average`."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """The largest of a list of inputs; see `Maximum`."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """The smallest of a list of inputs; see `Minimum`."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """A list of inputs joined along an axis; see `Concatenate`."""
    return Concatenate(axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, normalize: bool = False, **kwargs: Any) -> Any:
    """Products of two inputs summed along an axis of each; see `Dot`."""
    return Dot(axes, normalize, **kwargs)(inputs)
