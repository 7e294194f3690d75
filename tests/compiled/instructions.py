"""Single instructions on arrays that lie anyhow, in memory where everything else is watched."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tinygrad_edu.compiled.fields import AXES, CODE, EXTENT, OPERANDS, OUT, OUT_STRIDES, ROW
from tinygrad_edu.compiled.link import address
from tinygrad_edu.compiled.opcode import call

WATCHED = 77.0
MARGIN = 40
TYPES = st.sampled_from([np.float32, np.float64])


def lying(values, columns_first=False, gap=0, apart=1, around=np.nan):
    """The same numbers in a larger memory: column by column or not, with gaps between the rows, or between all numbers."""
    if columns_first:
        return lying(values.swapaxes(-1, -2), False, gap, apart, around).swapaxes(-1, -2)
    *batch, rows, columns = values.shape
    wide = columns * apart + gap
    memory = np.full(MARGIN * 2 + int(np.prod(batch)) * rows * wide, around, values.dtype)
    found = memory[MARGIN : memory.size - MARGIN].reshape(*batch, rows, wide)[..., : columns * apart : apart]
    found[...] = values
    return found


def watched(shape, dtype, **ways):
    """A place for a result, in memory of which it is known what lies around."""
    return lying(np.full(shape, 5, dtype), around=WATCHED, **ways)


def perform(code, out, operands, extent, fields=None):
    """One instruction. Checks that nothing but its result was written."""
    row = np.zeros(ROW, np.int64)
    row[CODE] = code.address(out.dtype)
    row[list(EXTENT)] = [*[1] * (AXES - len(extent)), *extent]
    for at, strides, array in [(OUT, OUT_STRIDES, out), *((of[0], of[1:], array) for of, array in zip(OPERANDS, operands))]:
        row[at] = address(array)
        row[list(strides[AXES - array.ndim :])] = [stride // array.itemsize for stride in array.strides]
    for field, value in (fields or {}).items():
        row[field] = value
    assert call(code, row, out.dtype) == 0
    memory = out
    while memory.base is not None:
        memory = memory.base
    before, mask = memory.copy(), np.ones(memory.size, bool)
    mask[(out.__array_interface__["data"][0] - address(memory) * memory.itemsize) // memory.itemsize + offsets(out)] = False
    assert (before.ravel()[mask] == WATCHED).all()


def offsets(array):
    """Where the numbers of an array lie, counted from its first one."""
    return sum(
        (np.arange(n) * (stride // array.itemsize)).reshape([-1 if i == axis else 1 for i in range(array.ndim)])
        for axis, (n, stride) in enumerate(zip(array.shape, array.strides))
    )


def close(found, expected, terms):
    """Whether sums of so many terms are right, as far as their type goes."""
    limit = 4 * np.finfo(found.dtype).eps * np.sqrt(terms)
    np.testing.assert_allclose(found, expected, rtol=limit, atol=limit * max(1, np.abs(expected).max()))
