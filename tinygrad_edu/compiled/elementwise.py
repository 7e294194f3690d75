"""Opcodes that work number by number: each a line, which the compiler makes eight or sixteen numbers at once of.

The names are those of the ops that they stand for. Truth values are 1 and 0 in the machine's one array of float32. What has
an exponential in it comes from the loops for large arrays (`ops.large`), polynomials without branches.
"""

from __future__ import annotations

import math

import numpy as np

from ..kernel import kernel
from ..ops.large import ONE, TWO, ZERO, exp_of, expm1_parts
from .fields import A_INNER, A_OUTER, B_INNER, B_OUTER, C_INNER, C_OUTER, CODE, DEPTH, INNER, OUT, OUTER, A, B, C

ARITY = {
    "add": 2, "subtract": 2, "multiply": 2, "divide": 2, "maximum": 2, "minimum": 2, "tie_share": 2,
    "greater": 2, "less": 2, "greater_equal": 2, "less_equal": 2, "equal": 2, "where": 3,
    "negative": 1, "absolute": 1, "square": 1, "sqrt": 1, "sign": 1, "copy": 1,
    "exp": 1, "log": 1, "tanh": 1, "sigmoid": 1, "relu": 1, "sigmoid_cross_entropy": 2, "relu_slope": 2, "tanh_slope": 2,
}  # fmt: skip
NUMBER = {name: number for number, name in enumerate(ARITY)}
COUNT = len(NUMBER)
(
    ADD, SUBTRACT, MULTIPLY, DIVIDE, MAXIMUM, MINIMUM, TIE_SHARE,
    GREATER, LESS, GREATER_EQUAL, LESS_EQUAL, EQUAL, WHERE,
    NEGATIVE, ABSOLUTE, SQUARE, SQRT, SIGN, COPY,
    EXP, LOG, TANH, SIGMOID, RELU, SIGMOID_CROSS_ENTROPY, RELU_SLOPE, TANH_SLOPE,
) = range(COUNT)  # fmt: skip

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
def by_two(code, out, x, y):
    """out <- x op y."""
    n = out.size
    if code == ADD:
        for i in range(n):
            out[i] = x[i] + y[i]
    elif code == SUBTRACT:
        for i in range(n):
            out[i] = x[i] - y[i]
    elif code == MULTIPLY:
        for i in range(n):
            out[i] = x[i] * y[i]
    elif code == DIVIDE:
        for i in range(n):
            out[i] = x[i] / y[i]
    elif code == MAXIMUM:
        for i in range(n):
            out[i] = x[i] if x[i] > y[i] or x[i] != x[i] else y[i]
    elif code == MINIMUM:
        for i in range(n):
            out[i] = x[i] if x[i] < y[i] or x[i] != x[i] else y[i]
    elif code == TIE_SHARE:
        for i in range(n):
            out[i] = ONE if x[i] > y[i] else HALF if x[i] == y[i] else ZERO
    elif code == RELU_SLOPE:
        for i in range(n):
            out[i] = x[i] * (ONE if y[i] > ZERO else ZERO)
    elif code == TANH_SLOPE:
        for i in range(n):
            out[i] = x[i] * (ONE - y[i] * y[i])
    elif code == SIGMOID_CROSS_ENTROPY:
        for i in range(n):
            z = x[i]
            out[i] = log1p_unit(exp_of(-abs(z))) + ((z if z > ZERO else ZERO) - z * y[i])
    else:
        compare(code, out, x, y)


@kernel
def compare(code, out, x, y):
    """out <- 1 where it holds, else 0."""
    n = out.size
    if code == GREATER:
        for i in range(n):
            out[i] = ONE if x[i] > y[i] else ZERO
    elif code == LESS:
        for i in range(n):
            out[i] = ONE if x[i] < y[i] else ZERO
    elif code == GREATER_EQUAL:
        for i in range(n):
            out[i] = ONE if x[i] >= y[i] else ZERO
    elif code == LESS_EQUAL:
        for i in range(n):
            out[i] = ONE if x[i] <= y[i] else ZERO
    elif code == EQUAL:
        for i in range(n):
            out[i] = ONE if x[i] == y[i] else ZERO


@kernel
def by_one(code, out, x):
    """out <- op x."""
    n = out.size
    if code == RELU:
        for i in range(n):
            out[i] = ZERO if x[i] <= ZERO else x[i]
    elif code == NEGATIVE:
        for i in range(n):
            out[i] = -x[i]
    elif code == ABSOLUTE:
        for i in range(n):
            out[i] = abs(x[i])
    elif code == SQUARE:
        for i in range(n):
            out[i] = x[i] * x[i]
    elif code == SQRT:
        for i in range(n):
            out[i] = np.sqrt(x[i])
    elif code == SIGN:
        for i in range(n):
            out[i] = ONE if x[i] > ZERO else -ONE if x[i] < ZERO else x[i]
    elif code == COPY:
        for i in range(n):
            out[i] = x[i]
    else:
        by_exponential(code, out, x)


@kernel
def by_exponential(code, out, x):
    """out <- op x, for what has an exponential or a logarithm in it."""
    n = out.size
    if code == TANH:
        for i in range(n):
            out[i] = tanh_of(x[i])
    elif code == SIGMOID:
        for i in range(n):
            out[i] = sigmoid_of(x[i])
    elif code == EXP:
        for i in range(n):
            out[i] = exp_any(x[i])
    elif code == LOG:
        for i in range(n):
            out[i] = math.log(x[i])


@kernel
def choose(out, condition, x, y):
    """out <- x where the condition is not 0, else y."""
    for i in range(out.size):
        out[i] = x[i] if condition[i] != ZERO else y[i]


# Walking over rows -------------------------------------------------------------------------------

BLOCK = 2048  # numbers of a row that are done at once: what is spread out for them stays in the first cache


@kernel
def operand(arena, place, stride, n, spare):
    """n numbers from a place on; one number n times, in memory to spare, where the stride is 0."""
    if stride:
        return arena[place : place + n]
    spread = spare[:n]
    spread[:] = arena[place]
    return spread


@kernel
def elementwise(step, arena, spare):
    """Run one instruction over its rows. See `fields` for what its numbers mean."""
    code, outer, inner = step[CODE], step[OUTER], step[INNER]
    for row in range(outer):
        for start in range(0, inner, BLOCK):
            n = min(BLOCK, inner - start)
            at = step[OUT] + row * inner + start
            out = arena[at : at + n]
            x = operand(arena, step[A] + row * step[A_OUTER] + start * step[A_INNER], step[A_INNER], n, spare[0])
            if step[DEPTH] == 1:
                by_one(code, out, x)
                continue
            y = operand(arena, step[B] + row * step[B_OUTER] + start * step[B_INNER], step[B_INNER], n, spare[1])
            if step[DEPTH] == 2:
                by_two(code, out, x, y)
                continue
            z = operand(arena, step[C] + row * step[C_OUTER] + start * step[C_INNER], step[C_INNER], n, spare[2])
            choose(out, x, y, z)
