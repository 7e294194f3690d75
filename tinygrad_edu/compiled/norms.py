"""Opcodes that bring numbers to mean 0 and variance 1, and go back through that.

What is found out about numbers lies in three layers, `EXTRA` numbers apart: mean, variance, 1 / sqrt(variance + ε). x, its
gradient and the result lie alike, along rows of neighbours; all else is one number along such a row, or neighbours, too.

Two ways to lie: `along`, where mean and variance are those of a row, and `across`, where they are those of a column.
"""

from __future__ import annotations

import math

from ..kernel import kernel
from .fields import (
    A_FIRST,
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
    EXTRA,
    FIRST,
    INNER,
    OUT,
    OUTER,
    ROW,
    SECOND,
    A,
    B,
    C,
)
from .opcode import opcode
from .vectors import add, count, lanes, line, load, multiply, spread, store, subtract, zeros

APART = EXTRA  # how far the layers of what is found lie apart
FOLLOWS = EXTRA + 2  # 1 if the gradient by the result lies as a does, 0 if one row of it stands for all
SHIFT, SLOPE = ROW - 4, ROW - 4  # where beta lies, or the gradient by the result
SUMS = ROW - 3  # memory for two layers more, or where ε lies
EPSILON = ROW - 2
TERMS = ROW - 1  # where it lies of how many numbers a mean is

# Rows --------------------------------------------------------------------------------------------


@kernel
def spread_out(numbers, at, stride, lanes):
    """Neighbours, or one number for all lanes if its stride is 0."""
    if stride == 0:
        return spread(numbers, at, lanes)
    return load(numbers, at, lanes)


@kernel
def normal(numbers, a, b, stride, apart, lanes):
    """(a - mean) inverse."""
    centred = subtract(load(numbers, a, lanes), spread_out(numbers, b, stride, lanes))
    return multiply(centred, spread_out(numbers, b + 2 * apart, stride, lanes))


@kernel
def row_of(step, i, j, k):
    """Where a row of x begins, and what belongs to it: in a, in b, in c; and how far the row is from the first one."""
    far = i * step[A_FIRST] + j * step[A_SECOND] + k * step[A_OUTER]
    b = step[B] + i * step[B_FIRST] + j * step[B_SECOND] + k * step[B_OUTER]
    c = step[C] + i * step[C_FIRST] + j * step[C_SECOND] + k * step[C_OUTER]
    return step[A] + far, b, c, far


@kernel(reorder=True)
def squares(x, mean):
    """Σ (x - mean)²."""
    found = mean - mean
    for j in range(x.size):
        found += (x[j] - mean) * (x[j] - mean)
    return found


@kernel(reorder=True)
def total(x, found):
    """found + Σ x."""
    for j in range(x.size):
        found += x[j]
    return found


@kernel
def add_row(totals, x):
    """totals <- totals + x."""
    for j in range(x.size):
        totals[j] += x[j]


@kernel
def add_squares(totals, x, means):
    """totals <- totals + (x - means)²."""
    for j in range(x.size):
        totals[j] += (x[j] - means[j]) * (x[j] - means[j])


@kernel
def divide_row(x, size):
    """x <- x / size."""
    for j in range(x.size):
        x[j] /= size


@kernel
def fill(x, number):
    """x <- number."""
    for j in range(x.size):
        x[j] = number


@kernel
def inverse_roots(one, variances, epsilon, out):
    """out <- one / sqrt(variances + epsilon)."""
    for j in range(out.size):
        out[j] = one / math.sqrt(variances[j] + epsilon)


# Mean and variance -------------------------------------------------------------------------------


@kernel
def find_along(step, numbers, i, j):
    """Mean, variance and inverse root of the rows a[i, j, :, :], which are left in b."""
    n, size, epsilon = step[INNER], numbers[step[TERMS]], numbers[step[EPSILON]]
    mean = variance = zeros(numbers, lanes(1))
    for k in range(step[OUTER]):
        a, b, _, _ = row_of(step, i, j, k)
        mean = total(numbers[a : a + n], mean)
    mean /= size
    for k in range(step[OUTER]):
        a, b, _, _ = row_of(step, i, j, k)
        variance += squares(numbers[a : a + n], mean)
    variance /= size
    a, b, _, _ = row_of(step, i, j, 0)
    numbers[b], numbers[b + step[APART]] = mean, variance
    numbers[b + 2 * step[APART]] = (size / size) / math.sqrt(variance + epsilon)


@opcode
def moments_along(step, numbers, whole):
    """b <- mean, variance and inverse root of a[i, j, :, :], for all i and j."""
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            find_along(step, numbers, i, j)


@opcode
def moments_across(step, numbers, whole):
    """b <- mean, variance and inverse root of a[i, :, :, j], for all i and j."""
    n, size, epsilon = step[INNER], numbers[step[TERMS]], numbers[step[EPSILON]]
    for i in range(step[FIRST]):
        _, b, _, _ = row_of(step, i, 0, 0)
        mean, variance = numbers[b : b + n], numbers[b + step[APART] : b + step[APART] + n]
        fill(mean, zeros(numbers, lanes(1)))
        fill(variance, zeros(numbers, lanes(1)))
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                a, _, _, _ = row_of(step, i, j, k)
                add_row(mean, numbers[a : a + n])
        divide_row(mean, size)
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                a, _, _, _ = row_of(step, i, j, k)
                add_squares(variance, numbers[a : a + n], mean)
        divide_row(variance, size)
        inverse_roots(size / size, variance, epsilon, numbers[b + 2 * step[APART] : b + 2 * step[APART] + n])


# Scaled numbers ----------------------------------------------------------------------------------


@kernel
def scale_some(step, numbers, out, places, m, lanes):
    """Some numbers of a row, from m on. Returns how far it came."""
    a, b, c, shift = places
    while m + count(lanes) <= step[INNER]:
        x = normal(numbers, a + m, b + m * step[B_INNER], step[B_INNER], step[APART], lanes)
        gamma = spread_out(numbers, c + m * step[C_INNER], step[C_INNER], lanes)
        beta = spread_out(numbers, shift + m * step[C_INNER], step[C_INNER], lanes)
        store(numbers, out + m, add(multiply(gamma, x), beta))
        m += count(lanes)
    return m


@kernel
def scale_row(step, numbers, i, j, k):
    """One row of gamma normal + beta."""
    a, b, c, far = row_of(step, i, j, k)
    places = a, b, c, step[SHIFT] + c - step[C]
    m = scale_some(step, numbers, step[OUT] + far, places, 0, line(numbers))
    scale_some(step, numbers, step[OUT] + far, places, m, lanes(1))


@opcode
def scaled(step, numbers, whole):
    """out <- c (a - mean) inverse + beta."""
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                scale_row(step, numbers, i, j, k)


@opcode
def scaled_along(step, numbers, whole):
    """The same, and what `moments_along` does before it, while the rows are in the cache."""
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            find_along(step, numbers, i, j)
            for k in range(step[OUTER]):
                scale_row(step, numbers, i, j, k)
