"""Layers that put a frame around steps or images, cut one off, or make them larger."""

from __future__ import annotations

from typing import Any

from .. import ops
from .arguments import is_whole, positive_int
from .layer import Layer, register
from .reshaping import data_format_of

Sides = tuple[tuple[int, int], ...]  # what is added or cut before and behind, for each axis


class _Framing(Layer):
    """Works on the axes of space: those between batch and channels, or behind both if "channels_first"."""

    keeps_whole_numbers = True
    space = 1  # number of these axes

    def __init__(self, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = data_format_of(type(self).__name__, data_format)

    def check_input(self, shape):
        if len(shape) != self.space + 2:
            raise ValueError(f"{self.who} expects inputs of {self.space + 2} axes, got shape {tuple(shape)}. Reshape them.")

    @property
    def first(self) -> int:
        """The first axis of space."""
        return 1 if self.data_format == "channels_last" else 2

    def placed(self, parts: Any, otherwise: Any) -> list:
        """One entry for each axis of the input: `parts` for those of space."""
        entries = [otherwise] * (self.space + 2)
        entries[self.first : self.first + self.space] = parts
        return entries


def sides_of(owner: str, name: str, value: Any, space: int) -> Sides:
    """A number for all sides, one for each axis, or a pair (before, behind) for each axis, as such pairs."""
    entries = [value] * space if is_whole(value) else list(value) if hasattr(value, "__iter__") else []
    if space == 1 and len(entries) == 2 and all(map(is_whole, entries)):
        entries = [entries]
    pairs = [(n, n) if is_whole(n) else tuple(n) if hasattr(n, "__iter__") else () for n in entries]
    if len(pairs) != space or not all(len(pair) == 2 and all(is_whole(n) and n >= 0 for n in pair) for pair in pairs):
        raise ValueError(f"{owner} expects {name} to be a number >= 0, or a pair for each of {space} axes, got {value!r}.")
    return tuple((int(before), int(behind)) for before, behind in pairs)


class _Padding(_Framing):
    padding: Sides

    def call(self, x):
        return ops.pad_constant(x, pad_width=tuple(self.placed(self.padding, (0, 0))))

    def compute_output_shape(self, input_shape):
        frames = self.placed(self.padding, (0, 0))
        return tuple(None if n is None else n + before + behind for n, (before, behind) in zip(input_shape, frames))


@register()
class ZeroPadding1D(_Padding):
    """Zeros before and behind the steps.

    Shapes: (batch, steps, features) -> (batch, before + steps + behind, features).

    Args:
        padding: a number for both ends, or (before, behind).
    """

    def __init__(self, padding: Any = 1, **kwargs: Any):
        super().__init__(**kwargs)
        self.padding = sides_of("ZeroPadding1D", "padding", padding, 1)

    def get_config(self):
        return {**super().get_config(), "padding": list(self.padding[0])}


@register()
class ZeroPadding2D(_Padding):
    """Zeros around images.

    Shapes: (batch, height, width, channels) -> (batch, top + height + bottom, left + width + right, channels).

    Args:
        padding: a number for all sides, (for the height, for the width), or ((top, bottom), (left, right)).
        data_format: where the channels are; None means "channels_last".
    """

    space = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any):
        super().__init__(data_format, **kwargs)
        self.padding = sides_of("ZeroPadding2D", "padding", padding, 2)


class _Cropping(_Framing):
    cropping: Sides

    def check_input(self, shape):
        super().check_input(shape)
        self.compute_output_shape(shape)

    def call(self, x):
        keys = [slice(before, n - behind) for n, (before, behind) in zip(x.shape, self.placed(self.cropping, (0, 0)))]
        return x[tuple(keys)]

    def compute_output_shape(self, input_shape):
        frames = self.placed(self.cropping, (0, 0))
        shape = tuple(None if n is None else n - before - behind for n, (before, behind) in zip(input_shape, frames))
        if any(n is not None and n < 1 for n in shape[1:]):
            raise ValueError(f"{self.who} expects inputs larger than what is cut, got shape {tuple(input_shape)}. Cut less.")
        return shape


@register()
class Cropping1D(_Cropping):
    """The steps without the first and the last ones.

    Shapes: (batch, steps, features) -> (batch, steps - before - behind, features).

    Args:
        cropping: a number for both ends, or (before, behind).
    """

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any):
        super().__init__(**kwargs)
        self.cropping = sides_of("Cropping1D", "cropping", cropping, 1)

    def get_config(self):
        return {**super().get_config(), "cropping": list(self.cropping[0])}


@register()
class Cropping2D(_Cropping):
    """Images without their frame.

    Shapes: (batch, height, width, channels) -> (batch, height - top - bottom, width - left - right, channels).

    Args:
        cropping: a number for all sides, (for the height, for the width), or ((top, bottom), (left, right)).
        data_format: where the channels are; None means "channels_last".
    """

    space = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any):
        super().__init__(data_format, **kwargs)
        self.cropping = sides_of("Cropping2D", "cropping", cropping, 2)


class _UpSampling(_Framing):
    size: Any

    @property
    def _factors(self) -> tuple[int, ...]:
        return self.size if isinstance(self.size, tuple) else (self.size,)

    def call(self, x):
        for axis, factor in enumerate(self._factors, self.first):
            x = ops.repeat(x, factor, axis=axis)
        return x

    def compute_output_shape(self, input_shape):
        factors = self.placed(self._factors, 1)
        return tuple(None if n is None else n * factor for n, factor in zip(input_shape, factors))


@register()
class UpSampling1D(_UpSampling):
    """Each step several times.

    Shapes: (batch, steps, features) -> (batch, size · steps, features).

    Args:
        size: how often.
    """

    def __init__(self, size: Any = 2, **kwargs: Any):
        super().__init__(**kwargs)
        self.size = positive_int("UpSampling1D", "size", size)


@register()
class UpSampling2D(_UpSampling):
    """Each pixel several times in both directions: the way back up of an autoencoder.

    Shapes: (batch, height, width, channels) -> (batch, size · height, size · width, channels).

    Args:
        size: how often, or (in the height, in the width).
        data_format: where the channels are; None means "channels_last".
        interpolation: "nearest", the only one here.

        >>> print(UpSampling2D()([[[[1.0], [2.0]]]]).numpy()[0, :, :, 0])
        [[1. 1. 2. 2.]
         [1. 1. 2. 2.]]
    """

    space = 2

    def __init__(self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any):
        super().__init__(data_format, **kwargs)
        sizes = (size, size) if is_whole(size) else tuple(size)
        if len(sizes) != 2 or interpolation != "nearest":
            law = "a size, or one for each of 2 axes, and the interpolation 'nearest'"
            raise ValueError(f"UpSampling2D expects {law}, got {size!r} and {interpolation!r}.")
        self.size = tuple(positive_int("UpSampling2D", "size", n) for n in sizes)
        self.interpolation = interpolation
