"""Exponentials of one float32, and what is made of them: polynomials without branches and without tables.

A loop over one of these functions does eight or sixteen numbers at once, in which nan, inf, signed zeros and numbers below the
smallest normal one come out as in NumPy. The polynomials were fitted to the smallest largest relative error (Lawson's algorithm
over Chebyshev's points); the tests measure what is left of it after rounding.

Sources: Cody & Waite, Software Manual for the Elementary Functions (1980), chapters 6 and 12; Muller et al., Handbook of
Floating-Point Arithmetic (2018), chapter 10; of the error function Shepherd & Laframboise, Math. Comp. 36 (1981).
"""

from __future__ import annotations

import functools
import math

import numpy as np

from ..kernel import kernel
from .vectors import polynomial

scalar = functools.partial(kernel, inline=True)  # a function of numbers, which loops must not call one by one
fused = functools.partial(scalar, fuse=True)  # where no sum has two products, so that a number's place in a loop changes nothing


def floats(*numbers: float) -> tuple[np.float32, ...]:
    """Coefficients of a polynomial, that of the highest power first."""
    return tuple(map(np.float32, numbers))


ZERO, HALF, ONE, TWO, INF = floats(0, 0.5, 1, 2, math.inf)
ROUND = np.float32(1.5 * 2**23)  # adding it leaves no digits behind the point: the last bits are the whole number
EXPONENT, BIAS = np.int32(23), np.int32(127 << 23)  # where in a float32 the power of 2 stands, and what 2⁰ looks like there
LN2, LOG2_E = floats(math.log(2), 1 / math.log(2))
LN2_HIGH, LN2_LOW = floats(0.693359375, math.log(2) - 0.693359375)  # k · LN2_HIGH is exact for whole k
LOWEST, HIGHEST = floats(-104, 90)  # exp is 0 below and inf above
FLAT = np.float32(-20)  # exp(x) - 1 is -1 below
EXP = floats(0.00138823933, 0.00836718082, 0.041667223, 0.16666539, 0.5)  # (exp(r) - 1 - r) / r²


@scalar
def power_of_2(k):
    """2**k for whole k from -126 to 127: k stands in the last bits of k + ROUND, and is moved to the place of the exponent."""
    return np.int32((np.float32(k + ROUND).view(np.int32) << EXPONENT) + BIAS).view(np.float32)


@scalar
def scaled(y, k):
    """y 2ᵏ, by two halves, of which no one overflows: the product is rounded once, also to a subnormal number."""
    half = np.rint(k * HALF)
    return y * power_of_2(half) * power_of_2(k - half)


@fused
def exp_parts(x, low):
    """(k, p): exp(x + low) = 2ᵏ (1 + p), where p is exp(r) - 1 of the rest r of (x + low) / ln 2. `low` is small."""
    k = np.rint((x + low) * LOG2_E)
    r = ((x - k * LN2_HIGH) - k * LN2_LOW) + low
    return k, polynomial(r, EXP) * r * r + r


@scalar
def within(x, low, high):
    """x limited to [low, high]; nan stays."""
    return low if x < low else high if x > high else x


@scalar
def exp(x):
    """e raised to x."""
    k, p = exp_parts(within(x, LOWEST, HIGHEST), ZERO)
    return scaled(ONE + p, k)


@scalar
def exp2(x):
    """2 raised to x; of whole numbers exact."""
    v = within(x, np.float32(-152), np.float32(130))
    k = np.rint(v)
    r = (v - k) * LN2
    return scaled(ONE + (polynomial(r, EXP) * r * r + r), k)


@scalar
def expm1(x):
    """exp(x) - 1, as twice h p + (h - 1/2) with h = 2ᵏ⁻¹, which does not overflow before its double does."""
    k, p = exp_parts(within(x, FLAT, np.float32(89)), ZERO)
    h = power_of_2(k - ONE)
    return math.copysign(TWO * (h * p + (h - HALF)), x)


# Hyperbolas --------------------------------------------------------------------------------------

SINH = floats(0.000203774063, 0.00833021104, 0.166667178)  # (sinh(x) - x) / x³ in x², up to 1


@scalar
def tanh(x):
    """tanh|x| = -e / (2 + e) with e = exp(-2|x|) - 1, with the sign of x."""
    e = expm1(-TWO * abs(x))
    return math.copysign(-e / (TWO + e), x)


@scalar
def half_exp(x):
    """exp(x) / 2, which overflows later."""
    k, p = exp_parts(within(x, LOWEST, HIGHEST), ZERO)
    return scaled(HALF + HALF * p, k)


@scalar
def cosh(x):
    """h + 1 / (4 h) with h = exp|x| / 2."""
    h = half_exp(abs(x))
    return h + np.float32(0.25) / h


@scalar
def sinh(x):
    """h - 1 / (4 h) with h = exp|x| / 2; up to 1 a polynomial."""
    y = abs(x)
    h = half_exp(y)
    q = y * y
    return math.copysign(y + y * q * polynomial(q, SINH) if y < ONE else h - np.float32(0.25) / h, x)


# The error function --------------------------------------------------------------------------------

# erf(x) / x - 1 in x², up to 1; (1 + 2 y) exp(y²) erfc(y) in (y - 2) / (y + 2), from 1/2 to 10.1
ERF = floats(7.85385782e-05, -0.000801019254, 0.00518832775, -0.026853811, 0.112835854, -0.37612626, 0.12837911)
ERFC = floats(
    -0.00132044451, 0.00094860734, 0.00869563967, -0.00794723257, -0.0542185716, 0.164042294, -0.166030377,
    -0.0927635729, 1.27697837,
)  # fmt: skip
ERFC_END = np.float32(10.1)  # erfc is 0 from there on
HIGH_BITS = np.int32(-4096)  # of a float32, so few that their square is exact


@scalar
def erf_near(x):
    """erf(x) up to 1."""
    return x + x * polynomial(x * x, ERF)


@scalar
def erfc_far(y):
    """erfc(y) from 1/2 on. y² is put together of two parts: its last digits are the first ones of exp(-y²)."""
    v = ERFC_END if y > ERFC_END else y
    high = np.int32(np.float32(v).view(np.int32) & HIGH_BITS).view(np.float32)
    k, p = exp_parts(-high * high, -(v - high) * (v + high))
    return scaled(polynomial((v - TWO) / (v + TWO), ERFC) / (ONE + TWO * v) * (ONE + p), k)


@scalar
def erf(x):
    """Error function: 1 - erfc|x| beyond 1."""
    y = abs(x)
    return math.copysign(erf_near(y) if y < ONE else ONE - erfc_far(y), x)


@scalar
def erfc(x):
    """1 - erf(x), which keeps its digits where it is nearly 0."""
    y = abs(x)
    tail = erfc_far(y)
    return ONE - erf_near(x) if y < HALF else TWO - tail if x < ZERO else tail
