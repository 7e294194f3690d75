"""The machine: runs passes of instructions, batch after batch, without a word of Python in between.

Each opcode is compiled by itself, once for an installation; no model is ever compiled. An instruction says which one by the
address of its code, so that the loop below knows none of them.
"""

from __future__ import annotations

import math

from ..kernel import kernel
from .fields import (
    A_INNER,
    A_OUTER,
    DEPTH,
    EXTRA,
    INNER,
    LENGTH,
    LOSSES,
    OF_STATE,
    ORDER,
    OUT,
    OUT_INNER,
    OUT_OUTER,
    OUTER,
    OUTPUTS,
    PASS,
    POSITION,
    PROGRAM,
    ROW,
    SIZE,
    STATE,
    STEP,
    STEPS,
    A,
    B,
    C,
)
from .opcode import opcode, perform

PASSES, COUNT = A, B  # of `run`: where its passes lie, and how many there are
MEMBERS, TOGETHER = A, B  # of `blocks`: where its instructions lie, and how many rows are run at a time
CUT, UNIT = EXTRA, EXTRA + 2  # of an instruction in blocks: the axis that is cut, and its length for a row
ADVANCES = tuple(range(EXTRA + 3, EXTRA + 7))  # by how many numbers its result and operands move on from row to row


@opcode
def run(step, numbers, whole):
    """Run passes: each its instructions, so many times. Stops after an instruction that asks for it."""
    for number in range(step[COUNT]):
        at = step[PASSES] + number * PASS
        program, length, state = whole[at + PROGRAM], whole[at + LENGTH], whole[at + OF_STATE]
        for _ in range(whole[at + STEPS]):
            for i in range(length):
                if perform(program + i * ROW, numbers, whole):
                    return 1
            whole[state + POSITION] += whole[at + SIZE]
            whole[state + STEP] += 1
    return 0


@kernel
def move_on(row, count, whole):
    """Let an instruction in blocks lie so many rows further."""
    whole[row + OUT] += count * whole[row + ADVANCES[0]]
    whole[row + A] += count * whole[row + ADVANCES[1]]
    whole[row + B] += count * whole[row + ADVANCES[2]]
    whole[row + C] += count * whole[row + ADVANCES[3]]


@opcode
def blocks(step, numbers, whole):
    """Run neighbours on some rows at a time, so that what goes from one to the next stays in the first cache.

    All of them are run also if one asks for an end, which then comes behind them: each lies again where it lay before.
    """
    n, size, members = step[INNER], step[TOGETHER], step[MEMBERS]
    behind, ends = members + step[DEPTH] * ROW, 0
    for start in range(0, n, size):
        count = min(size, n - start)
        for row in range(members, behind, ROW):
            whole[row + whole[row + CUT]] = count * whole[row + UNIT]
            if perform(row, numbers, whole):
                ends = 1
            move_on(row, count, whole)
    for row in range(members, behind, ROW):
        move_on(row, -n, whole)
    return ends


# The batch, and what is told of it ---------------------------------------------------------------


@opcode
def gather(step, numbers, whole):
    """out[i, :] <- a[rows of the batch, :], column by column where out lies so."""
    rows, n, s, t, a_stride = step[OUTER], step[INNER], step[OUT_INNER], step[A_INNER], step[A_OUTER]
    state = step[STATE]
    order = whole[state + ORDER] + whole[state + POSITION]
    if s == 1 and t == 1:
        for i in range(rows):
            out, a = step[OUT] + i * step[OUT_OUTER], step[A] + whole[order + i] * a_stride
            x, y = numbers[a : a + n], numbers[out : out + n]
            for j in range(n):
                y[j] = x[j]
    else:
        for j in range(n):
            out, a, stride = step[OUT] + j * s, step[A] + j * t, step[OUT_OUTER]
            for i in range(rows):
                numbers[out + i * stride] = numbers[a + whole[order + i] * a_stride]


@opcode
def look(step, numbers, whole):
    """Note the loss in the first column, as `note` does; the run ends if it is no finite number."""
    state = step[STATE]
    loss = numbers[step[A]]
    numbers[whole[state + LOSSES] + whole[state + STEP] * step[OUT_OUTER]] = loss
    return 0 if math.isfinite(loss) else 1


@opcode
def note(step, numbers, whole):
    """Note a loss in the row of its step, in column DEPTH of as many as the outer stride of the result."""
    state = step[STATE]
    numbers[whole[state + LOSSES] + whole[state + STEP] * step[OUT_OUTER] + step[DEPTH]] = numbers[step[A]]


@opcode
def tell(step, numbers, whole):
    """outputs[rows of the batch, :] <- a; the columns begin at DEPTH, and rows are as wide as the outer stride of the result."""
    state, rows, n, width, stride = step[STATE], step[OUTER], step[INNER], step[OUT_OUTER], step[A_OUTER]
    first = whole[state + OUTPUTS] + whole[state + POSITION] * width + step[DEPTH]
    for j in range(n):
        out, a = first + j, step[A] + j * step[A_INNER]
        for i in range(rows):
            numbers[out + i * width] = numbers[a + i * stride]

