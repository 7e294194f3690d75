"""Further functions of numbers that NumPy has: other bases, other units, other ways with signs, nan and bits."""

from __future__ import annotations

import math
import operator

import numpy as np

from ..graph import NUMBERS
from .declare import binary, elementwise, op, unary
from .elementwise import LN2, floor_divide, isnan, log_of_sum, maximum, minimum, remainder, sign, trunc, where
from .probability import _share
from .rearrange import own

DEGREE = math.pi / 180

# fmt: off
#                              formula             on arrays                    gradients and words
copy       = unary("copy",       "x",               lambda x: np.array(x)[()],   x=lambda g: g,                       doc="The same numbers in memory of their own.")
reciprocal = unary("reciprocal", "1 / x",           lambda x: 1 / x,             x=lambda g, out: -g * out * out,     doc="1 / x; inf at 0.")
exp2       = unary("exp2",       "2.0 ** x",        np.exp2,                     x=lambda g, out: g * (LN2 * out),    doc="2 raised to x.")
cbrt       = unary("cbrt",       "cbrt(x)",         np.cbrt,                     x=lambda g, out: g / (3 * out * out), doc="Cube root, of negative numbers too; slope inf at 0.")
deg2rad    = unary("deg2rad",    "radians(x)",      np.deg2rad,                  x=lambda g: g * DEGREE,              doc="Degrees as radians.")
rad2deg    = unary("rad2deg",    "degrees(x)",      np.rad2deg,                  x=lambda g: g / DEGREE,              doc="Radians as degrees.")
signbit    = unary("signbit",    "copysign(1, x) < 0", np.signbit,               doc="Whether x has a minus, as -0.0 has. No gradient.")
fmod       = binary("fmod",      "fmod(x, y)",      np.fmod,                     x=lambda g: g, y=lambda g, x, y: -g * trunc(x / y),
                    doc="Remainder with the sign of x, as in C. See `remainder`.")
# fmt: on


@elementwise(
    "x if x == y and x - x != 0 else max(x, y) + log2(1 + 2.0 ** -abs(x - y))",
    x=lambda g, x, y: g * _share(x * LN2, y * LN2),
    y=lambda g, x, y: g * _share(y * LN2, x * LN2),
)
def logaddexp2(x, y, /):
    """log2(2**x + 2**y), without overflow. See `logaddexp`."""
    return log_of_sum(x, y, np.logaddexp2)


@elementwise("copysign(x, y)", x=lambda g, x, y: g * (sign(x) * copysign(1.0, y)))
def copysign(x, y, /):
    """|x| with the sign of y, which gets no gradient."""
    return np.copysign(x, y)


@elementwise("0.0 if x < 0 else h0 if x == 0 else 1.0 if x > 0 else x", h0=lambda g, x: where(x == 0, g, 0))
def heaviside(x, h0, /):
    """0 below 0, 1 above, h0 at 0. Flat in x: no gradient."""
    return np.heaviside(x, h0)


def fmax(x, y):
    """The larger of x and y, and the other one where one is nan. See `maximum`."""
    x, y = _operand(x), _operand(y)
    return maximum(where(isnan(x), y, x), where(isnan(y), x, y))


def fmin(x, y):
    """The smaller of x and y, and the other one where one is nan. See `minimum`."""
    x, y = _operand(x), _operand(y)
    return minimum(where(isnan(x), y, x), where(isnan(y), x, y))


def _operand(x):
    """x as something to compute with; a Python number stays one and takes the type of the other operand."""
    return x if type(x) in NUMBERS else own(x)


def divmod(x, y):
    """Quotient rounded down, and remainder."""
    return floor_divide(x, y), remainder(x, y)


def modf(x):
    """What stands behind the point and what stands before it, both with the sign of x."""
    return fmod(x, 1), trunc(x)


def real(x):
    """x itself: all numbers here are real."""
    return own(x)


# Bits of whole numbers; of truth values what `logical_and` and so on are ------------------------------

# fmt: off
bitwise_and = binary("bitwise_and", "x & y", operator.and_, doc="Bits that both x and y have. No gradient, like everything on bits.")
bitwise_or  = binary("bitwise_or",  "x | y", operator.or_,  doc="Bits that x or y has.")
bitwise_xor = binary("bitwise_xor", "x ^ y", operator.xor,  doc="Bits that just one of x and y has.")
# fmt: on


@op()
def invert(x, /):
    """All bits turned over; of truth values `logical_not`."""
    return np.invert(x)


@op()
def left_shift(x, n, /):
    """Bits moved up by n places: whole numbers times 2**n."""
    return np.left_shift(x, n)


@op()
def right_shift(x, n, /):
    """Bits moved down by n places: whole numbers divided by 2**n, rounded down."""
    return np.right_shift(x, n)
