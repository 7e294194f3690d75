"""Shapes and masks, of one input or of several, and what a layer may say of the inputs that it takes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from ..graph import mask_of
from ..structure import flatten

Shape = tuple[int | None, ...]


class InputSpec:
    """What a layer expects of the shape of its inputs, for layers of your own: `self.input_spec = InputSpec(ndim=3)`.

    Args:
        dtype: kept for readers; inputs are cast to the dtype of the layer.
        shape: the whole shape, None for any length; says `ndim` and `axes` too.
        ndim, min_ndim, max_ndim: number of axes, with that of the batch.
        axes: length by axis, {-1: 4}; None stands for any.

        >>> InputSpec(min_ndim=2, axes={-1: 4}).check("Dense 'q'", (None, 5))
        Traceback (most recent call last):
        ValueError: Dense 'q' expects length 4 in axis -1, got shape (None, 5). Reshape the input, or build a new layer.
    """

    def __init__(
        self, dtype: Any = None, shape: Any = None, ndim: Any = None, max_ndim: Any = None, min_ndim: Any = None, axes: Any = None
    ):
        self.dtype, self.shape = dtype, None if shape is None else tuple(shape)
        self.ndim = ndim if shape is None else len(shape)
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.axes = dict(axes or {}) if shape is None else dict(enumerate(shape))

    def check(self, who: str, shape: Shape) -> None:
        """Raise ValueError if `shape` does not fit; `who` is asked."""
        ndim = len(shape)
        for law, holds in (
            (f"{self.ndim} axes", self.ndim is None or ndim == self.ndim),
            (f"at least {self.min_ndim} axes", self.min_ndim is None or ndim >= self.min_ndim),
            (f"at most {self.max_ndim} axes", self.max_ndim is None or ndim <= self.max_ndim),
            *((f"length {n} in axis {axis}", _has_length(shape, axis, n)) for axis, n in self.axes.items()),
        ):
            if not holds:
                raise ValueError(f"{who} expects {law}, got shape {shape}. Reshape the input, or build a new layer.")

    def get_config(self) -> dict[str, Any]:
        """What the constructor was given."""
        return {
            "dtype": self.dtype, "shape": self.shape, "ndim": self.ndim, "max_ndim": self.max_ndim, "min_ndim": self.min_ndim,
            "axes": self.axes,
        }  # fmt: skip


def _has_length(shape: Shape, axis: Any, length: int | None) -> bool:
    axis = operator.index(axis)
    return -len(shape) <= axis < len(shape) and (None in (length, shape[axis]) or shape[axis] == length)


def is_shape(shape: Any) -> bool:
    """Whether this is the shape of one input, and no list or dict of shapes."""
    return not isinstance(shape, dict) and all(n is None or hasattr(n, "__index__") for n in shape)


def map_shapes(function: Callable, shapes: Any) -> Any:
    """`function` of a shape, or of each in a list or dict of shapes."""
    if is_shape(shapes):
        return function(tuple(shapes))
    if isinstance(shapes, dict):
        return {key: map_shapes(function, shape) for key, shape in shapes.items()}
    return [map_shapes(function, shape) for shape in shapes]


def any_batch(shapes: Any) -> Any:
    """The same with None for the length of the batch axis."""
    return map_shapes(lambda shape: (None, *shape[1:]) if shape else (), shapes)


def shape_of(x: Any) -> Any:
    """The shape of a Tensor; a list or dict of those in a structure."""
    if isinstance(x, dict):
        return {key: shape_of(part) for key, part in x.items()}
    return [shape_of(part) for part in x] if isinstance(x, (list, tuple)) else x.shape


def shapes_in(shapes: Any) -> Sequence[Shape]:
    """One shape, or several, as a list."""
    return [shapes] if is_shape(shapes) else shapes


def has_open_axis(shapes: Any) -> bool:
    """Whether a length other than that of the batch axis is any."""
    found: list[bool] = []
    map_shapes(lambda shape: found.append(None in shape[1:]), shapes)
    return any(found)


def masks_in(x: Any) -> Any:
    """The masks of several inputs, in a list; None if none has one."""
    masks = [mask_of(part) for part in flatten(x)[0]]
    return None if all(mask is None for mask in masks) else masks
