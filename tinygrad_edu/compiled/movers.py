"""Opcodes for what an optimizer does to weights and gradients, made of the kernels that eager steps call.

What a step is told (its learning rate, say) lies in a row of numbers of its own: see `updates`. Weights are `out`, gradients `a`,
slots lie where the fields from `b` on say.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..kernel import kernel
from ..optimizers.averages import approach
from ..optimizers.clipping import divide, excess, square_sum
from ..optimizers.optimizer import shrink
from .elementwise import made_of
from .fields import DEPTH, INNER, OUT, RATES, STATE, STEP, STRIDE, TOLD, A, B
from .opcode import Opcode, opcode


@kernel
def told(step, whole):
    """Where the numbers begin that an instruction is told in this step."""
    state = step[STATE]
    return whole[state + RATES] + whole[state + STEP] * whole[state + STRIDE] + step[TOLD]


def move(p: Any, g: Any, *slots_and_numbers: Any) -> None:
    """The kernel of an optimizer, in whose place `mover` puts one."""


def with_no_slot(step, numbers, whole):
    """Move weights along a gradient."""
    n, at = step[INNER], told(step, whole)
    p, g = numbers[step[OUT] : step[OUT] + n], numbers[step[A] : step[A] + n]
    move(p, g, numbers[at : at + step[DEPTH]])


def with_one_slot(step, numbers, whole):
    """Move weights and a slot along a gradient."""
    n, at = step[INNER], told(step, whole)
    p, g = numbers[step[OUT] : step[OUT] + n], numbers[step[A] : step[A] + n]
    move(p, g, numbers[step[B] : step[B] + n], numbers[at : at + step[DEPTH]])


def with_two_slots(step, numbers, whole):
    """Move weights and two slots along a gradient."""
    n, at = step[INNER], told(step, whole)
    p, g = numbers[step[OUT] : step[OUT] + n], numbers[step[A] : step[A] + n]
    first, second = numbers[step[B] : step[B] + n], numbers[step[B + 1] : step[B + 1] + n]
    move(p, g, first, second, numbers[at : at + step[DEPTH]])


def with_three_slots(step, numbers, whole):
    """Move weights and three slots along a gradient."""
    n, at = step[INNER], told(step, whole)
    p, g = numbers[step[OUT] : step[OUT] + n], numbers[step[A] : step[A] + n]
    first, second = numbers[step[B] : step[B] + n], numbers[step[B + 1] : step[B + 1] + n]
    third = numbers[step[B + 2] : step[B + 2] + n]
    move(p, g, first, second, third, numbers[at : at + step[DEPTH]])


MOVERS = with_no_slot, with_one_slot, with_two_slots, with_three_slots


@functools.cache
def mover(loop: Callable, slots: int) -> Opcode:
    """The opcode that is an optimizer's kernel, the same that eager steps call."""
    return made_of(loop, MOVERS[slots], loop.__name__, "move")


@opcode
def decay(step, numbers, whole):
    """Weights shrink."""
    at = told(step, whole)
    shrink(numbers[step[OUT] : step[OUT] + step[INNER]], numbers[at : at + 1])


# Averages of weights -----------------------------------------------------------------------------


@kernel
def lay(out, a):
    """out <- a."""
    for i in range(out.size):
        out[i] = a[i]


@opcode
def average(step, numbers, whole):
    """The average `out` approaches the weight; it becomes the weight where the share of the weight is all."""
    n, at = step[INNER], told(step, whole)
    out, p = numbers[step[OUT] : step[OUT] + n], numbers[step[A] : step[A] + n]
    if numbers[at] == 1:
        lay(out, p)
    else:
        approach(out, p, numbers[at : at + 1])


@opcode
def overwrite(step, numbers, whole):
    """The average takes the weight's place, in some steps."""
    if numbers[told(step, whole)] != 0:
        lay(numbers[step[OUT] : step[OUT] + step[INNER]], numbers[step[A] : step[A] + step[INNER]])


# Gradients ---------------------------------------------------------------------------------------


@kernel
def number(x, c):
    """The function of a number, and of what the step is told, in whose place others are put."""
    return x


def of_told(step, numbers, whole):
    """out <- number(a), as the step is told."""
    n, at = step[INNER], told(step, whole)
    out, a = numbers[step[OUT] : step[OUT] + n], numbers[step[A] : step[A] + n]
    for i in range(n):
        out[i] = number(a[i], numbers[at : at + step[DEPTH]])


@kernel
def quotient(x, c):
    """A number, divided by the one that is told."""
    return x / c[0]


@kernel
def cut(x, c):
    """A number between that of a limit and its negative; what is none stays."""
    return c[0] if x > c[0] else -c[0] if x < -c[0] else x


@kernel
def stretch(squares, c):
    """By what an array is multiplied whose sum of squares is given: see `constraints`; c is (min, max, rate, 1 - rate, ε)."""
    low, high, rate, rest, eps = c[0], c[1], c[2], c[3], c[4]
    length = np.sqrt(squares)
    wanted = low if length < low else high if length > high else length
    return (rate * wanted + rest * length) / (length + eps)


unscale, clip_value, stretch_of = (
    made_of(function, of_told, name) for name, function in [("unscale", quotient), ("clip_value", cut), ("stretch", stretch)]
)


@opcode
def add_length(step, numbers, whole):
    """out <- √(out² + Σ a²), begun anew if DEPTH is 0: two numbers, which together are one of float64."""
    at = step[OUT]
    before = np.float64(numbers[at]) + np.float64(numbers[at + 1]) if step[DEPTH] else 0.0
    length = math.sqrt(before * before + square_sum(numbers[step[A] : step[A] + step[INNER]]))
    numbers[at] = length
    numbers[at + 1] = length - np.float64(numbers[at])


@opcode
def shorten(step, numbers, whole):
    """out <- a, divided by how many times as long as it may be the length at b is."""
    n, at = step[INNER], step[B]
    length = np.float64(numbers[at]) + np.float64(numbers[at + 1])
    factor = excess(length, np.float64(numbers[told(step, whole)]))
    divide(numbers[step[OUT] : step[OUT] + n], numbers[step[A] : step[A] + n], factor)
