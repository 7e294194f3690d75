"""The slope of a function of one number at 0, without its derivative: by a complex step, or by differences.

    >>> complex_step(lambda t: np.exp(2 * t))
    2.0
    >>> central(lambda t: np.exp(2 * t)).bend
    ''
    >>> print(central(abs))
    a kink, slopes -1 and 1
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

TINY = 1e-20  # of the complex step: its square is below the rounding of any float64
RATIO = 16.0
STEPS = tuple(2.0**-9 / RATIO**i for i in range(3))  # powers of two, so that x ± step is exact
EPSILON = float(np.finfo(np.float64).eps)


class Slope(NamedTuple):
    """A slope, how far off it may be, and the slopes to the left and to the right."""

    value: float
    error: float = 0.0
    left: float = np.nan
    right: float = np.nan
    bend: str = ""  # "kink", "jump", "edge" where there is no slope, else empty

    def allows(self, gradient: float, tolerance: float) -> bool:
        """Whether `gradient` is a right one: at a kink anything between both slopes, at a jump any number."""
        if self.bend == "kink":
            lowest, highest = sorted((self.left, self.right))
            return bool(lowest - tolerance <= gradient <= highest + tolerance)
        return gradient == gradient if self.bend else abs(gradient - self.value) <= tolerance

    def __str__(self) -> str:
        if self.bend:
            article = "an" if self.bend == "edge" else "a"
            return f"{article} {self.bend}, slopes {self.left:.10g} and {self.right:.10g}"
        doubt = f" ± {self.error:.1g}" if self.error > 1e-6 * max(1.0, abs(self.value)) else ""
        return f"expected {self.value:.10g}{doubt}"


def complex_step(function: Callable[[complex], Any]) -> float:
    """The slope at 0 of a function that is analytic, exact but for rounding: Im f(i h) / h with a tiny h.

    Source: Squire & Trapp (1998), Using complex variables to estimate derivatives of real functions.
    """
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)  # an imaginary part was thrown away
        return float(np.imag(function(TINY * 1j)) / TINY)


def central(function: Callable[[float], Any], scale: float = 1.0) -> Slope:
    """The slope at 0 of any function, by central differences at three steps.

    Two neighbouring steps give, by Richardson's extrapolation, a slope that is right to the fourth order,
    and by how much it moved an estimate of its error; the better pair counts.

    Args:
        function: of an offset, a float; returns a number.
        scale: multiplies the steps.

    Source: Richardson (1911); the choice of the step by its error as in Ridders (1982).
    """
    with np.errstate(all="ignore"):
        middle = float(function(0.0))
        sides = [_sides(function, middle, step * scale) for step in STEPS]
        centers = [(left + right) / 2 for left, right in sides]
        rounding = [EPSILON * abs(middle) / (step * scale) for step in STEPS]
        pairs = [_extrapolated(*three) for three in zip(centers, centers[1:], rounding[1:])]
        value, error = min(pairs, key=lambda pair: pair[1] if pair[1] == pair[1] else np.inf)
        bend = _bend(*sides[-1], *sides[-2], noise=1e-7 + 1e-9 * abs(middle))
    return Slope(value, error, *sides[-1], bend)


def linear(function: Callable[[float], Any], scale: float = 1.0) -> Slope:
    """The slope at 0 of a function that is linear, with a step of 1: nothing is lost to bending or cancellation."""
    middle = float(function(0.0))
    left, right = _sides(function, middle, scale)
    size = max(abs(middle), abs(left) * scale, abs(right) * scale)
    bend = "" if abs(right - left) * scale <= 64 * EPSILON * size else "kink"
    return Slope((left + right) / 2, 64 * EPSILON * size / scale, left, right, bend)


def _sides(function: Callable[[float], Any], middle: float, step: float) -> tuple[float, float]:
    return (middle - float(function(-step))) / step, (float(function(step)) - middle) / step


def _extrapolated(coarse: float, fine: float, rounding: float) -> tuple[float, float]:
    value = (RATIO**2 * fine - coarse) / (RATIO**2 - 1)
    return value, abs(value - fine) + rounding


def _bend(left: float, right: float, far_left: float, far_right: float, noise: float) -> str:
    """What keeps a function from having a slope, judged by the slopes over a step and over one `RATIO` times as long.

    Over the longer step a smooth function bends `RATIO` times as much, a kink as much, and a jump is
    1/`RATIO` as steep. At an edge the function ends: one side is not a number.
    """
    if (left == left) != (right == right):
        return "edge"
    steep, far = max(abs(left), abs(right)), max(abs(far_left), abs(far_right))
    if steep > 3 * far + 1:
        return "jump"
    return "kink" if abs(right - left) > max(noise, abs(far_right - far_left) / 2) else ""
