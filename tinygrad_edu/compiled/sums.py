"""Opcodes for sums and extremes along axes.

What is left of the axes comes first, what is summed over comes last.
"""

from __future__ import annotations

from ..kernel import kernel
from .fields import (
    A_FIRST,
    A_INNER,
    A_OUTER,
    A_SECOND,
    FIRST,
    INNER,
    OUT,
    OUT_FIRST,
    OUT_SECOND,
    OUTER,
    SECOND,
    A,
    B,
)
from .opcode import opcode
from .vectors import (
    add,
    count,
    divide,
    half_line,
    lanes,
    line,
    load,
    lower,
    put,
    spread,
    store,
    totals,
    upper,
    without,
    zeros,
)

PIECE = 4096  # numbers that are summed up before their sum is added to that of others: rounding grows with the longer of the two


@kernel(reorder=True)
def total(x):
    """Σ x, for one number or more."""
    found = x[0]
    for i in range(1, x.size):
        found += x[i]
    return found


@kernel
def total_of(numbers, a, stride, n):
    """The sum of n numbers from a on."""
    found = numbers[a] - numbers[a]
    for start in range(0, n, PIECE):
        end = min(start + PIECE, n)
        if stride == 1:
            found += total(numbers[a + start : a + end])
        else:
            part = numbers[a + start * stride]
            for i in range(start + 1, end):
                part += numbers[a + i * stride]
            found += part
    return found


@kernel
def add_half_lines(numbers, a, t, sums, idle):
    """Half a line from each of four places, added to four sums, but for the first `idle` lanes."""
    w, x, y, z = sums
    w = add(w, without(load(numbers, a, half_line(numbers)), idle))
    x = add(x, without(load(numbers, a + t, half_line(numbers)), idle))
    y = add(y, without(load(numbers, a + 2 * t, half_line(numbers)), idle))
    z = add(z, without(load(numbers, a + 3 * t, half_line(numbers)), idle))
    return w, x, y, z


@kernel
def four_totals(numbers, a, t, n):
    """The sums of n numbers, half a line or more, from places on that lie `t` apart."""
    none, k, width = zeros(numbers, half_line(numbers)), 0, count(half_line(numbers))
    sums = none, none, none, none
    while k + width <= n:
        sums = add_half_lines(numbers, a + k, t, sums, 0)
        k += width
    if k < n:
        sums = add_half_lines(numbers, a + n - width, t, sums, k - n + width)
    w, x, y, z = sums
    return totals(w, x, y, z)


@kernel
def sum_by_fours(step, numbers, out, a):
    """Sums along four rows at a time; the last ones are done again if there are not four more."""
    for j in range(0, step[SECOND], 4):
        j = min(j, step[SECOND] - 4)
        found, row = zeros(numbers, lanes(4)), a + j * step[A_SECOND]
        for _ in range(step[OUTER]):
            found = add(found, four_totals(numbers, row, step[A_SECOND], step[INNER]))
            row += step[A_OUTER]
        put(numbers, out + j * step[OUT_SECOND], step[OUT_SECOND], divide(found, spread(numbers, step[B], lanes(4))))


@kernel
def sum_one_by_one(step, numbers, out, a):
    """Sums along rows."""
    for j in range(step[SECOND]):
        row = a + j * step[A_SECOND]
        found = total_of(numbers, row, step[A_INNER], step[INNER])
        for k in range(1, step[OUTER]):
            found += total_of(numbers, row + k * step[A_OUTER], step[A_INNER], step[INNER])
        numbers[out + j * step[OUT_SECOND]] = found / numbers[step[B]]


@opcode
def sum_along(step, numbers, whole):
    """out[i, j] <- Σ a[i, j, :, :] / b."""
    is_short = count(half_line(numbers)) <= step[INNER] <= PIECE and step[A_INNER] == 1
    for i in range(step[FIRST]):
        out, a = step[OUT] + i * step[OUT_FIRST], step[A] + i * step[A_FIRST]
        if is_short and step[SECOND] >= 4:
            sum_by_fours(step, numbers, out, a)
        else:
            sum_one_by_one(step, numbers, out, a)


@kernel
def sum_columns(step, numbers, i, j, idle, lanes):
    """out[i, j:] <- Σ a[i, :, :, j:] / b. Returns how far it came; the last lanes do some again, if more than `idle` are left."""
    n = step[INNER]
    while n - j > idle and n >= count(lanes):
        j = min(j, n - count(lanes))
        found = zeros(numbers, lanes)
        for k in range(step[SECOND]):
            at = step[A] + i * step[A_FIRST] + k * step[A_SECOND] + j
            for _ in range(step[OUTER]):
                found = add(found, load(numbers, at, lanes))
                at += step[A_OUTER]
        store(numbers, step[OUT] + i * step[OUT_FIRST] + j, divide(found, spread(numbers, step[B], lanes)))
        j += count(lanes)
    return j


@opcode
def sum_across(step, numbers, whole):
    """out[i, :] <- Σ a[i, :, k, :] / b over j and k, rows that lie one number after the other."""
    for i in range(step[FIRST]):
        j = sum_columns(step, numbers, i, 0, count(line(numbers)) // 2, line(numbers))
        j = sum_columns(step, numbers, i, j, 0, lanes(4))
        sum_columns(step, numbers, i, j, 0, lanes(1))


@kernel
def folded(x, y):
    """The function of two numbers, or of two vectors, that `fold_along` is made of."""
    return x


def fold_along(step, numbers, whole):
    """out[i, j] <- a[i, j, 0, 0] folded with all the others of a[i, j, :, :]."""
    n, t = step[INNER], step[A_INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            a = step[A] + i * step[A_FIRST] + j * step[A_SECOND]
            if t == 1 and n >= 8:
                some = load(numbers, a, lanes(8))
                for k in range(step[OUTER]):
                    for m in range(8 if k == 0 else 0, n - 7, 8):
                        some = folded(load(numbers, a + k * step[A_OUTER] + m, lanes(8)), some)
                four = folded(lower(some), upper(some))
                two = folded(lower(four), upper(four))
                found, start = folded(lower(two), upper(two)), n // 8 * 8
            else:
                found, start = numbers[a], 0
            for k in range(step[OUTER]):
                for m in range(max(start, 1) if k == 0 else start, n):
                    found = folded(found, numbers[a + k * step[A_OUTER] + m * t])
            numbers[step[OUT] + i * step[OUT_FIRST] + j * step[OUT_SECOND]] = found
