"""Layers that move numbers about, and leave the batch axis alone."""

from __future__ import annotations

import math
from typing import Any

from .. import compat, ops
from .arguments import is_whole, positive_int
from .layer import Layer, register


class _Moving(Layer):
    keeps_whole_numbers = True


@register()
class Flatten(_Moving):
    """All numbers of a sample in a row.

    Shapes: (batch, ...) -> (batch, product of the lengths); (batch,) -> (batch, 1).

    Args:
        data_format: "channels_last" (None), or "channels_first", whose channels are moved to the end first, so that a row
            means the same in both.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = data_format_of("Flatten", data_format)

    def call(self, x):
        if self.data_format == "channels_first" and len(x.shape) > 2:
            x = ops.moveaxis(x, 1, -1)
        return ops.reshape(x, (x.shape[0], math.prod(x.shape[1:])))

    def compute_output_shape(self, input_shape):
        lengths = input_shape[1:]
        return input_shape[0], None if None in lengths else math.prod(lengths)


@register()
class Reshape(_Moving):
    """The numbers of a sample in another shape.

    Shapes: (batch, ...) -> (batch, *target_shape).

    Args:
        target_shape: shape of a sample; one length may be -1, which takes what is left.

    Raises:
        ValueError: for a shape of another size.
    """

    @compat.spelled("reshape")
    def __init__(self, target_shape: Any, **kwargs: Any):
        super().__init__(**kwargs)
        shape: list[Any] = list(target_shape) if hasattr(target_shape, "__iter__") else [None]
        if not all(is_whole(n) and n >= -1 for n in shape) or shape.count(-1) > 1:
            raise ValueError(f"Reshape expects target_shape to be a sequence of lengths, at most one -1, got {target_shape!r}.")
        self.target_shape = tuple(map(int, shape))

    def call(self, x):
        return ops.reshape(x, self.compute_output_shape(x.shape))

    def compute_output_shape(self, input_shape):
        lengths = input_shape[1:]
        if None in lengths:
            return input_shape[0], *(None if n == -1 else n for n in self.target_shape)
        size, known = math.prod(lengths), math.prod(n for n in self.target_shape if n != -1)
        rest = size // known if known else 0
        shape = tuple(rest if n == -1 else n for n in self.target_shape)
        if math.prod(shape) != size:
            raise ValueError(
                f"{self.who} expects samples that fill {self.target_shape}, got shape {tuple(input_shape)}. "
                f"Choose a target_shape of {size} numbers."
            )
        return input_shape[0], *shape


@register()
class RepeatVector(_Moving):
    """Each row `n` times, as the steps of a sequence.

    Shapes: (batch, features) -> (batch, n, features).

    Args:
        n: how often.

    Raises:
        TypeError: for an n that is no whole number.
    """

    def __init__(self, n: Any, **kwargs: Any):
        super().__init__(**kwargs)
        if not is_whole(n):
            raise TypeError(f"RepeatVector expects n to be a whole number, got {n!r}.")
        self.n = positive_int("RepeatVector", "n", n)

    def check_input(self, shape):
        if len(shape) != 2:
            raise ValueError(f"{self.who} expects inputs (batch, features), got shape {tuple(shape)}. Flatten them first.")

    def call(self, x):
        return ops.repeat(ops.expand_dims(x, axis=1), self.n, axis=1)

    def compute_output_shape(self, input_shape):
        return input_shape[0], self.n, input_shape[1]


@register()
class Permute(_Moving):
    """The axes of a sample in another order.

    Shapes: Permute((2, 1)) makes (batch, steps, features) -> (batch, features, steps).

    Args:
        dims: the axes in their new order, counted from 1.

    Raises:
        ValueError: if `dims` does not name each axis once.
    """

    def __init__(self, dims: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"Permute expects dims to name each axis from 1 on once, got {self.dims}. Write (2, 1) to swap two.")
        self.dims = tuple(map(int, self.dims))

    def check_input(self, shape):
        if len(shape) != len(self.dims) + 1:
            raise ValueError(f"{self.who} expects samples of {len(self.dims)} axes, got shape {tuple(shape)}. Adapt dims.")

    def call(self, x):
        return ops.transpose(x, (0, *self.dims))

    def compute_output_shape(self, input_shape):
        return input_shape[0], *(input_shape[i] for i in self.dims)


def data_format_of(owner: str, data_format: Any) -> str:
    """Where images have their channels: "channels_last", also for None, or "channels_first"."""
    if data_format not in (None, "channels_last", "channels_first"):
        raise ValueError(f"{owner} expects data_format 'channels_last' or 'channels_first', got {data_format!r}.")
    return data_format or "channels_last"
