"""The functions of `exponentials`, `logarithms` and `angles` for float64: those of the C library, one number at a time."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

THIRD = np.float64(1 / 3)


def cbrt(x):
    """Cube root: that of `pow`, and one step of Newton's."""
    y = abs(x)
    root = math.pow(y, THIRD)
    root -= (root - y / (root * root)) * THIRD
    return math.copysign(root, x) if 0.0 < y < math.inf else x


def hypot(x, y):
    """sqrt(x² + y²), which does not overflow; inf beside nan is inf."""
    a, b = abs(x), abs(y)
    low, high = (a, b) if a < b else (b, a)
    ratio = low / high
    size = high * math.sqrt(1.0 + ratio * ratio) if high > 0.0 else low + high
    return math.inf if a == math.inf or b == math.inf else size


FUNCTIONS: dict[str, Callable] = {
    "exp": lambda x: math.exp(x),
    "exp_down": lambda x: math.exp(x),
    "exp2": lambda x: math.exp2(x),
    "expm1": lambda x: math.expm1(x),
    "expm1_down": lambda x: math.expm1(x),
    "log": lambda x: math.log(x),
    "log2": lambda x: math.log2(x),
    "log10": lambda x: math.log10(x),
    "log1p": lambda x: math.log1p(x),
    "log1p_unit": lambda x: math.log1p(x),
    "power": lambda x, y: math.pow(x, y),
    "cbrt": cbrt,
    "hypot": hypot,
    "sin": lambda x: math.sin(x),
    "cos": lambda x: math.cos(x),
    "tan": lambda x: math.tan(x),
    "arcsin": lambda x: math.asin(x),
    "arccos": lambda x: math.acos(x),
    "arctan": lambda x: math.atan(x),
    "arctan2": lambda y, x: math.atan2(y, x),
    "sinh": lambda x: math.sinh(x),
    "cosh": lambda x: math.cosh(x),
    "tanh": lambda x: math.tanh(x),
    "arcsinh": lambda x: math.asinh(x),
    "arccosh": lambda x: math.acosh(x),
    "arctanh": lambda x: math.atanh(x),
    "erf": lambda x: math.erf(x),
    "erfc": lambda x: math.erfc(x),
}
