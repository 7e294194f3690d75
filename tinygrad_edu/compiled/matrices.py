"""Opcodes for what lies between numbers: matrix products, sums, softmax and what belongs to it.

A product of small matrices is two loops whose inner one runs over as many numbers as there are, rows of the output or the
axis that is summed over; a large one is BLAS.
"""

from __future__ import annotations

import math

import numpy as np

from ..kernel import kernel
from ..ops.large import ONE, ZERO, exp_of
from .blas import sgemm
from .fields import A_INNER, A_OUTER, B_INNER, B_OUTER, C_INNER, C_OUTER, DEPTH, INNER, OUT, OUTER, A, B, C


@kernel
def add_multiple(out, factor, row):
    """out <- out + factor · row."""
    for j in range(out.size):
        out[j] += factor * row[j]


@kernel
def start_with(out, c, factor, row):
    """out <- c + factor · row."""
    for j in range(out.size):
        out[j] = c + factor * row[j]


@kernel
def add_four(out, a, b, c, d, w, x, y, z):
    """out <- out + a w + b x + c y + d z: a fourth of the reading and writing."""
    for j in range(out.size):
        out[j] += (a * w[j] + b * x[j]) + (c * y[j] + d * z[j])


@kernel
def start_with_four(out, e, a, b, c, d, w, x, y, z):
    """out <- e + a w + b x + c y + d z."""
    for j in range(out.size):
        out[j] = e + ((a * w[j] + b * x[j]) + (c * y[j] + d * z[j]))


@kernel
def product_by_rows(step, arena):
    """out[i, :] <- c[i, :] + Σ a[i, k] b[k, :], rows of b and out one number after the other."""
    n, depth, turn, stride = step[INNER], step[DEPTH], step[A_INNER], step[B_OUTER]
    for i in range(step[OUTER]):
        at, a, b, k = step[OUT] + i * n, step[A] + i * step[A_OUTER], step[B], 0
        out = arena[at : at + n]
        k = start_row(step, arena, out, i)
        while k + 4 <= depth:
            p, q = a + k * turn, b + k * stride
            add_four(
                out, arena[p], arena[p + turn], arena[p + 2 * turn], arena[p + 3 * turn],
                arena[q : q + n], arena[q + stride : q + stride + n],
                arena[q + 2 * stride : q + 2 * stride + n], arena[q + 3 * stride : q + 3 * stride + n],
            )  # fmt: skip
            k += 4
        while k < depth:
            add_multiple(out, arena[a + k * turn], arena[b + k * stride : b + k * stride + n])
            k += 1


@kernel
def start_row(step, arena, out, i):
    """out <- c[i, :], and with it the first terms of the sum, if c is one number here. Returns how many terms."""
    n, turn, stride = step[INNER], step[A_INNER], step[B_OUTER]
    c, p, q = step[C] + i * step[C_OUTER], step[A] + i * step[A_OUTER], step[B]
    if step[C_INNER]:
        out[:] = arena[c : c + n]
        return 0
    if step[DEPTH] < 4:
        start_with(out, arena[c], arena[p], arena[q : q + n])
        return 1
    start_with_four(
        out, arena[c], arena[p], arena[p + turn], arena[p + 2 * turn], arena[p + 3 * turn],
        arena[q : q + n], arena[q + stride : q + stride + n],
        arena[q + 2 * stride : q + 2 * stride + n], arena[q + 3 * stride : q + 3 * stride + n],
    )  # fmt: skip
    return 4


@kernel
def start_rows(step, arena):
    """out[i, :] <- c[i, :]."""
    n = step[INNER]
    for i in range(step[OUTER]):
        at, c = step[OUT] + i * n, step[C] + i * step[C_OUTER]
        if step[C_INNER]:
            arena[at : at + n] = arena[c : c + n]
        else:
            arena[at : at + n] = arena[c]


@kernel(reorder=True)
def dot(x, y):
    """Σ x y."""
    total = ZERO
    for i in range(x.size):
        total += x[i] * y[i]
    return total


@kernel
def product_by_dots(step, arena):
    """out[i, j] <- Σ a[i, :] b[:, j], which both lie one number after the other."""
    m, n, depth = step[OUTER], step[INNER], step[DEPTH]
    for i in range(m):
        a = step[A] + i * step[A_OUTER]
        x = arena[a : a + depth]
        for j in range(n):
            b = step[B] + j * step[B_INNER]
            arena[step[OUT] + i * n + j] = dot(x, arena[b : b + depth])


@kernel
def product_by_blas(step, arena):
    """The same as `product_by_rows`, for any two matrices of which rows or columns lie one number after the other."""
    m, n, depth = step[OUTER], step[INNER], step[DEPTH]
    beta = ZERO
    if step[C_OUTER] >= 0:
        start_rows(step, arena)
        beta = ONE
    a_turned, b_turned = step[A_INNER] != 1, step[B_INNER] != 1
    sgemm(
        np.int32(101), np.int32(112 if a_turned else 111), np.int32(112 if b_turned else 111), m, n, depth, ONE,
        arena[step[A] :].ctypes, max(step[A_INNER], m) if a_turned else max(step[A_OUTER], depth),
        arena[step[B] :].ctypes, max(step[B_INNER], depth) if b_turned else max(step[B_OUTER], n), beta,
        arena[step[OUT] :].ctypes, n,
    )  # fmt: skip


# Sums --------------------------------------------------------------------------------------------


@kernel(reorder=True)
def total(x):
    """Σ x."""
    found = ZERO
    for i in range(x.size):
        found += x[i]
    return found


@kernel
def sum_along(step, arena):
    """out[i] <- Σ a[i, :] / c, which lie one number after the other."""
    for i in range(step[OUTER]):
        a = step[A] + i * step[A_OUTER]
        arena[step[OUT] + i] = total(arena[a : a + step[INNER]]) / arena[step[C]]


@kernel
def sum_across(step, arena):
    """out[:] <- Σ a[k, :] / c, over rows that lie one number after the other."""
    n = step[INNER]
    out = arena[step[OUT] : step[OUT] + n]
    out[:] = ZERO
    for k in range(step[OUTER]):
        a = step[A] + k * step[A_OUTER]
        add_multiple(out, ONE, arena[a : a + n])
    if arena[step[C]] != ONE:
        for j in range(n):
            out[j] /= arena[step[C]]


# Classes: z[i, j] of sample i and class j, at i · step[A_OUTER] + j · step[A_INNER] ----------------------------


@kernel
def top_of(step, arena, i):
    """The largest number of a sample."""
    best = arena[step[A] + i * step[A_OUTER]]
    for j in range(1, step[INNER]):
        z = arena[step[A] + i * step[A_OUTER] + j * step[A_INNER]]
        best = z if z > best or z != z else best
    return best


@kernel
def softmax(step, arena):
    """out[i, j] <- exp(z) / Σ exp(z), out lying as z does."""
    for i in range(step[OUTER]):
        top, whole = top_of(step, arena, i), ZERO
        for j in range(step[INNER]):
            place = i * step[A_OUTER] + j * step[A_INNER]
            e = exp_of(arena[step[A] + place] - top)
            arena[step[OUT] + place] = e
            whole += e
        for j in range(step[INNER]):
            arena[step[OUT] + i * step[A_OUTER] + j * step[A_INNER]] /= whole


@kernel
def sparse_cross_entropy(step, arena):
    """out[i] <- log Σ exp(z[i]) - z[i, label]."""
    for i in range(step[OUTER]):
        top, whole = top_of(step, arena, i), ZERO
        for j in range(step[INNER]):
            whole += exp_of(arena[step[A] + i * step[A_OUTER] + j * step[A_INNER]] - top)
        label = np.int64(arena[step[B] + i * step[B_OUTER]])
        arena[step[OUT] + i] = math.log(whole) - (arena[step[A] + i * step[A_OUTER] + label * step[A_INNER]] - top)


@kernel
def softmax_cross_entropy(step, arena):
    """out[i] <- Σ b[i, j] (log Σ exp(z[i]) - z[i, j]); a share b of 0 counts nothing, whatever its logit."""
    for i in range(step[OUTER]):
        top, whole, loss = top_of(step, arena, i), ZERO, ZERO
        for j in range(step[INNER]):
            whole += exp_of(arena[step[A] + i * step[A_OUTER] + j * step[A_INNER]] - top)
        log_whole = np.float32(math.log(whole))
        for j in range(step[INNER]):
            share = arena[step[B] + i * step[B_OUTER] + j * step[B_INNER]]
            if share != ZERO:
                loss += share * (log_whole - (arena[step[A] + i * step[A_OUTER] + j * step[A_INNER]] - top))
        arena[step[OUT] + i] = loss


@kernel
def at_labels(step, arena):
    """out[i, j] <- z[i] at the label, else 0; out lies at step[C_OUTER], step[C_INNER]."""
    for i in range(step[OUTER]):
        for j in range(step[INNER]):
            arena[step[OUT] + i * step[C_OUTER] + j * step[C_INNER]] = ZERO
        label = np.int64(arena[step[B] + i * step[B_OUTER]])
        arena[step[OUT] + i * step[C_OUTER] + label * step[C_INNER]] = arena[step[A] + i * step[A_OUTER]]


# From place to place -----------------------------------------------------------------------------


@kernel
def lay_out(step, arena):
    """out[i, j] <- a[i, j], whose numbers lie anyhow."""
    for i in range(step[OUTER]):
        for j in range(step[INNER]):
            arena[step[OUT] + i * step[INNER] + j] = arena[step[A] + i * step[A_OUTER] + j * step[A_INNER]]


@kernel
def gather(step, arena, table, rows):
    """out[i, j] <- table[rows[i], j], samples one after the other, or features if that is how out lies."""
    width = step[INNER]
    if step[A_INNER] == 1:
        for i in range(rows.size):
            at = step[OUT] + i * width
            arena[at : at + width] = table[rows[i]]
    else:
        for i in range(rows.size):
            for j in range(width):
                arena[step[OUT] + i + j * rows.size] = table[rows[i], j]


@kernel
def tell(step, arena, out):
    """out[i, j] <- the outputs of the model for these samples."""
    for i in range(step[OUTER]):
        for j in range(step[INNER]):
            out[i, j] = arena[step[A] + i * step[A_OUTER] + j * step[A_INNER]]
