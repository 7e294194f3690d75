"""Opcodes for matrix products: rows of the output, dot products, or NumPy's own BLAS where that pays.

A product of small matrices is two loops whose inner one runs over as many numbers as there are, rows of the output or the
axis that is summed over. All of them do a whole batch of matrices, along the first two axes.
"""

from __future__ import annotations

import numpy as np

from ..kernel import kernel
from .blas import gemm
from .fields import (
    A_FIRST,
    A_INNER,
    A_OUTER,
    A_SECOND,
    B_FIRST,
    B_INNER,
    B_OUTER,
    B_SECOND,
    C_FIRST,
    C_INNER,
    C_OUTER,
    C_SECOND,
    DEPTH,
    FIRST,
    INNER,
    OUT,
    OUT_FIRST,
    OUT_OUTER,
    OUT_SECOND,
    OUTER,
    SECOND,
    A,
    B,
    C,
)
from .opcode import opcode
from .vectors import add, by_four, count, lanes, line, load, multiply_add, pick, spread, store, totals, zeros


@kernel
def begin(numbers, c, stride, lanes):
    """What a result is added to: one number for all lanes if its stride is 0, else neighbours."""
    if stride == 0:
        return spread(numbers, c, lanes)
    return load(numbers, c, lanes)


@kernel
def places(step, i, j):
    """Where the matrices of one place in a batch begin: out, a, b, c."""
    return (
        step[OUT] + i * step[OUT_FIRST] + j * step[OUT_SECOND],
        step[A] + i * step[A_FIRST] + j * step[A_SECOND],
        step[B] + i * step[B_FIRST] + j * step[B_SECOND],
        step[C] + i * step[C_FIRST] + j * step[C_SECOND],
    )


# Along rows: out, a, b and c are places in memory, `s`, `t`, `u` the strides from row to row of out, a and c; a's numbers lie
# `turn` apart, b's rows `stride`, and the columns of c `v`.


@kernel
def four_rows(numbers, places, strides, depth, j, n, idle, lanes):
    """Four rows of the result, from column j on. Returns how far it came.

    The last lanes do some columns again, if there are as many, and more than `idle` are left.
    """
    (out, a, b, c), (s, t, u, v, turn, stride) = places, strides
    while n - j > idle and n >= count(lanes):
        j = min(j, n - count(lanes))
        p, q, from_ = a, b + j, c + j * v
        w, x = begin(numbers, from_, v, lanes), begin(numbers, from_ + u, v, lanes)
        y, z = begin(numbers, from_ + 2 * u, v, lanes), begin(numbers, from_ + 3 * u, v, lanes)
        for _ in range(depth):
            row = load(numbers, q, lanes)
            w = multiply_add(spread(numbers, p, lanes), row, w)
            x = multiply_add(spread(numbers, p + t, lanes), row, x)
            y = multiply_add(spread(numbers, p + 2 * t, lanes), row, y)
            z = multiply_add(spread(numbers, p + 3 * t, lanes), row, z)
            p, q = p + turn, q + stride
        store(numbers, out + j, w)
        store(numbers, out + s + j, x)
        store(numbers, out + 2 * s + j, y)
        store(numbers, out + 3 * s + j, z)
        j += count(lanes)
    return j


@kernel
def one_row(numbers, places, strides, depth, j, n, idle, lanes):
    """The same for one row."""
    (out, a, b, c), (s, t, u, v, turn, stride) = places, strides
    while n - j > idle and n >= count(lanes):
        j = min(j, n - count(lanes))
        p, q = a, b + j
        w = begin(numbers, c + j * v, v, lanes)
        for _ in range(depth):
            w = multiply_add(spread(numbers, p, lanes), load(numbers, q, lanes), w)
            p, q = p + turn, q + stride
        store(numbers, out + j, w)
        j += count(lanes)
    return j


@kernel
def all_columns(numbers, places, strides, depth, n, rows):
    """Rows of the result, with ever fewer lanes."""
    j = rows(numbers, places, strides, depth, 0, n, count(line(numbers)) // 2, line(numbers))
    j = rows(numbers, places, strides, depth, j, n, 0, lanes(4))
    rows(numbers, places, strides, depth, j, n, 0, lanes(1))


@opcode
def product_by_rows(step, numbers, whole):
    """out[i, :] <- c[i, :] + Σ a[i, k] b[k, :], rows of b and out one number after the other."""
    m, n, depth, s, t, u = step[OUTER], step[INNER], step[DEPTH], step[OUT_OUTER], step[A_OUTER], step[C_OUTER]
    strides = s, t, u, step[C_INNER], step[A_INNER], step[B_OUTER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            out, a, b, c = places(step, i, j)
            k = 0
            while k + 4 <= m:
                all_columns(numbers, (out + k * s, a + k * t, b, c + k * u), strides, depth, n, four_rows)
                k += 4
            while k < m:
                all_columns(numbers, (out + k * s, a + k * t, b, c + k * u), strides, depth, n, one_row)
                k += 1


# Along what is summed over -----------------------------------------------------------------------


@kernel
def add_products(numbers, a, b, stride, depth, k, sums, lanes):
    """Four sums, and a[k:] times four columns, as long as all lanes are of use. Returns how far it came, and the sums."""
    w, x, y, z = sums
    while k + count(lanes) <= depth:
        row, at = load(numbers, a + k, lanes), b + k
        w = multiply_add(row, load(numbers, at, lanes), w)
        x = multiply_add(row, load(numbers, at + stride, lanes), x)
        y = multiply_add(row, load(numbers, at + 2 * stride, lanes), y)
        z = multiply_add(row, load(numbers, at + 3 * stride, lanes), z)
        k += count(lanes)
    return k, (w, x, y, z)


@kernel
def four_dots(numbers, a, b, stride, depth):
    """a times four columns."""
    none = zeros(numbers, line(numbers))
    k, (w, x, y, z) = add_products(numbers, a, b, stride, depth, 0, (none, none, none, none), line(numbers))
    sums = by_four(w), by_four(x), by_four(y), by_four(z)
    k, (w4, x4, y4, z4) = add_products(numbers, a, b, stride, depth, k, sums, lanes(4))
    found = totals(w4, x4, y4, z4)
    while k < depth:
        found = multiply_add(spread(numbers, a + k, lanes(4)), pick(numbers, b + k, stride, lanes(4)), found)
        k += 1
    return found


@kernel(reorder=True)
def dot(x, y):
    """Σ x y."""
    total = x[0] * y[0]
    for i in range(1, x.size):
        total += x[i] * y[i]
    return total


@opcode
def product_by_dots(step, numbers, whole):
    """out[i, j] <- c[i, j] + Σ a[i, :] b[:, j], where rows of a and out, and columns of b, lie one number after the other."""
    n, depth, stride, v = step[INNER], step[DEPTH], step[B_INNER], step[C_INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            out, a, b, c = places(step, i, j)
            for _ in range(step[OUTER]):
                m = 0
                while m + 4 <= n:
                    found = four_dots(numbers, a, b + m * stride, stride, depth)
                    store(numbers, out + m, add(begin(numbers, c + m * v, v, lanes(4)), found))
                    m += 4
                while m < n:
                    y = b + m * stride
                    numbers[out + m] = numbers[c + m * v] + dot(numbers[a : a + depth], numbers[y : y + depth])
                    m += 1
                out, a, c = out + step[OUT_OUTER], a + step[A_OUTER], c + step[C_OUTER]


# By BLAS -----------------------------------------------------------------------------------------


@kernel
def begin_row(out, numbers, c, stride):
    """out <- c, of which all numbers are one where its stride is 0."""
    for j in range(out.size):
        out[j] = numbers[c + j * stride]


@opcode
def product_by_blas(step, numbers, whole):
    """The same for any two matrices of which rows or columns lie one number after the other."""
    m, n, depth = step[OUTER], step[INNER], step[DEPTH]
    one = numbers.dtype.type(1)
    a_turned, b_turned = step[A_INNER] != 1, step[B_INNER] != 1
    a_step = max(step[A_INNER], m) if a_turned else max(step[A_OUTER], depth)
    b_step = max(step[B_INNER], depth) if b_turned else max(step[B_OUTER], n)
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            out, a, b, c = places(step, i, j)
            beta = one
            if step[C_INNER] == 0 and step[C_OUTER] == 0 and numbers[c] == 0:
                beta = one - one
            else:
                for k in range(m):
                    at = out + k * step[OUT_OUTER]
                    begin_row(numbers[at : at + n], numbers, c + k * step[C_OUTER], step[C_INNER])
            gemm(
                np.int32(101), np.int32(112 if a_turned else 111), np.int32(112 if b_turned else 111), m, n, depth, one,
                numbers[a:].ctypes, a_step, numbers[b:].ctypes, b_step, beta, numbers[out:].ctypes, step[OUT_OUTER],
            )  # fmt: skip
