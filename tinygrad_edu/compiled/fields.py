"""What the numbers of an instruction mean, by their places in its row.

An instruction is a row of whole numbers: the address of its code, where its result lies, over how many numbers it goes along up
to four axes, and for each of its operands where that lies and how far apart its numbers are along the same axes. Addresses count
numbers of the machine's type from the beginning of memory, so that weights, tables and outputs are reached where they are.

What looks at whole matrices uses the last two axes, the first two being the batch of a batch of matrices; what it needs
beside, it finds from `EXTRA` on.

    >>> OPERANDS[0][-1] == A_INNER, STATE_FIELDS
    (True, ('order', 'outputs', 'losses', 'rates', 'stride', 'position', 'step'))
"""

from __future__ import annotations

AXES = 4
ROW = 32
FAILED = -(2**63)  # what an instruction of Python returns that raised an error
CODE, OUT = 0, 1
EXTENT = 2, 3, 4, 5
OUT_STRIDES = 6, 7, 8, 9
A, B, C = 10, 15, 20
OPERANDS = tuple(tuple(range(start, start + 1 + AXES)) for start in (A, B, C))  # of each: where it lies, and its strides
EXTRA = 25

FIRST, SECOND, OUTER, INNER = EXTENT
OUT_FIRST, OUT_SECOND, OUT_OUTER, OUT_INNER = OUT_STRIDES
A_FIRST, A_SECOND, A_OUTER, A_INNER = range(A + 1, B)
B_FIRST, B_SECOND, B_OUTER, B_INNER = range(B + 1, C)
C_FIRST, C_SECOND, C_OUTER, C_INNER = range(C + 1, EXTRA)
DEPTH = EXTRA  # the length of the axis that a product sums over
STATE = EXTRA + 1  # where the state of the run lies, in words of 64 bits
TOLD = EXTRA + 2  # the first number that the instruction reads of those that each step is told

# The state of a run, words of 64 bits: addresses of what belongs to it, and how far it is. ---------

STATE_FIELDS = "order", "outputs", "losses", "rates", "stride", "position", "step"
ORDER, OUTPUTS, LOSSES, RATES, STRIDE, POSITION, STEP = range(len(STATE_FIELDS))

# A pass, words of 64 bits: instructions that are run again and again. ------------------------------

PASS_FIELDS = "program", "length", "steps", "size", "state"
PASS = len(PASS_FIELDS)
PROGRAM, LENGTH, STEPS, SIZE, OF_STATE = range(PASS)
