"""Initializers that draw from a distribution that does not depend on the shape; and orthogonal matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arguments import number
from ..random import truncated
from .initializer import RandomInitializer, registry


class RandomUniform(RandomInitializer):
    """Uniform in [minval, maxval), before it is rounded to the dtype.

    Args:
        minval, maxval: bounds. By default ±0.05, not 0 and 1.
        seed: see `RandomInitializer`.

    Raises:
        ValueError: for minval > maxval.
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None):
        super().__init__(seed)
        self.minval, self.maxval = (number("RandomUniform", "its bounds", bound, low=-math.inf) for bound in (minval, maxval))
        if self.minval > self.maxval:
            raise ValueError(f"RandomUniform expects minval <= maxval, got {minval} > {maxval}.")

    def sample(self, rng, shape):
        return rng.uniform(self.minval, self.maxval, shape)


class RandomNormal(RandomInitializer):
    """Normal with a mean and a standard deviation.

    Args:
        mean, stddev: of the distribution.
        seed: see `RandomInitializer`.

    Raises:
        ValueError: for stddev < 0.
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None):
        super().__init__(seed)
        self.mean = number(type(self).__name__, "mean", mean, low=-math.inf)
        self.stddev = number(type(self).__name__, "stddev", stddev)

    def sample(self, rng, shape):
        return rng.normal(self.mean, self.stddev, shape)


class TruncatedNormal(RandomNormal):
    """Normal, drawn again beyond two standard deviations; what is left spreads 0.8796 as wide.

    Args:
        mean, stddev: of the normal distribution before it is cut.
        seed: see `RandomInitializer`.

    Raises:
        ValueError: for stddev < 0.
    """

    def sample(self, rng, shape):
        return self.mean + self.stddev * truncated(rng, shape)


class Orthogonal(RandomInitializer):
    """gain · Q, where Q is drawn evenly from all matrices with orthonormal columns, or rows if there are fewer of them.

    Such a layer turns its input but keeps its length, however often it is applied.

    Shapes: at least two axes; all but the last are taken as one.

    Args:
        gain: factor.
        seed: see `RandomInitializer`.

    Raises:
        ValueError: in the call, for fewer than two axes.

    Source: Saxe et al. (2014); Mezzadri (2007) for QR with the signs of R, without which some matrices are likelier
    than others. Keras 2 takes singular vectors in its place.
    """

    def __init__(self, gain: float = 1.0, seed: Any = None):
        super().__init__(seed)
        self.gain = number("Orthogonal", "gain", gain, low=-math.inf)

    def sample(self, rng, shape):
        if len(shape) < 2:
            raise ValueError(f"Orthogonal expects a shape of at least two axes, got {shape}.")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        q *= np.copysign(1, np.diagonal(r))
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


registry.add_class(RandomUniform, "uniform")
registry.add_class(RandomNormal, "normal")
registry.add_class(TruncatedNormal)
registry.add_class(Orthogonal, "OrthogonalInitializer")
