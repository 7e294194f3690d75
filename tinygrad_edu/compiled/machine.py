"""The machine: one compiled loop that runs instructions over an arena, batch after batch, without a word of Python.

It is compiled once for an installation and read from Numba's cache afterwards; no model is ever compiled. Whatever an
instruction does is a kernel that can be called by itself, too: those of the optimizers are the ones that eager steps call.
"""

from __future__ import annotations

import numpy as np

from ..kernel import kernel
from ..optimizers.adam import adam, adam_amsgrad
from ..optimizers.sgd import descend, descend_momentum, descend_nesterov
from .elementwise import COUNT, NUMBER, elementwise
from .fields import CODE, DEPTH, INNER, OUT, A, B
from .matrices import (
    at_labels,
    gather,
    lay_out,
    product_by_blas,
    product_by_dots,
    product_by_rows,
    softmax,
    softmax_cross_entropy,
    sparse_cross_entropy,
    sum_across,
    sum_along,
    tell,
)

FURTHER = (
    "gather", "lay_out", "product_by_rows", "product_by_dots", "product_by_blas", "sum_along", "sum_across",
    "softmax", "sparse_softmax_cross_entropy", "softmax_cross_entropy", "add_along_axis", "look", "tell",
    "descend", "descend_momentum", "descend_nesterov", "adam", "adam_amsgrad",
)  # fmt: skip
OPCODES = NUMBER | {name: COUNT + number for number, name in enumerate(FURTHER)}
(
    GATHER, LAY_OUT, PRODUCT_BY_ROWS, PRODUCT_BY_DOTS, PRODUCT_BY_BLAS, SUM_ALONG, SUM_ACROSS,
    SOFTMAX, SPARSE_SOFTMAX_CROSS_ENTROPY, SOFTMAX_CROSS_ENTROPY, ADD_ALONG_AXIS, LOOK, TELL,
    DESCEND, DESCEND_MOMENTUM, DESCEND_NESTEROV, ADAM, ADAM_AMSGRAD,
) = range(COUNT, COUNT + len(FURTHER))  # fmt: skip


@kernel
def run(program, arena, spare, tables, order, size, losses, outputs, numbers):
    """Steps of training, one for each of `losses`. Returns how many were done: a loss that is no finite number takes no step.

    Args:
        program: instructions, see `fields`.
        arena: all numbers that they work on, float32.
        spare: memory for numbers that are spread out.
        tables: rows of inputs, of labels and of weights.
        order: which rows the batches take, batch after batch.
        size: rows of a batch.
        losses: what came out of each step, to be filled in.
        outputs: what the model said of each row, in their order, to be filled in; no rows if nobody asks.
        numbers: what the optimizer needs to know, for each step.
    """
    for count in range(losses.size):
        rows = order[count * size : (count + 1) * size]
        for i in range(len(program)):
            step = program[i]
            code = step[CODE]
            if code < COUNT:
                elementwise(step, arena, spare)
            elif code == GATHER:
                gather(step, arena, tables[step[DEPTH]], rows)
            elif code == LOOK:
                losses[count] = arena[step[A]]
                if not np.isfinite(arena[step[A]]):
                    return count
            elif code == TELL:
                tell(step, arena, outputs[count * size : (count + 1) * size])
            elif code >= DESCEND:
                move(step, arena, numbers[count])
            else:
                run_whole(step, arena)
    return losses.size


@kernel
def run_whole(step, arena):
    """One instruction that looks at whole matrices."""
    code = step[CODE]
    if code == PRODUCT_BY_ROWS:
        product_by_rows(step, arena)
    elif code == PRODUCT_BY_DOTS:
        product_by_dots(step, arena)
    elif code == PRODUCT_BY_BLAS:
        product_by_blas(step, arena)
    elif code == SUM_ALONG:
        sum_along(step, arena)
    elif code == SUM_ACROSS:
        sum_across(step, arena)
    elif code == LAY_OUT:
        lay_out(step, arena)
    elif code == SOFTMAX:
        softmax(step, arena)
    elif code == SPARSE_SOFTMAX_CROSS_ENTROPY:
        sparse_cross_entropy(step, arena)
    elif code == SOFTMAX_CROSS_ENTROPY:
        softmax_cross_entropy(step, arena)
    elif code == ADD_ALONG_AXIS:
        at_labels(step, arena)


@kernel
def move(step, arena, c):
    """A step of the optimizer: weights at `out`, gradients at `a`, slots from `b` on."""
    n, code = step[INNER], step[CODE]
    p, g = arena[step[OUT] : step[OUT] + n], arena[step[A] : step[A] + n]
    first = arena[step[B] : step[B] + n]
    second = arena[step[B] + n : step[B] + 2 * n]
    third = arena[step[B] + 2 * n : step[B] + 3 * n]
    if code == DESCEND:
        descend(p, g, c)
    elif code == DESCEND_MOMENTUM:
        descend_momentum(p, g, first, c)
    elif code == DESCEND_NESTEROV:
        descend_nesterov(p, g, first, c)
    elif code == ADAM:
        adam(p, g, first, second, c)
    elif code == ADAM_AMSGRAD:
        adam_amsgrad(p, g, first, second, third, c)
