"""Opcodes for sums and extremes along axes, and for softmax and the cross-entropies that look at the classes of each sample.

What is left of the axes comes first, what is summed over comes last.
"""

from __future__ import annotations

import math

from ..kernel import kernel
from ..ops.large import exp_of
from .fields import (
    A_FIRST,
    A_INNER,
    A_OUTER,
    A_SECOND,
    B_FIRST,
    B_INNER,
    B_OUTER,
    B_SECOND,
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


# Classes: those of a sample are the last axis ----------------------------------------------------


@kernel
def top_of(numbers, a, stride, n):
    """The largest of n numbers."""
    best = numbers[a]
    for j in range(1, n):
        z = numbers[a + j * stride]
        best = z if z > best or z != z else best
    return best


@kernel
def at_sample(step, i, j, k):
    """Where the classes of a sample begin: in out, in a, in b."""
    return (
        step[OUT] + i * step[OUT_FIRST] + j * step[OUT_SECOND] + k * step[OUT_OUTER],
        step[A] + i * step[A_FIRST] + j * step[A_SECOND] + k * step[A_OUTER],
        step[B] + i * step[B_FIRST] + j * step[B_SECOND] + k * step[B_OUTER],
    )


@kernel
def exponentials(numbers, out, s, a, t, top, n):
    """out <- exp(a - top). Returns their sum."""
    if s == 1 and t == 1:
        x, y = numbers[a : a + n], numbers[out : out + n]
        for j in range(n):
            y[j] = exp_of(x[j] - top)
        return total_of(numbers, out, 1, n)
    whole = top - top
    for j in range(n):
        e = exp_of(numbers[a + j * t] - top)
        numbers[out + j * s] = e
        whole += e
    return whole


@opcode
def softmax(step, numbers, whole):
    """out[..., j] <- exp(a[..., j]) / Σ exp(a)."""
    n, s, t = step[INNER], step[OUT_INNER], step[A_INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                out, a, _ = at_sample(step, i, j, k)
                found = exponentials(numbers, out, s, a, t, top_of(numbers, a, t, n), n)
                for m in range(n):
                    numbers[out + m * s] /= found


@opcode
def sparse_softmax_cross_entropy(step, numbers, whole):
    """out[...] <- log Σ exp(a[..., :]) - a[..., label], where b has the labels."""
    n, t = step[INNER], step[A_INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                out, a, b = at_sample(step, i, j, k)
                top = top_of(numbers, a, t, n)
                found = top - top
                for m in range(n):
                    found += exp_of(numbers[a + m * t] - top)
                label = int(numbers[b])
                numbers[out] = math.log(found) - (numbers[a + label * t] - top)


@opcode
def softmax_cross_entropy(step, numbers, whole):
    """out[...] <- Σ b (log Σ exp(a) - a) over the classes; a share b of 0 counts nothing, whatever its logit."""
    n, t, u = step[INNER], step[A_INNER], step[B_INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                out, a, b = at_sample(step, i, j, k)
                top = top_of(numbers, a, t, n)
                found = top - top
                for m in range(n):
                    found += exp_of(numbers[a + m * t] - top)
                log_found, loss = math.log(found), top - top
                for m in range(n):
                    share = numbers[b + m * u]
                    if share != 0:
                        loss += share * (log_found - (numbers[a + m * t] - top))
                numbers[out] = loss


@opcode
def add_along_axis(step, numbers, whole):
    """out[..., :] <- 0, but a[...] at the label, which b has."""
    n, s = step[INNER], step[OUT_INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                out, a, b = at_sample(step, i, j, k)
                for m in range(n):
                    numbers[out + m * s] = 0
                label = int(numbers[b])
                if 0 <= label < n:
                    numbers[out + label * s] = numbers[a]
