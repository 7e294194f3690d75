"""Opcodes for matrix products: rows of the output, dot products, or NumPy's own BLAS where that pays.

A product of small matrices is two loops whose inner one runs over as many numbers as there are, rows of the output or the
axis that is summed over. All of them do a whole batch of matrices, along the first two axes.
"""

from __future__ import annotations

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
    OUT_INNER,
    OUT_OUTER,
    OUT_SECOND,
    OUTER,
    SECOND,
    A,
    B,
    C,
)
from .opcode import opcode
from .vectors import add, count, half_line, lanes, line, load, multiply_add, put, spread, store, totals, without, zeros


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
    (out, a, b, c), (_, _, _, v, turn, stride) = places, strides
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
def add_products(numbers, a, t, b, stride, sums, idle):
    """Products of two rows and four columns, added to sums of theirs, but for the first `idle` lanes."""
    w, x, y, z, w2, x2, y2, z2 = sums
    row, row2 = without(load(numbers, a, half_line(numbers)), idle), without(load(numbers, a + t, half_line(numbers)), idle)
    column = without(load(numbers, b, half_line(numbers)), idle)
    w, w2 = multiply_add(row, column, w), multiply_add(row2, column, w2)
    column = without(load(numbers, b + stride, half_line(numbers)), idle)
    x, x2 = multiply_add(row, column, x), multiply_add(row2, column, x2)
    column = without(load(numbers, b + 2 * stride, half_line(numbers)), idle)
    y, y2 = multiply_add(row, column, y), multiply_add(row2, column, y2)
    column = without(load(numbers, b + 3 * stride, half_line(numbers)), idle)
    z, z2 = multiply_add(row, column, z), multiply_add(row2, column, z2)
    return w, x, y, z, w2, x2, y2, z2


@kernel
def eight_dots(numbers, a, t, b, stride, depth):
    """Two rows times four columns; at the end lanes that are done already are left out."""
    none, k, width = zeros(numbers, half_line(numbers)), 0, count(half_line(numbers))
    sums = none, none, none, none, none, none, none, none
    while k + width <= depth:
        sums = add_products(numbers, a + k, t, b + k, stride, sums, 0)
        k += width
    if k < depth:
        last = depth - width
        sums = add_products(numbers, a + last, t, b + last, stride, sums, k - last)
    w, x, y, z, w2, x2, y2, z2 = sums
    return totals(w, x, y, z), totals(w2, x2, y2, z2)


@kernel
def put_four(numbers, out, s, c, v, found):
    """out <- c + found, for four neighbours or numbers that lie `s` apart."""
    found = add(begin(numbers, c, v, lanes(4)), found)
    if s == 1:
        store(numbers, out, found)
    else:
        put(numbers, out, s, found)


@kernel(reorder=True)
def dot(x, y):
    """Σ x y."""
    total = x[0] * y[0]
    for i in range(1, x.size):
        total += x[i] * y[i]
    return total


@kernel
def by_fours(numbers, places, strides, m, n, depth):
    """All dot products, eight at a time. The last columns are done again if there are not four more; so is the last row."""
    (out, a, b, c), (s, r, t, stride, u, v) = places, strides
    for i in range(0, m, 2):
        i = min(i, max(m - 2, 0))
        other = min(1, m - 1)
        for j in range(0, n, 4):
            j = min(j, n - 4)
            above, below = eight_dots(numbers, a + i * t, other * t, b + j * stride, stride, depth)
            put_four(numbers, out + i * s + j * r, r, c + i * u + j * v, v, above)
            put_four(numbers, out + (i + other) * s + j * r, r, c + (i + other) * u + j * v, v, below)


@kernel
def one_by_one(numbers, places, strides, m, n, depth):
    """All dot products."""
    (out, a, b, c), (s, r, t, stride, u, v) = places, strides
    for i in range(m):
        for j in range(n):
            p, q = a + i * t, b + j * stride
            numbers[out + i * s + j * r] = numbers[c + i * u + j * v] + dot(numbers[p : p + depth], numbers[q : q + depth])


@opcode
def product_by_dots(step, numbers, whole):
    """out[i, j] <- c[i, j] + Σ a[i, :] b[:, j], where rows of a and columns of b lie one number after the other."""
    m, n, depth = step[OUTER], step[INNER], step[DEPTH]
    strides = step[OUT_OUTER], step[OUT_INNER], step[A_OUTER], step[B_INNER], step[C_OUTER], step[C_INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            if n >= 4 and depth >= count(half_line(numbers)):
                by_fours(numbers, places(step, i, j), strides, m, n, depth)
            else:
                one_by_one(numbers, places(step, i, j), strides, m, n, depth)


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
    a_turned, b_turned = step[A_INNER] != 1, step[B_INNER] != 1
    a_step = max(step[A_INNER], m) if a_turned else max(step[A_OUTER], depth)
    b_step = max(step[B_INNER], depth) if b_turned else max(step[B_OUTER], n)
    out_step = max(step[OUT_OUTER], n)
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            out, a, b, c = places(step, i, j)
            beta = 0 if step[C_INNER] == 0 and step[C_OUTER] == 0 and numbers[c] == 0 else 1
            for k in range(m * beta if c != out else 0):
                at = out + k * step[OUT_OUTER]
                begin_row(numbers[at : at + n], numbers, c + k * step[C_OUTER], step[C_INNER])
            gemm(numbers, a_turned, b_turned, m, n, depth, a, a_step, b, b_step, beta, out, out_step)
