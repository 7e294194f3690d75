"""Opcodes for softmax, the cross-entropies and what else looks at the classes of each sample, which are the last axis.

A label that is no class stops the run: the op itself says what is wrong with it.
"""

from __future__ import annotations

import math
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
from .opcode import Opcode, opcode
from .scalars import SCALARS
from .sums import total_of

exp = SCALARS["exp"].single


def in_double(function: Callable, **kernels: Callable) -> Callable:
    """The same function with other kernels: `exp` of float32 is a polynomial."""
    found = types.FunctionType(
        function.__code__, {**function.__globals__, "exp": SCALARS["exp"].double, **kernels}, function.__name__
    )
    found.__doc__, found.__qualname__ = function.__doc__, f"{function.__qualname__}_of_doubles"
    return found


def in_both_types(function: Callable) -> Opcode:
    """The opcode of a function that calls `exp`."""
    return Opcode(function, double=in_double(function, exponentials=exponentials_of_doubles))


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
            y[j] = exp(x[j] - top)
        return total_of(numbers, out, 1, n)
    whole = top - top
    for j in range(n):
        e = exp(numbers[a + j * t] - top)
        numbers[out + j * s] = e
        whole += e
    return whole


exponentials_of_doubles = kernel(in_double(exponentials.__wrapped__))  # type: ignore[attr-defined]


@in_both_types
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


@in_both_types
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
                    found += exp(numbers[a + m * t] - top)
                label = int(numbers[b])
                if not 0 <= label < n:
                    return 1
                numbers[out] = math.log(found) - (numbers[a + label * t] - top)
    return 0


@in_both_types
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
                    found += exp(numbers[a + m * t] - top)
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
                label += n if label < 0 else 0
                if not 0 <= label < n:
                    return 1
                numbers[out + label * s] = numbers[a]
    return 0
