"""Opcodes that look at the classes of each sample: softmax and the cross-entropies, there and back.

Of each sample two numbers are found once, `EXTRA` numbers apart: its largest logit, and log Σ exp(z - that).
With them every share is one exponential, and no logit is so large that it would overflow.

A label that is no class stops the run: the op itself says what is wrong with it.

Two ways to lie: `along`, where the classes of a sample are neighbours, and `across`, where samples are; then the loops go over
those.
"""

from __future__ import annotations

from ..kernel import kernel
from .fields import (
    A_FIRST,
    A_INNER,
    A_OUTER,
    A_SECOND,
    B_FIRST,
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
    OUT_FIRST,
    OUT_INNER,
    OUT_OUTER,
    OUT_SECOND,
    OUTER,
    ROW,
    SECOND,
    A,
    B,
    C,
)
from .logits import (
    add_exps,
    add_losses,
    exp_of,
    in_type,
    less_class,
    less_one,
    log_of,
    logs,
    loss_of_one,
    raise_tops,
    shares_of_class,
    shares_of_one,
    softmax_of_one,
    top_of,
    total_exp,
)
from .opcode import Opcode, opcode
from .vectors import lanes, zeros

APART = EXTRA  # how far the two layers of what is found lie apart
SLOPE = ROW - 4  # where the gradient by the losses lies, as samples do in what is found
SHARES = ROW - 3  # where the sums of shares lie, in the same way
CLASSES = ROW - 2  # how many classes there are, where that is not the length of an axis


@kernel
def at(step, i, j, k):
    """Where a row of logits begins: in a, in b, in c; and how far it is from the first one."""
    far = i * step[A_FIRST] + j * step[A_SECOND] + k * step[A_OUTER]
    b = step[B] + i * step[B_FIRST] + j * step[B_SECOND] + k * step[B_OUTER]
    c = step[C] + i * step[C_FIRST] + j * step[C_SECOND] + k * step[C_OUTER]
    return step[A] + far, b, c, far


@kernel
def out_at(step, i, j, k):
    """Where the result of a row begins."""
    return step[OUT] + i * step[OUT_FIRST] + j * step[OUT_SECOND] + k * step[OUT_OUTER]


# Opcodes -----------------------------------------------------------------------------------------


def totals_along(step, numbers, whole):
    """b <- the largest of a sample's logits, and log Σ exp(a - that)."""
    n = step[INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                a, b, _, _ = at(step, i, j, k)
                x = numbers[a : a + n]
                numbers[b] = top_of(numbers, a, n)
                numbers[b + step[APART]] = log_of(total_exp(x, numbers[b], zeros(numbers, lanes(1))))


def totals_across(step, numbers, whole):
    """The same for neighbouring samples."""
    n = step[INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            a, b, _, _ = at(step, i, j, 0)
            tops, totals = numbers[b : b + n], numbers[b + step[APART] : b + step[APART] + n]
            for m in range(n):
                tops[m] = numbers[a + m]
                totals[m] = zeros(numbers, lanes(1))
            for k in range(step[OUTER]):
                raise_tops(tops, numbers[a + k * step[A_OUTER] : a + k * step[A_OUTER] + n])
            for k in range(step[OUTER]):
                add_exps(totals, numbers[a + k * step[A_OUTER] : a + k * step[A_OUTER] + n], tops)
            logs(totals)


def sparse_losses(step, numbers, whole):
    """out <- log_total - (a[label] - top), where c has the labels."""
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                a, b, c, _ = at(step, i, j, k)
                label = int(numbers[c])
                if not 0 <= label < step[CLASSES]:
                    return 1
                logit = numbers[a + label * step[A_INNER]]
                out = out_at(step, i, j, k)
                numbers[out] = numbers[b + step[APART]] - (logit - numbers[b])
    return 0


def dense_losses_along(step, numbers, whole):
    """out <- Σ c (log_total - (a - top)), where c has shares, which lie as a does."""
    n = step[INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                a, b, _, far = at(step, i, j, k)
                x, y = numbers[a : a + n], numbers[step[C] + far : step[C] + far + n]
                out = out_at(step, i, j, k)
                numbers[out] = loss_of_one(x, numbers[b], numbers[b + step[APART]], y, zeros(numbers, lanes(1)))


def dense_losses_across(step, numbers, whole):
    """The same for neighbouring samples."""
    n, none = step[INNER], zeros(numbers, lanes(1))
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            out = out_at(step, i, j, 0)
            losses = numbers[out : out + n]
            for m in range(n):
                losses[m] = none
            for k in range(step[OUTER]):
                a, b, _, far = at(step, i, j, k)
                y, log_totals = numbers[step[C] + far : step[C] + far + n], numbers[b + step[APART] : b + step[APART] + n]
                add_losses(losses, numbers[a : a + n], numbers[b : b + n], log_totals, y, none)


def sparse_slopes_along(step, numbers, whole):
    """out <- g (share - 1 at the label), where c has the labels."""
    n = step[INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                a, b, c, far = at(step, i, j, k)
                out, g = step[OUT] + far, numbers[step[SLOPE] + b - step[B]]
                shares_of_one(numbers[a : a + n], numbers[b], numbers[b + step[APART]], g, numbers[out : out + n])
                label = int(numbers[c])
                if not 0 <= label < n:
                    return 1
                numbers[out + label] -= g
    return 0


def sparse_slopes_across(step, numbers, whole):
    """The same for neighbouring samples."""
    n = step[INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                a, b, c, far = at(step, i, j, k)
                out, g, log_totals = step[OUT] + far, step[SLOPE] + b - step[B], b + step[APART]
                shares_of_class(
                    numbers[a : a + n], numbers[b : b + n], numbers[log_totals : log_totals + n], numbers[g : g + n],
                    numbers[out : out + n],
                )  # fmt: skip
            a, b, c, far = at(step, i, j, 0)
            for m in range(n):
                label = int(numbers[c + m * step[C_INNER]])
                if not 0 <= label < step[OUTER]:
                    return 1
                numbers[step[OUT] + far + m + label * step[A_OUTER]] -= numbers[step[SLOPE] + b - step[B] + m]
    return 0


def dense_slopes_along(step, numbers, whole):
    """out <- factor · share - g c, where c has shares that lie as a does; the factor is g times their sum."""
    n = step[INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                a, b, _, far = at(step, i, j, k)
                out, y = numbers[step[OUT] + far : step[OUT] + far + n], numbers[step[C] + far : step[C] + far + n]
                factor, g = numbers[step[SHARES] + b - step[B]], numbers[step[SLOPE] + b - step[B]]
                shares_of_one(numbers[a : a + n], numbers[b], numbers[b + step[APART]], factor, out)
                less_one(out, g, y)


def dense_slopes_across(step, numbers, whole):
    """The same for neighbouring samples."""
    n = step[INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                a, b, _, far = at(step, i, j, k)
                out, y = numbers[step[OUT] + far : step[OUT] + far + n], numbers[step[C] + far : step[C] + far + n]
                factors, g, log_totals = step[SHARES] + b - step[B], step[SLOPE] + b - step[B], b + step[APART]
                shares_of_class(
                    numbers[a : a + n], numbers[b : b + n], numbers[log_totals : log_totals + n],
                    numbers[factors : factors + n], out,
                )  # fmt: skip
                less_class(out, numbers[g : g + n], y)


def softmax(step, numbers, whole):
    """out[..., j] <- exp(a[..., j]) / Σ exp(a), whatever the strides."""
    n, s, t = step[INNER], step[OUT_INNER], step[A_INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                a, _, _, _ = at(step, i, j, k)
                out = out_at(step, i, j, k)
                if s == 1 and t == 1:
                    softmax_of_one(numbers[a : a + n], top_of(numbers, a, n), numbers[out : out + n])
                else:
                    top = numbers[a]
                    for m in range(1, n):
                        z = numbers[a + m * t]
                        top = z if z > top or z != z else top
                    found = zeros(numbers, lanes(1))
                    for m in range(n):
                        numbers[out + m * s] = exp_of(numbers[a + m * t] - top)
                        found += numbers[out + m * s]
                    for m in range(n):
                        numbers[out + m * s] /= found


@opcode
def add_along_axis(step, numbers, whole):
    """out[..., :] <- 0, but a[...] at the label, which b has."""
    n, s = step[INNER], step[OUT_INNER]
    for i in range(step[FIRST]):
        for j in range(step[SECOND]):
            for k in range(step[OUTER]):
                a, b, _, _ = at(step, i, j, k)
                out = out_at(step, i, j, k)
                for m in range(n):
                    numbers[out + m * s] = zeros(numbers, lanes(1))
                label = int(numbers[b])
                label += n if label < 0 else 0
                if not 0 <= label < n:
                    return 1
                numbers[out + label * s] = numbers[a]
    return 0


OPCODES = {
    function.__name__: Opcode(in_type(function, "single"), function.__name__, in_type(function, "double"))
    for function in (
        totals_along, totals_across, sparse_losses, dense_losses_along, dense_losses_across, sparse_slopes_along,
        sparse_slopes_across, dense_slopes_along, dense_slopes_across, softmax,
    )
}  # fmt: skip
