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

scalar = kernel  # a function of single numbers
fused = functools.partial(kernel, fuse=True)  # where no sum has two products, so that a number's place in a loop changes nothing


def floats(*numbers: float) -> tuple[np.float32, ...]:
    """Coefficients of a polynomial, that of the highest power first."""
    return tuple(map(np.float32, numbers))


ZERO, HALF, ONE, TWO, INF = floats(0, 0.5, 1, 2, math.inf)
ROUND = np.float32(1.5 * 2**23)  # adding it leaves no digits behind the point: the last bits are the whole number
EXPONENT, BIAS = np.int32(23), np.int32(127 << 23)  # where in a float32 the power of 2 stands, and what 2⁰ looks like there
HALF_BIAS, LIFTED_BIAS = np.int32(126 << 23), np.int32((127 + 64) << 23)  # what 2⁻¹ and 2⁶⁴ look like there
UNLIFT = np.float32(2.0**-64)
NOTHING = np.float32(-0.0)  # which changes no number that it is added to, so that the compiler leaves it out
LN2, LOG2_E = floats(math.log(2), 1 / math.log(2))
LN2_HIGH, LN2_LOW = floats(0.693359375, math.log(2) - 0.693359375)  # k · LN2_HIGH is exact for whole k
LOWEST, HIGHEST = floats(-104, 90)  # exp is 0 below and inf above
FLAT = np.float32(-20)  # exp(x) - 1 is -1 below
EXP = floats(0.00138823933, 0.00836718082, 0.041667223, 0.16666539, 0.5)  # (exp(r) - 1 - r) / r²


@scalar
def power_of_2(t, bias):
    """2ᵏ for whole k that stand in the last bits of t = k + ROUND, times the power of 2 that `bias` looks like."""
    return np.int32((np.float32(t).view(np.int32) << EXPONENT) + bias).view(np.float32)


@scalar
def scaled(y, t):
    """y 2ᵏ, by two halves, of which no one overflows: the product is rounded once, also to a subnormal number."""
    bits = np.float32(t).view(np.int32)
    half = np.int32(bits >> np.int32(1))
    rest = np.int32(bits - half)
    return y * power_of_2(half.view(np.float32), BIAS) * power_of_2(rest.view(np.float32), BIAS)


@fused
def exp_parts(x, low):
    """(t, p): exp(x + low) = 2ᵏ (1 + p) and t = k + ROUND; p is exp(r) - 1 of the rest r of (x + low) / ln 2. `low` is small."""
    t = (x + low) * LOG2_E + ROUND
    k = t - ROUND
    r = ((x - k * LN2_HIGH) - k * LN2_LOW) + low
    return t, r * r * polynomial(r, EXP) + r


@scalar
def at_least(x, low):
    """x, or the bound if that is larger; nan stays."""
    return low if x < low else x


@scalar
def at_most(x, high):
    """x, or the bound if that is smaller; nan stays."""
    return high if x > high else x


@scalar
def exp(x):
    """e raised to x."""
    t, p = exp_parts(at_most(at_least(x, LOWEST), HIGHEST), NOTHING)
    return scaled(ONE + p, t)


@fused
def lifted_exp(x, low):
    """2⁶⁴ exp(x + low) of a sum from -104 to 0: a normal number; the product with `UNLIFT` alone rounds it to fewer digits."""
    t, p = exp_parts(x, low)
    lifted = power_of_2(t, LIFTED_BIAS)
    return lifted * p + lifted


@scalar
def exp_down(x):
    """exp(x) of x up to 0, which takes fewer steps."""
    return lifted_exp(at_least(x, LOWEST), NOTHING) * UNLIFT


@scalar
def exp2(x):
    """2 raised to x; of whole numbers exact."""
    v = at_most(at_least(x, np.float32(-152)), np.float32(130))
    t = v + ROUND
    r = (v - (t - ROUND)) * LN2
    return scaled(ONE + (r * r * polynomial(r, EXP) + r), t)


@fused
def expm1_down(x):
    """exp(x) - 1 of x up to 0, as 2 h p + 2 (h - 1/2) with h = 2ᵏ⁻¹; that of -0 is 0."""
    t, p = exp_parts(at_least(x, FLAT), NOTHING)
    h = power_of_2(t, HALF_BIAS)
    return TWO * (h * p + (h - HALF))


@scalar
def expm1(x):
    """exp(x) - 1; half of it does not overflow before its double does."""
    return math.copysign(expm1_down(at_most(x, np.float32(89))), x)


# Hyperbolas --------------------------------------------------------------------------------------

SINH = floats(0.000203774063, 0.00833021104, 0.166667178)  # (sinh(x) - x) / x³ in x², up to 1
# tanh(x) is x times the quotient of these, in x², up to 9
TANH_ABOVE = floats(1.3419768e-08, 2.0661233e-05, 0.0034989936, 0.13383979, 1)
TANH_BELOW = floats(7.804707e-07, 0.0003291035, 0.025890198, 0.467173, 1)
TANH_END = np.float32(9)  # where it is 1 but for less than half a unit


@scalar
def tanh(x):
    """A quotient of polynomials, odd in x. Rounding shall not take it beyond 1."""
    v = at_most(at_least(x, -TANH_END), TANH_END)
    q = v * v
    y = v * polynomial(q, TANH_ABOVE) / polynomial(q, TANH_BELOW)
    return at_most(at_least(y, -ONE), ONE)


@scalar
def half_exp(x):
    """exp(x) / 2, which overflows later."""
    t, p = exp_parts(at_most(at_least(x, LOWEST), HIGHEST), NOTHING)
    return scaled(HALF + HALF * p, t)


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
    v = at_most(y, ERFC_END)
    high = np.int32(np.float32(v).view(np.int32) & HIGH_BITS).view(np.float32)
    quotient = polynomial((v - TWO) / (v + TWO), ERFC) / (ONE + TWO * v)
    return quotient * lifted_exp(-high * high, -(v - high) * (v + high)) * UNLIFT


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
