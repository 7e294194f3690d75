"""One law, variance scaling, and a table of its names.

A layer's output keeps the variance of its input when the weights' variance is 1 / fan_in (LeCun et al. 1998,
"Efficient BackProp", section 4.6); Glorot and He changed the factor and the fan.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arguments import number
from ..random import truncated
from .initializer import RandomInitializer, registry

TRUNCATED_STD = 0.87962566103423978  # of a unit normal cut off at ±2


@registry.add_class
class VarianceScaling(RandomInitializer):
    """Variance scale / fan: the law behind LeCun's, Glorot's and He's initializers.

    Args:
        scale: numerator of the variance.
        mode: "fan_in", "fan_out" or "fan_avg" (their mean): the denominator; a fan of 0 counts as 1.
        distribution: "truncated_normal" (or "normal"), "untruncated_normal" or "uniform".
        seed: see `RandomInitializer`.

    Raises:
        ValueError: for a scale <= 0, and for unknown words.

    A truncated normal is drawn 1 / 0.8796 as wide and cut at twice that, so that what is left has the variance asked for,
    as in Keras; `TruncatedNormal` is not corrected. The papers' plain normal is "untruncated_normal".

    Source: He et al. (2015), section 2.2.
    """

    def __init__(self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal", seed: Any = None):
        super().__init__(seed)
        self.scale = number("VarianceScaling", "scale", scale, low=-math.inf)
        if self.scale <= 0:
            raise ValueError(f"VarianceScaling expects scale > 0, got {scale!r}.")
        if mode not in _FANS:
            raise ValueError(f"VarianceScaling expects a mode out of {list(_FANS)}, got {mode!r}.")
        if distribution not in _DISTRIBUTIONS:
            raise ValueError(f"VarianceScaling expects a distribution out of {list(_DISTRIBUTIONS)}, got {distribution!r}.")
        self.mode, self.distribution = mode, distribution

    def sample(self, rng, shape):
        variance = self.scale / max(1.0, _FANS[self.mode](*compute_fans(shape)))
        return _DISTRIBUTIONS[self.distribution](rng, math.sqrt(variance), shape)


def compute_fans(
    shape: Sequence[int], input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """How many inputs an output sums up (fan_in), and how many outputs an input feeds (fan_out).

        >>> compute_fans((300, 100)), compute_fans((3, 3, 16, 32)), compute_fans((64, 8, 32), [0], [1, 2])
        ((300, 100), (144, 288), (64, 256))

    Shapes: kernels are (inputs, outputs) or, of a convolution, (..., channels in, channels out). With fewer than two axes
    both fans are the size.

    Args:
        shape: of the kernel.
        input_axes: which axes count inputs; None takes the last but one.
        output_axes: which axes count outputs; None takes the last. All other axes are a window, and count in both fans.

    Raises:
        ValueError: for an axis that the shape has not.
    """
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    ins, outs = _axes(input_axes, -2, shape), _axes(output_axes, -1, shape)
    fan_in = math.prod(n for axis, n in enumerate(shape) if axis not in outs)
    fan_out = math.prod(n for axis, n in enumerate(shape) if axis not in ins)
    return fan_in, fan_out


def _axes(axes: Sequence[int] | None, default: int, shape: Sequence[int]) -> tuple[int, ...]:
    return np.lib.array_utils.normalize_axis_tuple(default if axes is None else axes, len(shape))


def _truncated_normal(rng: np.random.Generator, std: float, shape: tuple[int, ...]) -> np.ndarray:
    return std / TRUNCATED_STD * truncated(rng, shape)


_FANS = {"fan_in": lambda i, o: i, "fan_out": lambda i, o: o, "fan_avg": lambda i, o: (i + o) / 2}
_DISTRIBUTIONS = {
    "truncated_normal": _truncated_normal,
    "normal": _truncated_normal,
    "untruncated_normal": lambda rng, std, shape: rng.normal(0.0, std, shape),
    "uniform": lambda rng, std, shape: rng.uniform(-math.sqrt(3) * std, math.sqrt(3) * std, shape),
}


def _named(name: str, scale: float, mode: str, distribution: str, source: str) -> type[VarianceScaling]:
    """A subclass of VarianceScaling with everything but the seed decided."""

    def initialize(self, seed: Any = None):
        VarianceScaling.__init__(self, scale, mode, distribution, seed)

    initialize.__qualname__ = f"{name}.__init__"
    doc = f"{_in_words(scale, mode, distribution)}.\n\nArgs:\n    seed: see `RandomInitializer`.\n\nSource: {source}."
    words = {"__doc__": doc, "__module__": __name__, "__init__": initialize}
    return registry.add_class(type(name, (VarianceScaling,), words))


def _in_words(scale: float, mode: str, distribution: str) -> str:
    numerator, fan = (2 * scale, "(fan_in + fan_out)") if mode == "fan_avg" else (scale, mode)
    if distribution == "uniform":
        return f"Uniform between ±√({3 * numerator:g} / {fan})"
    return f"Normal, truncated as `VarianceScaling` says, with the standard deviation √({numerator:g} / {fan})"


# fmt: off
#                                      scale  fan        distribution        source
LecunUniform  = _named("LecunUniform",  1.0, "fan_in",  "uniform",          "LeCun et al. (1998), section 4.6")
LecunNormal   = _named("LecunNormal",   1.0, "fan_in",  "truncated_normal", "LeCun et al. (1998), section 4.6")
GlorotUniform = _named("GlorotUniform", 1.0, "fan_avg", "uniform",          "Glorot & Bengio (2010), eq. 16")
GlorotNormal  = _named("GlorotNormal",  1.0, "fan_avg", "truncated_normal", "Glorot & Bengio (2010), eq. 12")
HeUniform     = _named("HeUniform",     2.0, "fan_in",  "uniform",          "He et al. (2015), eq. 10")
HeNormal      = _named("HeNormal",      2.0, "fan_in",  "truncated_normal", "He et al. (2015), eq. 10")
XavierUniform = _named("XavierUniform", 1/3, "fan_in",  "uniform",          "Glorot & Bengio (2010), eq. 1. Not in Keras; "
                                                                            "PyTorch's xavier_uniform_ is GlorotUniform")
# fmt: on
