"""Rows of logits, of one sample or of one class, as the opcodes of `classes` go over them.

What exponentials and logarithms there are depends on the type of the numbers: `in_type` puts them in.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from ..kernel import kernel
from .scalars import SCALARS
from .vectors import lanes, larger, load, lower, upper


@kernel
def exp_of(x):
    """exp of x up to 0, in whose place each type has its own."""
    return x


@kernel
def log_of(x):
    """log, in the same way."""
    return x


# One sample, whose classes are neighbours; or one class, whose samples are -----------------------


@kernel
def top_of(numbers, a, n):
    """The largest of n neighbours; nan if one is."""
    best, start = numbers[a], 0
    if n >= 16:
        some = load(numbers, a, lanes(16))
        for start in range(16, n - 15, 16):
            some = larger(load(numbers, a + start, lanes(16)), some)
        eight = larger(lower(some), upper(some))
        four = larger(lower(eight), upper(eight))
        two = larger(lower(four), upper(four))
        best, start = larger(lower(two), upper(two)), n // 16 * 16
    for j in range(start, n):
        best = larger(numbers[a + j], best)
    return best


@kernel(reorder=True)
def total_exp(x, top, total):
    """total + Σ exp(x - top)."""
    for j in range(x.size):
        total += exp_of(x[j] - top)
    return total


@kernel
def raise_tops(tops, x):
    """tops <- the larger ones of tops and x; nan wins."""
    for j in range(x.size):
        tops[j] = x[j] if x[j] > tops[j] or x[j] != x[j] else tops[j]


@kernel
def add_exps(totals, x, tops):
    """totals <- totals + exp(x - tops)."""
    for j in range(x.size):
        totals[j] += exp_of(x[j] - tops[j])


@kernel
def logs(x):
    """x <- log x."""
    for j in range(x.size):
        x[j] = log_of(x[j])


@kernel
def shares_of_one(x, top, log_total, factor, out):
    """out <- factor · shares of the classes of a sample."""
    for j in range(x.size):
        out[j] = factor * exp_of((x[j] - top) - log_total)


@kernel
def shares_of_class(x, tops, log_totals, factors, out):
    """out <- factors · shares of a class in each sample."""
    for j in range(x.size):
        out[j] = factors[j] * exp_of((x[j] - tops[j]) - log_totals[j])


@kernel(reorder=True)
def softmax_of_one(x, top, out):
    """out <- exp(x - top) / Σ exp(x - top)."""
    total = top - top
    for j in range(x.size):
        out[j] = exp_of(x[j] - top)
        total += out[j]
    for j in range(x.size):
        out[j] /= total


@kernel
def less_one(out, factor, y):
    """out <- out - factor y."""
    for j in range(out.size):
        out[j] -= factor * y[j]


@kernel
def less_class(out, factors, y):
    """out <- out - factors y."""
    for j in range(out.size):
        out[j] -= factors[j] * y[j]


@kernel(reorder=True)
def loss_of_one(x, top, log_total, y, loss):
    """loss + Σ y (log_total - (x - top)); a share y of 0 counts nothing, whatever its logit."""
    none = loss - loss
    for j in range(x.size):
        loss += y[j] * (log_total - (x[j] - top)) if y[j] != 0 else none
    return loss


@kernel
def add_losses(losses, x, tops, log_totals, y, none):
    """losses <- losses + y (log_totals - (x - tops)) of one class."""
    for j in range(x.size):
        losses[j] += y[j] * (log_totals[j] - (x[j] - tops[j])) if y[j] != 0 else none


# In both types -----------------------------------------------------------------------------------

TYPED = total_exp, add_exps, logs, shares_of_one, shares_of_class, softmax_of_one  # what names exp_of or log_of


def in_type(function: Callable, number: str) -> Callable:
    """A function of rows with the exponentials and logarithms of a type: "single" or "double"."""
    known = {"exp_of": getattr(SCALARS["exp_down"], number), "log_of": getattr(SCALARS["log"], number)}
    return _with(function, known | {one.__name__: _kernel_with(one, known) for one in TYPED})


def _kernel_with(one: Any, known: dict[str, Callable]) -> Callable:
    return kernel(_with(one.__wrapped__, known), reorder="reassoc" in one.options["fastmath"])


def _with(function: Callable, known: dict[str, Callable]) -> Callable:
    return types.FunctionType(function.__code__, {**function.__globals__, **known}, function.__name__)
