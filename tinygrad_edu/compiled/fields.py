"""What the numbers of an instruction mean, by their places in its row.

An instruction is a row of whole numbers. Addresses count numbers in the arena; `outer` and `inner` are the rows and the columns
that it goes over, and every operand has a stride for each. The inner stride of an elementwise instruction is 1, or 0 where
one number meets many; `depth` is the length of the axis that a product sums over, or how many operands there are.
"""

from __future__ import annotations

FIELDS = (
    "code", "out", "outer", "inner", "a", "a_outer", "a_inner", "b", "b_outer", "b_inner", "c", "c_outer", "c_inner", "depth",
)  # fmt: skip
WIDTH = len(FIELDS)
CODE, OUT, OUTER, INNER, A, A_OUTER, A_INNER, B, B_OUTER, B_INNER, C, C_OUTER, C_INNER, DEPTH = range(WIDTH)

ROW = 32  # whole numbers in the row of an instruction
FAILED = -(2**63)  # what an instruction returns that raised an error
