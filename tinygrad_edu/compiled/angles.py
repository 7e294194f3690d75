"""Sines, tangents and their inverses of one float32. See `exponentials`.

Sources: Payne & Hanek, Radian reduction for trigonometric functions, SIGNUM 18 (1983), for numbers of many turns; Moshier,
Methods and Programs for Mathematical Functions (1989), for how the inverses are reduced.
"""

from __future__ import annotations

import math

import numpy as np

from .exponentials import EXPONENT, HALF, INF, ONE, TWO, ZERO, floats, polynomial, scalar

SIN = floats(-0.000195043162, 0.008332083, -0.166666538)  # (sin(r) - r) / r³ in r², up to π/4
COS = floats(2.44238872e-05, -0.00138872431, 0.0416666456)  # (cos(r) - 1 + r²/2) / r⁴ in r²
MANTISSA, HIDDEN, EXPONENTS = np.int32((1 << 23) - 1), np.int32(1 << 23), np.int32(255)
QUARTER_TURN = np.float64(math.pi / 2)
ROUND_DOUBLE = np.float64(1.5 * 2**52)
TINY = np.float32(2.0**-13)  # sin(x) is x below


def _two_over_pi(bits: int) -> int:
    """2/π times 2**bits, by Machin's formula: π = 16 arctan(1/5) - 4 arctan(1/239)."""

    def arctan_of_inverse(n: int) -> int:
        total, term, k = 0, (1 << 2 * bits) // n, 0
        while term:
            total += term // (2 * k + 1) * (-1) ** k
            term, k = term // (n * n), k + 1
        return total

    return (2 << 3 * bits) // (16 * arctan_of_inverse(5) - 4 * arctan_of_inverse(239))


def _turns() -> np.ndarray:
    """What a float32 m 2ᵉ has of quarter turns beyond whole turns, per unit of m: one row for each exponent.

    In two parts: the first so short that its product with m is exact, the second the rest. inf and nan have none.
    """
    bits, table = 320, np.full((256, 2), math.nan)
    quarter_turns = _two_over_pi(bits)
    for row in range(255):
        e = row - 150
        units = (quarter_turns << e if e >= 0 else quarter_turns >> -e) % (4 << bits)
        cut = max(units.bit_length() - 27, 0)
        table[row] = (units >> cut << cut) / 2**bits, (units & (1 << cut) - 1) / 2**bits
    return table


TURNS = _turns()


@scalar
def sine_parts(x):
    """(sin r, cos r, q): x is r, which is π/4 at most, and q quarter turns more."""
    bits = np.float32(x).view(np.int32)
    row = np.int32(np.int32(bits >> EXPONENT) & EXPONENTS)
    m = np.float64(np.int32(np.int32(bits & MANTISSA) | HIDDEN))
    first, second = m * TURNS[row, 0], m * TURNS[row, 1]
    k = np.rint(first + second)
    r = np.float32(((first - k) + second) * QUARTER_TURN)
    q = np.float64(k + ROUND_DOUBLE).view(np.int64)
    z = r * r
    return r + r * z * polynomial(z, SIN), (ONE - HALF * z) + z * z * polynomial(z, COS), q


@scalar
def sin(x):
    """Sine of |x|, with the sign of x."""
    s, c, q = sine_parts(x)
    size = c if q & 1 else s
    y = -size if q & 2 else size
    return x if abs(x) < TINY else -y if x < ZERO else y


@scalar
def cos(x):
    """Cosine of |x|."""
    s, c, q = sine_parts(x)
    size = s if q & 1 else c
    y = -size if (q + 1) & 2 else size
    return ONE if abs(x) < TINY else y


@scalar
def tan(x):
    """Tangent of |x|, with the sign of x."""
    s, c, q = sine_parts(x)
    y = -c / s if q & 1 else s / c
    return x if abs(x) < TINY else -y if x < ZERO else y


# Inverses ------------------------------------------------------------------------------------------

ARCSIN = floats(0.0422185473, 0.0241476111, 0.045477096, 0.0749524161, 0.166667536)  # (arcsin(s) - s) / s³ in s², up to 1/2
ARCTAN = floats(-0.0606052391, 0.105873615, -0.142427415, 0.199984342, -0.333333135)  # up to tan(π/8)
PI, HALF_PI, QUARTER_PI = floats(math.pi, math.pi / 2, math.pi / 4)
PI_LOW, HALF_PI_LOW = floats(math.pi - float(PI), math.pi / 2 - float(HALF_PI))  # what rounding took
EIGHTH = np.float32(math.tan(math.pi / 8))
HUGE, QUARTER = floats(2.0**126, 0.25)


@scalar
def arcsin_near(s):
    """arcsin(s) up to 1/2."""
    q = s * s
    return s + s * q * polynomial(q, ARCSIN)


@scalar
def arcsin(x):
    """Beyond 1/2 by that of half the angle that is left."""
    y = abs(x)
    is_near = y < HALF
    a = arcsin_near(y if is_near else np.sqrt(HALF * (ONE - y)))
    return math.copysign(a if is_near else HALF_PI - (TWO * a - HALF_PI_LOW), x)


@scalar
def arccos(x):
    """By the arcsine; beyond 1/2 by that of half the angle."""
    y = abs(x)
    is_near = y < HALF
    a = arcsin_near(x if is_near else np.sqrt(HALF * (ONE - y)))
    far = TWO * a if x > ZERO else PI - (TWO * a - PI_LOW)
    return HALF_PI - (a - HALF_PI_LOW) if is_near else far


@scalar
def slope_angle(y, x):
    """Angle of the point (x, y) for x and y from 0 on: of the smaller over the larger, less π/4 where that is more than π/8."""
    low, high = (y, x) if y < x else (x, y)
    scale = QUARTER if high > HUGE else ONE  # sums must not overflow
    is_endless = low == INF
    low, high = (ONE, ONE) if is_endless else (low * scale, high * scale)
    is_wide = low > EIGHTH * high
    t = (low - high if is_wide else low) / (low + high if is_wide else high)
    t = ZERO if high == ZERO else t
    q = t * t
    near = t + t * q * polynomial(q, ARCTAN)
    a = QUARTER_PI + (near + HALF * HALF_PI_LOW) if is_wide else near
    return HALF_PI - (a - HALF_PI_LOW) if y > x else a


@scalar
def arctan(x):
    """Between -π/2 and π/2."""
    return math.copysign(slope_angle(abs(x), ONE) if x == x else x, x)


@scalar
def arctan2(y, x):
    """Angle of the point (x, y), between -π and π."""
    a = slope_angle(abs(y), abs(x))
    a = PI - (a - PI_LOW) if math.copysign(ONE, x) < ZERO else a
    return math.copysign(a, y) if x == x and y == y else x + y
