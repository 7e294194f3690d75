"""The error function, which NumPy lacks: the integral behind the normal distribution.

Source: W. J. Cody, Rational Chebyshev approximations for the error function, Math. Comp. 23 (1969),
pages 631-637, with the coefficients of his program CALERF. Relative error in float64: below 5e-16 for erf, 1e-15 for erfc.
"""

from __future__ import annotations

import math

import numpy as np

from .declare import elementwise
from .elementwise import exp

SLOPE = 2 / math.sqrt(math.pi)  # of erf at 0
NEAR, FAR, END = 0.46875, 4.0, 30.0  # where one approximation takes over from the other; erfc(30) is 0 in float64
BLOCK = 4096

# fmt: off
# Coefficients of numerator and denominator, highest power first: erf(x) / x in x², erfc(x) exp(x²) in x, and the rest of it in 1/x².
SMALL = ((1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3),
         (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3))
MIDDLE = ((2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1, 2.98635138197400131e2,
           8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3),
          (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
           3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3))
LARGE = ((1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1, 1.60837851487422766e-2,
          6.58749161529837803e-4),
         (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1, 6.05183413124413191e-2, 2.33520497626869185e-3))
# fmt: on


@elementwise("erf(x)", x=lambda g, x: g * _bell(x))
def erf(x, /):
    """Error function: 2/√π times the integral of exp(-t²) from 0 to x. Between -1 and 1. Source: Cody (1969)."""
    return _by_blocks(_erf, x)


@elementwise("erfc(x)", x=lambda g, x: -g * _bell(x))
def erfc(x, /):
    """1 - erf(x), exact to the last digits where that is nearly 0. Source: Cody (1969)."""
    return _by_blocks(_erfc, x)


def _bell(x):
    """The slope of erf."""
    return SLOPE * exp(-x * x)


def _erf(x):
    y = np.abs(x)
    return np.where(y <= NEAR, x * _ratio(SMALL, np.minimum(y, NEAR) ** 2), np.copysign(1 - _tail(y), x))


def _erfc(x):
    y = np.abs(x)
    tail = _tail(y)
    return np.where(y <= NEAR, 1 - x * _ratio(SMALL, np.minimum(y, NEAR) ** 2), np.where(x < 0, 2 - tail, tail))


def _tail(y):
    """erfc(y) for y from NEAR on; nan stays nan."""
    y = np.clip(y, NEAR, END)
    scaled = _ratio(MIDDLE, np.minimum(y, FAR))
    if np.any(y > FAR):
        z = np.maximum(y, FAR)
        scaled = np.where(y > FAR, (SLOPE / 2 - _ratio(LARGE, 1 / (z * z)) / (z * z)) / z, scaled)
    grid = np.trunc(y * 16) / 16  # its square is exact, so that exp(-y²) keeps its digits
    return np.exp(-grid * grid) * np.exp((grid - y) * (grid + y)) * scaled


def _by_blocks(function, x):
    """`function` of x, a block at a time: its many intermediate results stay in the cache."""
    x = np.asarray(x)
    dtype = x.dtype.newbyteorder("=") if x.dtype.kind == "f" else np.dtype(float)
    numbers = x.reshape(-1).astype(np.float32 if dtype == np.float16 else dtype, copy=False)
    out = np.empty(x.size, dtype)
    with np.errstate(over="ignore"):  # in the branch that is not chosen
        for start in range(0, x.size, BLOCK):
            out[start : start + BLOCK] = function(numbers[start : start + BLOCK])
    return out.reshape(x.shape)[()]


def _ratio(coefficients, x):
    """Quotient of two polynomials by Horner's rule."""
    above, below = (np.full(x.shape, c[0], x.dtype) for c in coefficients)
    for a, b in zip(coefficients[0][1:], coefficients[1][1:]):
        above *= x
        above += a
        below *= x
        below += b
    above /= below
    return above
