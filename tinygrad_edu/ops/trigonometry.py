"""Functions of angles and of hyperbolas, and their inverses. `sin`, `cos` and `tanh` are in `elementwise`.

The slopes of the inverses are written as products of small differences, (1 - x)(1 + x) and not 1 - x²,
which stay exact near the ends of the domain and do not overflow.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .declare import elementwise, unary
from .elementwise import sqrt, where

cosh: Any  # the rules of sinh and cosh name each other

# fmt: off
#                           formula     on arrays    gradient                                              words
tan     = unary("tan",     "tan(x)",   np.tan,      x=lambda g, out: g * (1 + out * out),                 doc="Tangent of x [radians].")
arcsin  = unary("arcsin",  "asin(x)",  np.arcsin,   x=lambda g, x: g / sqrt((1 - x) * (1 + x)),           doc="Angle [radians] whose sine is x; slope inf at ±1, nan beyond.")
arccos  = unary("arccos",  "acos(x)",  np.arccos,   x=lambda g, x: -g / sqrt((1 - x) * (1 + x)),          doc="Angle [radians] whose cosine is x; slope -inf at ±1, nan beyond.")
arctan  = unary("arctan",  "atan(x)",  np.arctan,   x=lambda g, x: g / (1 + x * x),                       doc="Angle [radians] whose tangent is x.")
sinh    = unary("sinh",    "sinh(x)",  np.sinh,     x=lambda g, x: g * cosh(x),                           doc="Hyperbolic sine.")
cosh    = unary("cosh",    "cosh(x)",  np.cosh,     x=lambda g, x: g * sinh(x),                           doc="Hyperbolic cosine.")
arcsinh = unary("arcsinh", "asinh(x)", np.arcsinh,  x=lambda g, x: g / hypot(x, 1),                       doc="Inverse of sinh.")
arccosh = unary("arccosh", "acosh(x)", np.arccosh,  x=lambda g, x: g / (sqrt(x - 1) * sqrt(x + 1)),       doc="Inverse of cosh; slope inf at 1, nan below.")
arctanh = unary("arctanh", "atanh(x)", np.arctanh,  x=lambda g, x: g / ((1 - x) * (1 + x)),               doc="Inverse of tanh; ±inf at ±1, nan beyond.")
# fmt: on


@elementwise("hypot(x, y)", x=lambda g, x, out: g * _share(x, out), y=lambda g, y, out: g * _share(y, out))
def hypot(x, y, /):
    """Distance of the point (x, y) from the origin, without overflow. The gradient at the origin is 0."""
    return np.hypot(x, y)


@elementwise("atan2(y, x)", y=lambda g, y, x: g * _turn(x, hypot(x, y)), x=lambda g, y, x: -g * _turn(y, hypot(x, y)))
def arctan2(y, x, /):
    """Angle [radians] of the point (x, y), between -π and π. The gradient at the origin is 0."""
    return np.arctan2(y, x)


def _share(x, distance):
    """x / distance, and 0 at the origin."""
    return where(distance == 0, 0, x) / where(distance == 0, 1, distance)


def _turn(x, distance):
    """x / distance², which may neither overflow nor underflow."""
    return _share(x, distance) / where(distance == 0, 1, distance)
