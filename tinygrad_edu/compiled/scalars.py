"""Scalar functions (provisional)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..kernel import kernel
from ..ops.large import ONE, TWO, ZERO, exp_of, expm1_parts

HALF = np.float32(0.5)
THIRD, FIFTH, SEVENTH, NINTH, ELEVENTH, THIRTEENTH = (np.float32(1 / n) for n in (3, 5, 7, 9, 11, 13))
HIGH = np.float32(87)  # below this exp(-x) is a normal number


@kernel
def exp_any(x):
    """exp(x): for positive x as 1 / exp(-x), rounded once more; by its root where exp(-x) would not be a normal number."""
    is_high = x > HIGH
    small = exp_of(-abs(x) * (HALF if is_high else ONE))
    if x <= ZERO:
        return small
    large = ONE / small
    return large * large if is_high else large


@kernel
def log1p_unit(u):
    """log(1 + u) for u from 0 to 1: 2 artanh(s), s = u / (2 + u) <= 1/3, by its series."""
    s = u / (TWO + u)
    q = s * s
    series = ((((THIRTEENTH * q + ELEVENTH) * q + NINTH) * q + SEVENTH) * q + FIFTH) * q + THIRD
    return TWO * (s + s * q * series)


@kernel
def sigmoid_of(x):
    """1 / (1 + exp(-x)), of the exponential that does not overflow."""
    e = exp_of(-abs(x))
    return (e if x < ZERO else ONE) / (ONE + e)


@kernel
def tanh_of(x):
    """tanh|x| = -e / (2 + e) with e = exp(-2|x|) - 1, with the sign of x."""
    p, s = expm1_parts(-TWO * abs(x))
    e = s * p + (s - ONE)
    return math.copysign(-e / (TWO + e), x)


@kernel
def add(x, y):
    return x + y


@kernel
def subtract(x, y):
    return x - y


@kernel
def multiply(x, y):
    return x * y


@kernel
def divide(x, y):
    return x / y


@kernel
def maximum(x, y):
    return x if x > y or x != x else y


@kernel
def minimum(x, y):
    return x if x < y or x != x else y


@kernel
def tie_share(x, y):
    return ONE if x > y else HALF if x == y else ZERO


@kernel
def relu_slope(x, y):
    return x * (ONE if y > ZERO else ZERO)


@kernel
def tanh_slope(x, y):
    return x * (ONE - y * y)


@kernel
def greater(x, y):
    return ONE if x > y else ZERO


@kernel
def less(x, y):
    return ONE if x < y else ZERO


@kernel
def greater_equal(x, y):
    return ONE if x >= y else ZERO


@kernel
def less_equal(x, y):
    return ONE if x <= y else ZERO


@kernel
def equal(x, y):
    return ONE if x == y else ZERO


@kernel
def sigmoid_cross_entropy(x, y):
    return log1p_unit(exp_of(-abs(x))) + ((x if x > ZERO else ZERO) - x * y)


@kernel
def relu(x):
    return ZERO if x <= ZERO else x


@kernel
def negative(x):
    return -x


@kernel
def absolute(x):
    return abs(x)


@kernel
def square(x):
    return x * x


@kernel
def sqrt(x):
    return np.sqrt(x)


@kernel
def sign(x):
    return ONE if x > ZERO else -ONE if x < ZERO else x


@kernel
def lay_out(x):
    return x


@kernel
def trunc(x):
    return np.trunc(x)


@kernel
def rsqrt(x):
    return ONE / np.sqrt(x)


@kernel
def log(x):
    return math.log(x)


@kernel
def where(c, x, y):
    return x if c != ZERO else y


class Scalar(NamedTuple):
    function: Any
    params: tuple = ()


SCALARS = {
    name: Scalar(f)
    for name, f in dict(
        add=add,
        subtract=subtract,
        multiply=multiply,
        divide=divide,
        maximum=maximum,
        minimum=minimum,
        tie_share=tie_share,
        relu_slope=relu_slope,
        tanh_slope=tanh_slope,
        greater=greater,
        less=less,
        greater_equal=greater_equal,
        less_equal=less_equal,
        equal=equal,
        sigmoid_cross_entropy=sigmoid_cross_entropy,
        relu=relu,
        negative=negative,
        absolute=absolute,
        square=square,
        sqrt=sqrt,
        sign=sign,
        lay_out=lay_out,
        trunc=trunc,
        rsqrt=rsqrt,
        log=log,
        where=where,
        tanh=tanh_of,
        sigmoid=sigmoid_of,
        exp=exp_any,
    ).items()
}
