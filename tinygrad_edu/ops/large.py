"""Loops for large arrays of float32, where NumPy's passes cost most: exponentials and what is made of them.

The plain formula stands at the op, is what small arrays, other types and other layouts get, and is the oracle
of the tests. A loop differs from it in the last digits: by at most 4 units in the last place number by number,
and by the rounding of sums that are added up in another order. What is below the smallest normal number,
1.2e-38, is 0 here.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import Value
from ..kernel import kernel
from ..kernel_cache import has_numba

# Numbers in an array from which on a loop is called: at 2 ns a number NumPy then needs as long as some hundred calls of a
# loop cost, and whoever has such arrays can pay for Numba's import.
LARGE = 1 << 15
LONGEST_ROW = 1 << 15  # numbers, 128 KB: a row that stays in the cache while a loop goes over it several times


def is_large(x: Any) -> bool:
    """Whether x is an array that a loop may run over: large, of float32, its rows one after the other; and there is Numba."""
    return type(x) is np.ndarray and x.size >= LARGE and x.dtype == np.float32 and x.flags.c_contiguous and has_numba()


def on_large(fast: Callable) -> Callable[[Callable], Callable]:
    """Decorator: where the first argument is a large array, let `fast` do what the function below does everywhere.

    `fast` returns NotImplemented for what it cannot do. Values, which a rule gets when it is recorded, are not for it.
    """

    def decorate(plain):
        @functools.wraps(plain)
        def call(x, *args, **params):
            if is_large(x) and not any(isinstance(arg, Value) for arg in args):
                out = fast(x, *args, **params)
                if out is not NotImplemented:
                    return out
            return plain(x, *args, **params)

        return call

    return decorate


def number_by_number(loop: Callable) -> Callable:
    """`loop(x, out)` over vectors as a function of one large array."""

    def fast(x):
        out = np.empty_like(x)
        loop(x.reshape(-1), out.reshape(-1))
        return out

    return fast


def as_rows(x: np.ndarray) -> np.ndarray:
    """A large array as a matrix of its rows."""
    return x.reshape(-1, x.shape[-1])


def has_rows(x: np.ndarray, axis: Any) -> bool:
    """Whether `axis` is the last of x, and rows are not too long for a loop."""
    return axis in (-1, x.ndim - 1) and 0 < x.shape[-1] <= LONGEST_ROW


# Exponentials ------------------------------------------------------------------------------------

ZERO, ONE, TWO = np.float32(0), np.float32(1), np.float32(2)
LOWEST = np.float32(-126 * math.log(2))  # exp of it is the smallest normal number
LOG2_E = np.float32(1 / math.log(2))
LN2_HIGH, LN2_LOW = np.float32(0.693359375), np.float32(math.log(2) - 0.693359375)  # k · LN2_HIGH is exact for whole k
ROUND = np.float32(1.5 * 2**23)  # adding it leaves no digits behind the point: the last bits are the whole number
EXPONENT, BIAS = np.int32(23), np.int32(127 << 23)  # where in a float32 the power of 2 stands, and what 2⁰ looks like there
C2, C3, C4, C5, C6 = map(np.float32, (0.5, 0.16666576, 0.04166647, 0.00836318, 0.00139337))


@kernel
def expm1_parts(x):
    """(p, s) for x <= 0: exp(x) = s p + s and exp(x) - 1 = s p + (s - 1), with s a power of 2, or 0 below LOWEST.

    With k = round(x / ln 2), s is 2ᵏ and p is exp(r) - 1 for r = x - k ln 2, |r| <= ln(2) / 2, by a polynomial fitted
    at Chebyshev's points. Source: Cody & Waite (1980), chapter 6. There are no branches and no table, so that
    a loop over it does eight numbers at once; NumPy's exp needs three times as long, math.exp ten times.
    """
    v = LOWEST if x < LOWEST else x
    shifted = v * LOG2_E + ROUND
    k = shifted - ROUND
    r = (v - k * LN2_HIGH) - k * LN2_LOW
    p = ((((C6 * r + C5) * r + C4) * r + C3) * r + C2) * r * r + r
    s = np.int32((np.float32(shifted).view(np.int32) << EXPONENT) + BIAS).view(np.float32)
    return p, (ZERO if x < LOWEST else s)


@kernel
def tanh_loop(x, out):
    """tanh|x| = -e / (2 + e) with e = exp(-2|x|) - 1, which keeps its digits near 0."""
    for i in range(x.size):
        p, s = expm1_parts(-TWO * abs(x[i]))
        e = s * p + (s - ONE)
        out[i] = math.copysign(-e / (TWO + e), x[i])


@kernel
def sigmoid_loop(x, out):
    """1 / (1 + exp(-x)), of the exponential that does not overflow."""
    for i in range(x.size):
        p, s = expm1_parts(-abs(x[i]))
        e = s * p + s
        out[i] = (e if x[i] < ZERO else ONE) / (ONE + e)


# Sums --------------------------------------------------------------------------------------------

BLOCK = 1 << 12  # numbers that are added up in lanes; the sums of blocks are added up in pairs, so that errors stay small


@kernel(reorder=True)
def sum_of(x):
    """Σ x, of a vector."""
    total = ZERO
    for i in range(x.size):
        total += x[i]
    return total


@kernel
def block_sums(x, block, sums):
    """sums[i] <- the sum of block number i."""
    for i in range(sums.size):
        sums[i] = sum_of(x[i * block : (i + 1) * block])


def sum_large(x):
    """The sum of all numbers, in a quarter of the time that NumPy takes."""
    sums = np.empty(-(-x.size // BLOCK), np.float32)
    block_sums(x.reshape(-1), BLOCK, sums)
    return np.add.reduce(sums)


# Rows of exponentials: `top` is the largest number of each row, which is finite --------------------


@kernel
def exp_of(x):
    """exp(x) for x <= 0."""
    p, s = expm1_parts(x)
    return s * p + s


@kernel(reorder=True)
def exp_row(row, top, out):
    """out <- exp(row - top), whose sum is returned."""
    total = ZERO
    for j in range(row.size):
        out[j] = exp_of(row[j] - top)
        total += out[j]
    return total


@kernel
def softmax_loop(x, top, out):
    """out <- exp(x - top) / Σ exp(x - top), row by row."""
    for i in range(len(x)):
        total = exp_row(x[i], top[i], out[i])
        for j in range(out.shape[1]):
            out[i, j] /= total


@kernel
def log_total_loop(x, top, total):
    """total <- log Σ exp(x - top), row by row."""
    out = np.empty(x.shape[1], np.float32)
    for i in range(len(x)):
        total[i] = math.log(exp_row(x[i], top[i], out))


@kernel
def minus_log_share(z, top, log_total):
    """-log softmax(z); in this order also where the logits are far from 0."""
    return log_total - (z - top)


@kernel(reorder=True)
def dense_loss_loop(z, top, log_total, y, out):
    """out <- -Σ y log softmax(z)."""
    for i in range(len(z)):
        loss = ZERO
        for j in range(z.shape[1]):
            loss += y[i, j] * minus_log_share(z[i, j], top[i], log_total[i]) if y[i, j] != ZERO else ZERO
        out[i] = loss


@kernel
def sparse_slope_loop(z, top, labels, g, out):
    """out <- g (softmax(z) - 1 at the label)."""
    for i in range(len(z)):
        scale = g[i] / exp_row(z[i], top[i], out[i])
        for j in range(out.shape[1]):
            out[i, j] *= scale
        out[i, labels[i]] -= g[i]


@kernel
def dense_slope_loop(z, top, y, sums, g, out):
    """out <- g (softmax(z) Σ y - y), given the sums of y."""
    for i in range(len(z)):
        scale = sums[i] / exp_row(z[i], top[i], out[i])
        for j in range(out.shape[1]):
            out[i, j] = g[i] * (out[i, j] * scale - y[i, j])


def on_large_rows(fast: Callable) -> Callable[[Callable], Callable]:
    """`on_large` for a function along the last axis: `fast` also gets the largest number of each row.

    These are finite: rows with nan, with inf or with nothing but -inf are for the function below.
    """

    def with_top(x, *args, axis=-1):
        if not has_rows(x, axis):
            return NotImplemented
        top = as_rows(x).max(axis=-1)
        return fast(x, top, *args) if np.isfinite(top).all() else NotImplemented

    return on_large(with_top)


def softmax_large(x, top):
    """softmax of rows."""
    out = np.empty_like(x)
    softmax_loop(as_rows(x), top, as_rows(out))
    return out


def log_softmax_large(x, top):
    """log_softmax of rows."""
    out = np.subtract(as_rows(x), top[:, None])
    out -= log_totals(x, top)[:, None]
    return out.reshape(x.shape)


def log_totals(x: np.ndarray, top: np.ndarray) -> np.ndarray:
    """log Σ exp(x - top) of each row."""
    total = np.empty_like(top)
    log_total_loop(as_rows(x), top, total)
    return total
