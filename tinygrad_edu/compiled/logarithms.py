"""Logarithms of one float32, and what is made of them: powers, roots, the inverses of sinh, cosh and tanh.

See `exponentials`. Sources: Ng, FDLIBM (1993), for adding up a logarithm so that its last digits stay; Muller et al., Handbook
of Floating-Point Arithmetic (2018), chapter 10; for the special cases of powers ISO C99, annex F.
"""

from __future__ import annotations

import math

import numpy as np

from .exponentials import EXPONENT, HALF, INF, LN2, LN2_HIGH, LN2_LOW, ONE, TWO, ZERO, floats, polynomial, scalar

NAN = np.float32(math.nan)
NORMAL, LIFT, LIFTED = floats(2.0**-126, 2.0**24, 24)  # smaller numbers are made 2²⁴ times larger first
ROOT = np.float32(math.sqrt(0.5)).view(np.int32)
LOG2_E_REST, LOG10_E = floats(1 / math.log(2) - 1, 1 / math.log(10))
LOG10_2_HIGH, LOG10_2_LOW = floats(1233 / 4096, math.log10(2) - 1233 / 4096)
ARTANH = floats(0.236105263, 0.285358906, 0.400003552, 0.666666627)  # (2 artanh(s) - 2 s) / s³ in s², up to 0.172
ARTANH_WIDE = floats(0.218003452, 0.171454564, 0.223017663, 0.285683841, 0.400000542, 0.666666687)  # up to 1/3
LARGE = np.float32(2.0**25)  # from there on 1 + x is x


@scalar
def log_parts(x):
    """(k, f): x = 2ᵏ (1 + f) for x > 0, 1 + f between the roots of 1/2 and of 2."""
    is_small = x < NORMAL
    bits = np.float32(x * LIFT if is_small else x).view(np.int32)
    exponent = np.int32(np.int32(bits - ROOT) >> EXPONENT)
    f = np.int32(bits - np.int32(exponent << EXPONENT)).view(np.float32) - ONE
    return np.float32(exponent) - (LIFTED if is_small else ZERO), f


@scalar
def bend(f):
    """f - log(1 + f), from 2 artanh(s) with s = f / (2 + f): a small difference, so that f itself stays exact."""
    s = f / (TWO + f)
    q = s * s
    h = HALF * f * f
    return h - s * (h + q * polynomial(q, ARTANH))


@scalar
def at_ends(x, y):
    """y for positive finite x; else what a logarithm is at x."""
    return y if ZERO < x < INF else -INF if x == ZERO else x if x == INF else NAN


@scalar
def log(x):
    """Natural logarithm: k ln 2 + log(1 + f), the smallest parts first."""
    k, f = log_parts(x)
    return at_ends(x, k * LN2_HIGH - ((bend(f) - k * LN2_LOW) - f))


@scalar
def log2(x):
    """Logarithm to the base 2; of powers of 2 exact."""
    k, f = log_parts(x)
    y = f - bend(f)
    return at_ends(x, k + (y * LOG2_E_REST + y))


@scalar
def log10(x):
    """Logarithm to the base 10."""
    k, f = log_parts(x)
    return at_ends(x, k * LOG10_2_HIGH + (k * LOG10_2_LOW + (f - bend(f)) * LOG10_E))


@scalar
def log1p(x):
    """log(1 + x): log(u) + c / u, where u is 1 + x rounded and c what the rounding took."""
    u = ONE + x
    k, f = log_parts(u)
    c = (x - (u - ONE)) / u if -ONE < x < LARGE else ZERO
    return math.copysign(at_ends(u, k * LN2_HIGH - ((bend(f) - (k * LN2_LOW + c)) - f)), x)


@scalar
def log1p_unit(u):
    """log(1 + u) for u from 0 to 1, in half of the time: 2 artanh(s) with s = u / (2 + u)."""
    s = u / (TWO + u)
    q = s * s
    return TWO * s + s * q * polynomial(q, ARTANH_WIDE)


# Inverses of sinh, cosh and tanh -------------------------------------------------------------------


@scalar
def arcsinh(x):
    """log(y + sqrt(1 + y²)) with y = |x|; log(2 y) where the 1 is lost."""
    y = abs(x)
    is_large = y > LARGE
    z = y + y * y / (ONE + np.sqrt(ONE + y * y))
    return math.copysign(log1p(y if is_large else z) + (LN2 if is_large else ZERO), x)


@scalar
def arccosh(x):
    """log(x + sqrt(x² - 1)), from t = x - 1; log(2 x) where the 1 is lost."""
    is_large = x > LARGE
    t = x - ONE
    z = t + np.sqrt(TWO * t + t * t)
    y = log1p(x if is_large else z) + (LN2 if is_large else ZERO)
    return NAN if x < ONE else y


@scalar
def arctanh(x):
    """log((1 + y) / (1 - y)) / 2 with y = |x|."""
    y = abs(x)
    return math.copysign(HALF * log1p(TWO * y / (ONE - y)), x)


# Powers, in float64: the logarithm of a large power needs more digits than a float32 has ---------------

THIRD = np.float64(1 / 3)
LOG2_SERIES = tuple(np.float64(2 / (math.log(2) * n)) for n in (15, 13, 11, 9, 7, 5, 3, 1))  # of artanh
EXP2_SERIES = tuple(np.float64(math.log(2) ** n / math.factorial(n)) for n in range(8, -1, -1))
FARTHEST = np.float64(200)  # 2 raised to it is inf in float32, to its negative 0
ROUND_DOUBLE = np.float64(1.5 * 2**52)
EXPONENT_DOUBLE, BIAS_DOUBLE = np.int64(52), np.int64(1023 << 52)


@scalar
def log2_double(x):
    """log2 of a float32 above 0, in float64."""
    k, f = log_parts(x)
    wide = np.float64(f)
    s = wide / (np.float64(2) + wide)
    return k + s * polynomial(s * s, LOG2_SERIES)


@scalar
def exp2_double(t):
    """2 raised to a float64 between -FARTHEST and FARTHEST."""
    k = np.rint(t)
    s = np.int64((np.float64(k + ROUND_DOUBLE).view(np.int64) << EXPONENT_DOUBLE) + BIAS_DOUBLE).view(np.float64)
    return polynomial(t - k, EXP2_SERIES) * s


@scalar
def power_of_positive(x, y):
    """x raised to y for x from 0 on."""
    log = at_ends_double(x, log2_double(x))
    t = np.float64(y) * log
    t = -FARTHEST if t < -FARTHEST else FARTHEST if t > FARTHEST else t
    return np.float32(exp2_double(t))


@scalar
def at_ends_double(x, y):
    """y for positive finite x; else what a logarithm is at x, in float64."""
    return y if ZERO < x < INF else np.float64(-INF) if x == ZERO else np.float64(x)


@scalar
def power(x, y):
    """x raised to y, as C99 says in all of its special cases: 1 whatever the other is, signs by odd whole y."""
    size = power_of_positive(abs(x), y)
    is_whole = np.floor(y) == y
    is_odd = is_whole and np.floor(HALF * y) != HALF * y
    signed = -size if is_odd and math.copysign(ONE, x) < ZERO else size
    has_none = y != y or (-INF < x < ZERO and not is_whole)
    return ONE if y == ZERO or x == ONE or (x == -ONE and abs(y) == INF) else NAN if has_none else signed


@scalar
def cbrt(x):
    """Cube root."""
    y = abs(x)
    root = np.float32(exp2_double(THIRD * log2_double(y)))
    return math.copysign(root, x) if ZERO < y < INF else x


@scalar
def hypot(x, y):
    """sqrt(x² + y²), in float64, which neither overflows nor loses digits; inf beside nan is inf."""
    a, b = np.float64(x), np.float64(y)
    return INF if abs(x) == INF or abs(y) == INF else np.float32(np.sqrt(a * a + b * b))
