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


@kernel
def add_multiple(out, factor, row):
    """out <- out + factor · row."""
    for j in range(out.size):
        out[j] += factor * row[j]


@kernel
def add_two(out, a, b, w, x):
    """out <- out + a w + b x."""
    for j in range(out.size):
        out[j] += a * w[j] + b * x[j]


@kernel
def add_four(out, a, b, c, d, w, x, y, z):
    """out <- out + a w + b x + c y + d z: a fourth of the reading and writing."""
    for j in range(out.size):
        out[j] += (a * w[j] + b * x[j]) + (c * y[j] + d * z[j])


@kernel
def add_rows(out, numbers, a, turn, b, stride, depth):
    """out <- out + Σ a[k] b[k, :], with a and b beginning at places of memory, rows of b one number after the other."""
    n, k = out.size, 0
    while k + 4 <= depth:
        p, q = a + k * turn, b + k * stride
        add_four(
            out, numbers[p], numbers[p + turn], numbers[p + 2 * turn], numbers[p + 3 * turn],
            numbers[q : q + n], numbers[q + stride : q + stride + n],
            numbers[q + 2 * stride : q + 2 * stride + n], numbers[q + 3 * stride : q + 3 * stride + n],
        )  # fmt: skip
        k += 4
    if k + 2 <= depth:
        p, q = a + k * turn, b + k * stride
        add_two(out, numbers[p], numbers[p + turn], numbers[q : q + n], numbers[q + stride : q + stride + n])
        k += 2
    if k < depth:
        q = b + k * stride
        add_multiple(out, numbers[a + k * turn], numbers[q : q + n])


@kernel
def begin_row(out, numbers, c, stride):
    """out <- c, of which all numbers are one where its stride is 0."""
    if stride == 0:
        one = numbers[c]
        for j in range(out.size):
            out[j] = one
    else:
        for j in range(out.size):
            out[j] = numbers[c + j * stride]


@kernel
def places(step, i, j):
    """Where the matrices of one place in a batch begin: out, a, b, c."""
    return (
        step[OUT] + i * step[OUT_FIRST] + j * step[OUT_SECOND],
        step[A] + i * step[A_FIRST] + j * step[A_SECOND],
        step[B] + i * step[B_FIRST] + j * step[B_SECOND],
        step[C] + i * step[C_FIRST] + j * step[C_SECOND],
    )


@opcode
def product_by_rows(step, numbers, whole):
    """out[i, :] <- c[i, :] + Σ a[i, k] b[k, :], rows of b and out one number after the other."""
    n, depth = step[INNER], step[DEPTH]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            out, a, b, c = places(step, i, j)
            for k in range(step[OUTER]):
                at = out + k * step[OUT_OUTER]
                row = numbers[at : at + n]
                begin_row(row, numbers, c + k * step[C_OUTER], step[C_INNER])
                add_rows(row, numbers, a + k * step[A_OUTER], step[A_INNER], b, step[B_OUTER], depth)


@kernel(reorder=True)
def dot(x, y):
    """Σ x y."""
    total = x[0] * y[0]
    for i in range(1, x.size):
        total += x[i] * y[i]
    return total


@opcode
def product_by_dots(step, numbers, whole):
    """out[i, j] <- c[i, j] + Σ a[i, :] b[:, j], where rows of a and columns of b lie one number after the other."""
    depth = step[DEPTH]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            out, a, b, c = places(step, i, j)
            for k in range(step[OUTER]):
                at, from_, plus = out + k * step[OUT_OUTER], a + k * step[A_OUTER], c + k * step[C_OUTER]
                x = numbers[from_ : from_ + depth]
                for m in range(step[INNER]):
                    y = b + m * step[B_INNER]
                    numbers[at + m] = numbers[plus + m * step[C_INNER]] + dot(x, numbers[y : y + depth])


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
