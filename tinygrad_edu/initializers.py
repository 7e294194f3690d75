"""How weights begin: one law, variance scaling, and a table of its names; and the plain distributions.

A layer's output keeps the variance of its input when the weights' variance is 1 / fan_in (LeCun et
al. 1998, "Efficient BackProp", section 4.6); Glorot and He changed the factor and the fan.

An unseeded initializer draws anew at every call; a seeded one gives the same numbers at every call.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import random
from .config import floatx, snake_case
from .registry import Configurable, Registry

_registry = Registry("initializer")
_TRUNCATED_STD = 0.87962566103423978  # of a unit normal cut off at ±2


def get(identifier: Any) -> Any:
    """The initializer of a name ("he_uniform", "HeUniform", ...), a class, or any callable(shape, dtype)."""
    return _registry.get(identifier)


class Initializer(Configurable):
    """Makes an array of a shape: `initializer(shape, dtype=None)`. Subclasses say how in `draw`."""

    seed: int | None = None

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        return np.asarray(self.draw(tuple(map(int, shape))), dtype or floatx())

    def draw(self, shape: tuple[int, ...]) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} expects a method draw(shape).")


@_registry.add_class
class Constant(Initializer):
    """The same number everywhere."""

    def __init__(self, value: float = 0.0):
        self.value = value

    def draw(self, shape):
        return np.full(shape, self.value)


class Zeros(Initializer):
    """All 0. As kernels they never learn: every unit of a layer stays the same as every other."""

    def draw(self, shape):
        return np.zeros(shape)


class Ones(Initializer):
    """All 1."""

    def draw(self, shape):
        return np.ones(shape)


class RandomUniform(Initializer):
    """Uniform in [minval, maxval)."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None):
        if minval > maxval:
            raise ValueError(f"RandomUniform expects minval <= maxval, got {minval} > {maxval}.")
        self.minval, self.maxval, self.seed = float(minval), float(maxval), seed

    def draw(self, shape):
        return random.generator(self.seed).uniform(self.minval, self.maxval, shape)


class RandomNormal(Initializer):
    """Normal with a mean and a standard deviation."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None):
        if stddev < 0:
            raise ValueError(f"{type(self).__name__} expects stddev >= 0, got {stddev}.")
        self.mean, self.stddev, self.seed = float(mean), float(stddev), seed

    def draw(self, shape):
        return random.generator(self.seed).normal(self.mean, self.stddev, shape)


class TruncatedNormal(RandomNormal):
    """Normal, drawn again beyond two standard deviations; what is left spreads 0.8796 as wide."""

    def draw(self, shape):
        return self.mean + self.stddev * _truncated(random.generator(self.seed), shape)


class VarianceScaling(Initializer):
    """Variance scale / fan: the law behind LeCun's, Glorot's and He's initializers.

    Args:
        scale: numerator of the variance.
        mode: "fan_in", "fan_out" or "fan_avg" (their mean): the denominator.
        distribution: "truncated_normal" (or "normal"), "untruncated_normal" or "uniform".
        seed: None draws anew at every call.

    Source: He et al. (2015), section 2.2; the truncated form keeps the variance, as Keras does.
    """

    def __init__(self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal", seed: int | None = None):
        if scale <= 0:
            raise ValueError(f"VarianceScaling expects scale > 0, got {scale}.")
        if mode not in _FANS:
            raise ValueError(f"VarianceScaling expects a mode out of {list(_FANS)}, got {mode!r}.")
        if distribution not in _DISTRIBUTIONS:
            raise ValueError(f"VarianceScaling expects a distribution out of {list(_DISTRIBUTIONS)}, got {distribution!r}.")
        self.scale, self.mode, self.distribution, self.seed = float(scale), mode, distribution, seed

    def draw(self, shape):
        variance = self.scale / max(1.0, _FANS[self.mode](*compute_fans(shape)))
        return _DISTRIBUTIONS[self.distribution](random.generator(self.seed), math.sqrt(variance), shape)


def compute_fans(shape: Sequence[int]) -> tuple[int, int]:
    """How many inputs an output sums up (fan_in), and how many outputs an input feeds (fan_out).

    Shapes: kernels are (inputs, outputs) or, of a convolution, (..., channels in, channels out).
    """
    if len(shape) < 2:
        size = math.prod(shape)
        return size, size
    receptive = math.prod(shape[:-2])
    return shape[-2] * receptive, shape[-1] * receptive


_FANS = {"fan_in": lambda i, o: i, "fan_out": lambda i, o: o, "fan_avg": lambda i, o: (i + o) / 2}


def _truncated(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Unit normal without what lies beyond ±2."""
    x = rng.standard_normal(shape)
    while (outside := np.abs(x) > 2).any():
        x[outside] = rng.standard_normal(outside.sum())
    return x


_DISTRIBUTIONS = {
    "truncated_normal": lambda rng, std, shape: std / _TRUNCATED_STD * _truncated(rng, shape),
    "normal": lambda rng, std, shape: std / _TRUNCATED_STD * _truncated(rng, shape),
    "untruncated_normal": lambda rng, std, shape: rng.normal(0.0, std, shape),
    "uniform": lambda rng, std, shape: rng.uniform(-math.sqrt(3) * std, math.sqrt(3) * std, shape),
}


def _named(name: str, scale: float, mode: str, distribution: str, source: str) -> type[VarianceScaling]:
    """A subclass of VarianceScaling with everything but the seed decided."""

    def initialize(self, seed: int | None = None):
        VarianceScaling.__init__(self, scale, mode, distribution, seed)

    initialize.__qualname__ = f"{name}.__init__"
    doc = f"{distribution.replace('_', ' ').capitalize()} with variance {scale:g} / {mode}. Source: {source}."
    words = {"__doc__": doc, "__module__": __name__, "__init__": initialize}
    return _registry.add_class(type(name, (VarianceScaling,), words))


# fmt: off
#                                    scale  fan        distribution        source
LecunUniform  = _named("LecunUniform",  1.0, "fan_in",  "uniform",          "LeCun et al. (1998), section 4.6")
LecunNormal   = _named("LecunNormal",   1.0, "fan_in",  "truncated_normal", "LeCun et al. (1998), section 4.6")
GlorotUniform = _named("GlorotUniform", 1.0, "fan_avg", "uniform",          "Glorot & Bengio (2010), eq. 16")
GlorotNormal  = _named("GlorotNormal",  1.0, "fan_avg", "truncated_normal", "Glorot & Bengio (2010), eq. 12")
HeUniform     = _named("HeUniform",     2.0, "fan_in",  "uniform",          "He et al. (2015), eq. 10")
HeNormal      = _named("HeNormal",      2.0, "fan_in",  "truncated_normal", "He et al. (2015), eq. 10")
# fmt: on

for _cls, _legacy in ((Zeros, ("zero",)), (Ones, ("one",)), (RandomUniform, ("uniform",)), (RandomNormal, ("normal",)),
                      (TruncatedNormal, ()), (VarianceScaling, ())):  # fmt: skip
    _registry.add(_cls, snake_case(_cls.__name__), _cls.__name__, *_legacy)

constant, zeros, ones = Constant, Zeros, Ones
random_uniform, random_normal, truncated_normal = RandomUniform, RandomNormal, TruncatedNormal
variance_scaling = VarianceScaling
lecun_uniform, lecun_normal = LecunUniform, LecunNormal
glorot_uniform, glorot_normal = GlorotUniform, GlorotNormal
he_uniform, he_normal = HeUniform, HeNormal
