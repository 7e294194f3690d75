"""Opcodes for the gradients of what `norms` computes: by the numbers that are normalized, and by what they are multiplied by."""

from __future__ import annotations

from ..kernel import kernel
from .fields import (
    B_INNER,
    C_INNER,
    FIRST,
    INNER,
    OUT,
    OUT_FIRST,
    OUT_SECOND,
    OUTER,
    SECOND,
    B,
)
from .norms import APART, FOLLOWS, SLOPE, SUMS, TERMS, divide_row, fill, normal, row_of, spread_out
from .opcode import opcode
from .vectors import add, count, lanes, line, load, lower, multiply, multiply_add, store, subtract, upper, zeros

# Back: by x --------------------------------------------------------------------------------------


@kernel
def sum_some(step, numbers, places, m, lanes):
    """Σ g gamma and Σ g gamma normal over a row, from m on as far as whole vectors go; and how far that is."""
    a, b, c, g = places
    plain = along = zeros(numbers, lanes)
    while m + count(lanes) <= step[INNER]:
        x = normal(numbers, a + m, b + m * step[B_INNER], step[B_INNER], step[APART], lanes)
        slope = multiply(load(numbers, g + m, lanes), spread_out(numbers, c + m * step[C_INNER], step[C_INNER], lanes))
        plain, along = add(plain, slope), multiply_add(slope, x, along)
        m += count(lanes)
    return plain, along, m


@kernel
def add_some(step, numbers, places, sums, m, lanes):
    """sums <- sums + g gamma and g gamma normal, number by number of a row, from m on. Returns how far it came."""
    a, b, c, g = places
    while m + count(lanes) <= step[INNER]:
        x = normal(numbers, a + m, b + m * step[B_INNER], step[B_INNER], step[APART], lanes)
        slope = multiply(load(numbers, g + m, lanes), spread_out(numbers, c + m * step[C_INNER], step[C_INNER], lanes))
        along = sums + step[APART] + m
        store(numbers, sums + m, add(load(numbers, sums + m, lanes), slope))
        store(numbers, along, multiply_add(slope, x, load(numbers, along, lanes)))
        m += count(lanes)
    return m


@kernel
def slope_some(step, numbers, out, places, sums, m, lanes):
    """inverse (g gamma - mean of that - normal · mean of g gamma normal), from m on. Returns how far it came."""
    a, b, c, g = places
    t, u = step[B_INNER], step[C_INNER]
    while m + count(lanes) <= step[INNER]:
        x = normal(numbers, a + m, b + m * t, t, step[APART], lanes)
        slope = multiply(load(numbers, g + m, lanes), spread_out(numbers, c + m * u, u, lanes))
        plain = spread_out(numbers, sums + m * t, t, lanes)
        along = spread_out(numbers, sums + step[APART] + m * t, t, lanes)
        found = subtract(subtract(slope, plain), multiply(x, along))
        store(numbers, out + m, multiply(spread_out(numbers, b + 2 * step[APART] + m * t, t, lanes), found))
        m += count(lanes)
    return m


@kernel
def slope_row(step, numbers, i, j, k):
    """One row of the gradient by x."""
    a, b, c, far = row_of(step, i, j, k)
    places, sums = (a, b, c, step[SLOPE] + far * step[FOLLOWS]), step[SUMS] + b - step[B]
    m = slope_some(step, numbers, step[OUT] + far, places, sums, 0, line(numbers))
    slope_some(step, numbers, step[OUT] + far, places, sums, m, lanes(1))


@kernel
def over_lanes(vector):
    """The sum over sixteen lanes."""
    eight = add(lower(vector), upper(vector))
    four = add(lower(eight), upper(eight))
    two = add(lower(four), upper(four))
    return add(lower(two), upper(two))


@opcode
def slope_along(step, numbers, whole):
    """out <- the gradient by x, where a row is brought to mean 0 by itself."""
    size = numbers[step[TERMS]]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            plain = along = zeros(numbers, lanes(1))
            for k in range(step[OUTER]):
                a, b, c, far = row_of(step, i, j, k)
                places = a, b, c, step[SLOPE] + far * step[FOLLOWS]
                x, y, m = sum_some(step, numbers, places, 0, lanes(16))
                z, w, m = sum_some(step, numbers, places, m, lanes(1))
                plain, along = plain + (over_lanes(x) + z), along + (over_lanes(y) + w)
            a, b, c, far = row_of(step, i, j, 0)
            sums = step[SUMS] + b - step[B]
            numbers[sums], numbers[sums + step[APART]] = plain / size, along / size
            for k in range(step[OUTER]):
                slope_row(step, numbers, i, j, k)


@opcode
def slope_across(step, numbers, whole):
    """out <- the gradient by x, where columns are brought to mean 0."""
    n, size = step[INNER], numbers[step[TERMS]]
    for i in range(step[FIRST]):
        a, b, c, far = row_of(step, i, 0, 0)
        sums = step[SUMS] + b - step[B]
        plain, along = numbers[sums : sums + n], numbers[sums + step[APART] : sums + step[APART] + n]
        fill(plain, zeros(numbers, lanes(1)))
        fill(along, zeros(numbers, lanes(1)))
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                a, b, c, far = row_of(step, i, j, k)
                m = add_some(step, numbers, (a, b, c, step[SLOPE] + far * step[FOLLOWS]), sums, 0, line(numbers))
                add_some(step, numbers, (a, b, c, step[SLOPE] + far * step[FOLLOWS]), sums, m, lanes(1))
        divide_row(plain, size)
        divide_row(along, size)
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                slope_row(step, numbers, i, j, k)


# Back: by gamma ----------------------------------------------------------------------------------


@kernel
def along_some(step, numbers, places, m, lanes):
    """Σ g normal over a row, from m on as far as whole vectors go; and how far that is."""
    a, b, g = places
    found = zeros(numbers, lanes)
    while m + count(lanes) <= step[INNER]:
        x = normal(numbers, a + m, b + m * step[B_INNER], step[B_INNER], step[APART], lanes)
        found = multiply_add(load(numbers, g + m, lanes), x, found)
        m += count(lanes)
    return found, m


@opcode
def by_gamma_along(step, numbers, whole):
    """out[i, j] <- Σ g normal over a[i, j, :, :]."""
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            found = zeros(numbers, lanes(1))
            for k in range(step[OUTER]):
                a, b, _, far = row_of(step, i, j, k)
                places = a, b, step[SLOPE] + far * step[FOLLOWS]
                x, m = along_some(step, numbers, places, 0, lanes(16))
                y, m = along_some(step, numbers, places, m, lanes(1))
                found += over_lanes(x) + y
            numbers[step[OUT] + i * step[OUT_FIRST] + j * step[OUT_SECOND]] = found


@kernel
def add_products(step, numbers, out, places, m, lanes):
    """out <- out + g normal, number by number of a row, from m on. Returns how far it came."""
    a, b, g = places
    while m + count(lanes) <= step[INNER]:
        x = normal(numbers, a + m, b + m * step[B_INNER], step[B_INNER], step[APART], lanes)
        store(numbers, out + m, multiply_add(load(numbers, g + m, lanes), x, load(numbers, out + m, lanes)))
        m += count(lanes)
    return m


@opcode
def by_gamma_across(step, numbers, whole):
    """out[i, :] <- Σ g normal over j and k of a[i, j, k, :]."""
    n = step[INNER]
    for i in range(step[FIRST]):
        out = step[OUT] + i * step[OUT_FIRST]
        fill(numbers[out : out + n], zeros(numbers, lanes(1)))
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                a, b, _, far = row_of(step, i, j, k)
                m = add_products(step, numbers, out, (a, b, step[SLOPE] + far * step[FOLLOWS]), 0, line(numbers))
                add_products(step, numbers, out, (a, b, step[SLOPE] + far * step[FOLLOWS]), m, lanes(1))
