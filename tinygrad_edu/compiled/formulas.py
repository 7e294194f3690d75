"""The formula of every elementwise op on single numbers, from which `scalars` compiles functions.

A formula is written once and compiled for both types: its constants are Python's numbers, which come in the type that is
computed in; `exp`, `log` and so on are polynomials for float32, which vectorise, and the C library's functions for float64. Where
it names another formula, that stands above it. Truth values are 1 and 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..ops.error_function import SLOPE
from ..ops.nonlinear import BEND, HALF_ROOT, SELU_ALPHA, SELU_SCALE
from .angles import arccos, arcsin, arctan, arctan2, cos, sin, tan
from .exponentials import cosh, erf, erfc, exp, exp2, exp_down, expm1, expm1_down, sinh, tanh
from .logarithms import arccosh, arcsinh, arctanh, cbrt, hypot, log, log1p, log1p_unit, log2, log10, power

ZERO, HALF, ONE, TWO, SIX = 0.0, 0.5, 1.0, 2.0, 6.0
INF = math.inf
LN2, LOG2_E, DEGREE, DEGREES = math.log(2), 1 / math.log(2), math.pi / 180, 180 / math.pi
GELU_SLOPE = SLOPE * HALF_ROOT
MISH_END = 20.0  # mish(x) is x from there on

# Formulas of more than a line -----------------------------------------------------------------------


def clip(x, min, max):
    """`max` where the bounds have changed places; nan stays."""
    y = min if x < min else x
    return max if y > max else y


def sigmoid(x):
    """Of the exponential that does not overflow."""
    e = exp_down(-abs(x))
    return (e if x < ZERO else ONE) / (ONE + e)


def softplus(x):
    """log(1 + exp(x))."""
    return log1p_unit(exp_down(-abs(x))) + (x if x > ZERO else ZERO)


def sigmoid_cross_entropy(z, y):
    """max(z, 0) - z y + log(1 + exp(-|z|))."""
    return log1p_unit(exp_down(-abs(z))) + ((z if z > ZERO else ZERO) - z * y)


def mish(x):
    """x tanh(softplus(x)) = x w / (w + 2) with w = e (e + 2), e = exp(x)."""
    e = exp(x if x < MISH_END else MISH_END)
    w = e * (e + TWO)
    return x * (w / (w + TWO)) if x < MISH_END else x


def logaddexp(x, y):
    """The larger one, and what the smaller adds to it."""
    top = x if x > y else y
    return top + log1p_unit(exp_down(-abs(x - y))) if x != y else x + LN2


def logaddexp2(x, y):
    """`logaddexp` to the base 2."""
    top = x if x > y else y
    return top + log1p_unit(exp2(-abs(x - y))) * LOG2_E if x != y else x + ONE


def remainder(x, y):
    """`fmod`, one y further where its sign is not that of y."""
    rest = np.fmod(x, y)
    if rest == ZERO:
        return math.copysign(ZERO, y)
    return rest + y if (rest < ZERO) != (y < ZERO) else rest


def floor_divide(x, y):
    """The whole number of times that y goes into x less the remainder, which is exact where x / y is not."""
    rest = np.fmod(x, y)
    quotient = (x - rest) / y
    quotient = quotient - ONE if rest != ZERO and (rest < ZERO) != (y < ZERO) else quotient
    whole = np.floor(quotient)
    whole = whole + ONE if quotient - whole > HALF else whole
    whole = math.copysign(ZERO, x / y) if quotient == ZERO else whole
    return x / y if y == ZERO else whole


# fmt: off
FORMULAS: dict[str, Callable] = {
    "add":           lambda x, y: x + y,
    "subtract":      lambda x, y: x - y,
    "multiply":      lambda x, y: x * y,
    "divide":        lambda x, y: x / y,
    "floor_divide":  floor_divide,
    "remainder":     remainder,
    "fmod":          lambda x, y: np.fmod(x, y),
    "power":         power,
    "maximum":       lambda x, y: x if x > y or x != x else y,
    "minimum":       lambda x, y: x if x < y or x != x else y,
    "tie_share":     lambda x, y: ONE if x > y else HALF if x == y else ZERO,
    "hypot":         hypot,
    "arctan2":       arctan2,
    "copysign":      lambda x, y: math.copysign(x, y),
    "heaviside":     lambda x, h0: ZERO if x < ZERO else h0 if x == ZERO else ONE if x > ZERO else x,
    "logaddexp":     logaddexp,
    "logaddexp2":    logaddexp2,
    "lerp":          lambda x, y, weight: x + weight * (y - x),
    "where":         lambda condition, x, y: x if condition != ZERO else y,

    "equal":         lambda x, y: ONE if x == y else ZERO,
    "not_equal":     lambda x, y: ONE if x != y else ZERO,
    "less":          lambda x, y: ONE if x < y else ZERO,
    "less_equal":    lambda x, y: ONE if x <= y else ZERO,
    "greater":       lambda x, y: ONE if x > y else ZERO,
    "greater_equal": lambda x, y: ONE if x >= y else ZERO,
    "logical_and":   lambda x, y: ONE if x != ZERO and y != ZERO else ZERO,
    "logical_or":    lambda x, y: ONE if x != ZERO or y != ZERO else ZERO,
    "logical_xor":   lambda x, y: ONE if (x != ZERO) != (y != ZERO) else ZERO,
    "logical_not":   lambda x: ONE if x == ZERO else ZERO,
    "truth":         lambda x: ONE if x != ZERO else ZERO,
    "isnan":         lambda x: ONE if x != x else ZERO,
    "isfinite":      lambda x: ONE if abs(x) < INF else ZERO,
    "isinf":         lambda x: ONE if abs(x) == INF else ZERO,
    "signbit":       lambda x: ONE if math.copysign(ONE, x) < ZERO else ZERO,
    "inside":        lambda x, min, max: ONE if min <= x <= max else ZERO,

    "clip":          clip,
    "nan_to_num":    lambda x, nan, posinf: nan if x != x else posinf if x == INF else -posinf if x == -INF else x,
    "copy":          lambda x: x,
    "lay_out":       lambda x: x,
    "negative":      lambda x: -x,
    "absolute":      lambda x: abs(x),
    "sign":          lambda x: ONE if x > ZERO else -ONE if x < ZERO else ZERO if x == ZERO else x,
    "square":        lambda x: x * x,
    "sqrt":          lambda x: np.sqrt(x),
    "rsqrt":         lambda x: ONE / np.sqrt(x),
    "reciprocal":    lambda x: ONE / x,
    "cbrt":          cbrt,
    "floor":         lambda x: np.floor(x),
    "ceil":          lambda x: np.ceil(x),
    "trunc":         lambda x: np.trunc(x),
    "round":         lambda x: np.rint(x),
    "round_to":      lambda x, up, down: np.rint(x * up / down) * down / up,
    "deg2rad":       lambda x: x * DEGREE,
    "rad2deg":       lambda x: x * DEGREES,

    "exp":           exp,
    "exp_down":      exp_down,
    "exp2":          exp2,
    "expm1":         expm1,
    "log":           log,
    "log2":          log2,
    "log10":         log10,
    "log1p":         log1p,
    "log_base":      lambda x: ZERO if x == ZERO else log(x),
    "sin":           sin,
    "cos":           cos,
    "tan":           tan,
    "arcsin":        arcsin,
    "arccos":        arccos,
    "arctan":        arctan,
    "sinh":          sinh,
    "cosh":          cosh,
    "tanh":          tanh,
    "arcsinh":       arcsinh,
    "arccosh":       arccosh,
    "arctanh":       arctanh,
    "erf":           erf,
    "erfc":          erfc,

    "sigmoid":       sigmoid,
    "log_sigmoid":   lambda x: -(log1p_unit(exp_down(-abs(x))) + (-x if x < ZERO else ZERO)),
    "softplus":      softplus,
    "softsign":      lambda x: x / (ONE + abs(x)),
    "hard_sigmoid":  lambda x: clip(x / SIX + HALF, ZERO, ONE),
    "step":          lambda x: ONE if x >= ZERO else ZERO if x < ZERO else x,
    "relu":          lambda x: ZERO if x <= ZERO else x,
    "relu6":         lambda x: ZERO if x <= ZERO else SIX if x >= SIX else x,
    "leaky_relu":    lambda x, negative_slope: x if x > ZERO else negative_slope * x,
    "bent_relu":     lambda x, negative_slope, threshold: negative_slope * (x - threshold) if x <= threshold else x,
    "limited_relu":  lambda x, threshold, max_value: ZERO if x <= threshold else max_value if x > max_value else x,
    "elu":           lambda x, alpha: x if x > ZERO else alpha * expm1_down(x),
    "celu":          lambda x, alpha: x if x > ZERO else alpha * expm1(x / alpha),
    "selu":          lambda x: SELU_SCALE * (x if x > ZERO else SELU_ALPHA * expm1_down(x)),
    "silu":          lambda x: x * sigmoid(x),
    "mish":          mish,
    "gelu":          lambda x: HALF * x * erfc(-HALF_ROOT * x),
    "gelu_by_tanh":  lambda x: x * sigmoid(GELU_SLOPE * TWO * (x + BEND * x * x * x)),  # (1 + tanh(u)) / 2 is sigmoid(2 u)

    "sigmoid_cross_entropy": sigmoid_cross_entropy,
    "relu_slope":    lambda g, out: g * (ONE if out > ZERO else ZERO),
    "elu_slope":     lambda g, x: g * (ONE if x > ZERO else exp_down(x)),
    "tanh_slope":    lambda g, out: g * (ONE - out * out),
    "multiply_rest": lambda x, y: x * (ONE - y),
    "multiply_add":  lambda x, y, z: x * y + z,
    "sigmoid_slope": lambda g, out: g * out * (ONE - out),
}
# fmt: on
