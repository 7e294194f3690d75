"""How to make an example of every initializer that is registered: one line each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats

from tinygrad_edu import initializers

LARGE = (400, 250)  # 100,000 numbers: fan_in 400, fan_out 250


def checkered(shape):
    """A function of a shape alone, which a config can name."""
    return np.indices(shape).sum(axis=0) % 2


class Sample:
    """How to make an initializer, and shapes that it takes.

    Args:
        make: from a seed, if it is random, to a new initializer.
        shapes: that it can make.
        is_random: whether it draws.
    """

    def __init__(self, make: Callable[..., Any], *shapes: tuple, is_random: bool = True):
        self.make, self.shapes, self.is_random = make, shapes, is_random

    def seeded(self, seed: Any = 7) -> Any:
        return self.make(seed) if self.is_random else self.make()


ANY = (), (5,), (3, 4), (2, 3, 4), (0,), (0, 3), (3, 0)
MATRICES = (3, 4), (4, 3), (3, 3), (0, 3), (3, 0), (0, 0)

I = initializers

# fmt: off
INITIALIZERS: dict[str, Sample] = {
    "zeros":                Sample(lambda: I.Zeros(), *ANY, is_random=False),
    "ones":                 Sample(lambda: I.Ones(), *ANY, is_random=False),
    "constant":             Sample(lambda: I.Constant(2.5), *ANY, is_random=False),
    "fixed_values":         Sample(lambda: I.FixedValues([[1.0, 2.0], [3.0, 4.0]]), (2, 2), is_random=False),
    "identity":             Sample(lambda: I.Identity(3), *MATRICES, is_random=False),
    "function_initializer": Sample(lambda: I.FunctionInitializer(checkered), *MATRICES, is_random=False),
    "random_uniform":       Sample(lambda seed=None: I.RandomUniform(1, 2, seed), *ANY),
    "random_normal":        Sample(lambda seed=None: I.RandomNormal(1, 2, seed), *ANY),
    "truncated_normal":     Sample(lambda seed=None: I.TruncatedNormal(1, 2, seed), *ANY),
    "orthogonal":           Sample(lambda seed=None: I.Orthogonal(2, seed), *MATRICES, (2, 3, 4), (1, 1)),
    "variance_scaling":     Sample(lambda seed=None: I.VarianceScaling(2.0, "fan_avg", "uniform", seed), *ANY),
    "lecun_uniform":        Sample(lambda seed=None: I.LecunUniform(seed), *ANY),
    "lecun_normal":         Sample(lambda seed=None: I.LecunNormal(seed), *ANY),
    "glorot_uniform":       Sample(lambda seed=None: I.GlorotUniform(seed), *ANY),
    "glorot_normal":        Sample(lambda seed=None: I.GlorotNormal(seed), *ANY),
    "he_uniform":           Sample(lambda seed=None: I.HeUniform(seed), *ANY),
    "he_normal":            Sample(lambda seed=None: I.HeNormal(seed), *ANY),
    "xavier_uniform":       Sample(lambda seed=None: I.XavierUniform(seed), *ANY),
}
# fmt: on

each_initializer = pytest.mark.parametrize("sample", INITIALIZERS.values(), ids=INITIALIZERS)
each_random_initializer = pytest.mark.parametrize(
    "sample", [pytest.param(sample, id=name) for name, sample in INITIALIZERS.items() if sample.is_random]
)


def draw(initializer: Callable, shape: tuple[int, ...] = LARGE) -> np.ndarray:
    """Many numbers, with all their digits."""
    return initializer(shape, "float64").ravel()


def assert_distributed(sample: np.ndarray, distribution: str, *args: float) -> None:
    """Kolmogorov and Smirnov do not object, at one in a thousand."""
    assert scipy.stats.kstest(sample, getattr(scipy.stats, distribution)(*args).cdf).pvalue > 1e-3
