"""Opcodes that work number by number, made of functions of numbers: a loop over up to four axes, whatever the strides.

Numbers that lie one after the other, or are the same one again and again, have loops of their own, of which the compiler makes
eight or sixteen at once.
"""

from __future__ import annotations

import types
from collections.abc import Callable

from ..kernel import kernel
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
from .opcode import Opcode, opcode
from .scalars import Scalar


@kernel
def number(x):
    """The function of numbers that an opcode is made of, in whose place `made_of` puts one."""
    return x


def of_one(step, numbers, whole):
    """out <- number(a)."""
    n, s, t = step[INNER], step[OUT_INNER], step[A_INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                out = step[OUT] + i * step[OUT_FIRST] + j * step[OUT_SECOND] + k * step[OUT_OUTER]
                a = step[A] + i * step[A_FIRST] + j * step[A_SECOND] + k * step[A_OUTER]
                if s == 1 and t == 1:
                    x, y = numbers[a : a + n], numbers[out : out + n]
                    for m in range(n):
                        y[m] = number(x[m])
                elif s == 1 and t == 0:
                    y, one = numbers[out : out + n], number(numbers[a])
                    for m in range(n):
                        y[m] = one
                else:
                    for m in range(n):
                        numbers[out + m * s] = number(numbers[a + m * t])


def of_two(step, numbers, whole):
    """out <- number(a, b)."""
    n, s, t, u = step[INNER], step[OUT_INNER], step[A_INNER], step[B_INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                out = step[OUT] + i * step[OUT_FIRST] + j * step[OUT_SECOND] + k * step[OUT_OUTER]
                a = step[A] + i * step[A_FIRST] + j * step[A_SECOND] + k * step[A_OUTER]
                b = step[B] + i * step[B_FIRST] + j * step[B_SECOND] + k * step[B_OUTER]
                if s == 1 and t == 1 and u == 1:
                    z, x, y = numbers[out : out + n], numbers[a : a + n], numbers[b : b + n]
                    for m in range(n):
                        z[m] = number(x[m], y[m])
                elif s == 1 and t == 1 and u == 0:
                    z, x, one = numbers[out : out + n], numbers[a : a + n], numbers[b]
                    for m in range(n):
                        z[m] = number(x[m], one)
                elif s == 1 and t == 0 and u == 1:
                    z, one, y = numbers[out : out + n], numbers[a], numbers[b : b + n]
                    for m in range(n):
                        z[m] = number(one, y[m])
                else:
                    for m in range(n):
                        numbers[out + m * s] = number(numbers[a + m * t], numbers[b + m * u])


def of_three(step, numbers, whole):
    """out <- number(a, b, c)."""
    n, s, t, u, v = step[INNER], step[OUT_INNER], step[A_INNER], step[B_INNER], step[C_INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                out = step[OUT] + i * step[OUT_FIRST] + j * step[OUT_SECOND] + k * step[OUT_OUTER]
                a = step[A] + i * step[A_FIRST] + j * step[A_SECOND] + k * step[A_OUTER]
                b = step[B] + i * step[B_FIRST] + j * step[B_SECOND] + k * step[B_OUTER]
                c = step[C] + i * step[C_FIRST] + j * step[C_SECOND] + k * step[C_OUTER]
                if s == 1 and t == 1 and u == 1 and v == 1:
                    w, x, y, z = numbers[out : out + n], numbers[a : a + n], numbers[b : b + n], numbers[c : c + n]
                    for m in range(n):
                        w[m] = number(x[m], y[m], z[m])
                elif s == 1 and t == 1 and u == 0 and v == 0:
                    w, x, one, other = numbers[out : out + n], numbers[a : a + n], numbers[b], numbers[c]
                    for m in range(n):
                        w[m] = number(x[m], one, other)
                else:
                    for m in range(n):
                        numbers[out + m * s] = number(numbers[a + m * t], numbers[b + m * u], numbers[c + m * v])


TEMPLATES = of_one, of_two, of_three


def made_of(function: Callable, template: Callable, name: str, replaced: str = "number") -> Opcode:
    """The opcode of a template in which one kernel stands for another one."""
    return opcode(_with(function, template, name, replaced))


def _with(function: Callable, template: Callable, name: str, replaced: str) -> Callable:
    own = types.FunctionType(template.__code__, {**template.__globals__, replaced: function}, name)
    own.__doc__, own.__module__ = template.__doc__, template.__module__
    return own


def elementwise(name: str, scalar: Scalar) -> Opcode:
    """The opcode that applies a function of one to three numbers to all."""
    template = TEMPLATES[scalar.arity - 1]
    single, double = (_with(function, template, name, "number") for function in (scalar.single, scalar.double))
    return Opcode(single, name, double)
