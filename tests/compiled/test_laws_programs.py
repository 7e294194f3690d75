"""Random programs, compiled and not: shared parts, constants, views, sums, Python in between, and memory that is used again."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor, ops
from tinygrad_edu.calculus import gradients
from tinygrad_edu.compiled.function import compiled

ROWS, COLUMNS = 4, 6
CONSTANT = np.linspace(-1, 1, ROWS * COLUMNS).reshape(ROWS, COLUMNS)
ONE = [  # functions of one array, whose result has the same shape
    ops.tanh, ops.relu, ops.sigmoid, ops.sin, ops.softmax, ops.absolute,
    lambda x: x * 1, lambda x: x + 0, lambda x: 1 - x * x, lambda x: x / 2, lambda x: -x, lambda x: x - CONSTANT,
    lambda x: ops.flip(x, axis=1), lambda x: x[::-1], lambda x: (x.T * 2).T, lambda x: ops.roll(x, 1, axis=0),
    lambda x: x.reshape(COLUMNS, ROWS).T.reshape(ROWS, COLUMNS), lambda x: ops.cumsum(x, axis=1) / COLUMNS,
    lambda x: x - ops.mean(x, axis=0), lambda x: ops.broadcast_to(ops.sum(x, axis=1, keepdims=True), x.shape) / COLUMNS,
    lambda x: x + ops.max(x), lambda x: ops.concatenate([x[2:], x[:2]]), lambda x: ops.where(x > 0.1, x, 0.5),
    lambda x: x * ops.cast(x > 0, x.dtype), lambda x: ops.broadcast_to(x[1], x.shape), lambda x: ops.exp(-x * x),
    lambda x: ops.expand_dims(x, 0)[0], lambda x: ops.take_slices(x, np.array([3, 0, 0, 1])), lambda x: ops.clip(x, -1, 1),
]  # fmt: skip
TWO = [  # and of two
    ops.add, ops.subtract, ops.multiply, ops.maximum, ops.minimum, lambda x, y: x @ y.T @ x / (ROWS * COLUMNS),
    lambda x, y: ops.where(x > y, x, y * 0.5), lambda x, y: x + y[0],
    lambda x, y: x * ops.sum(y, axis=1, keepdims=True) / COLUMNS,
    lambda x, y: x / (1 + y * y), lambda x, y: (x.T @ y / ROWS)[:ROWS],
    lambda x, y: ops.concatenate([x[:, :3], y[:, 3:]], axis=1),
    lambda x, y: ops.arctan2(x, 2 + ops.absolute(y)), lambda x, y: x,
]  # fmt: skip


@st.composite
def programs(draw, shortest, longest):
    """A function of two arrays: each line takes what any line before it has made."""
    lines = []
    for number in range(draw(st.integers(shortest, longest))):
        operand = st.integers(0, number + 1)
        if draw(st.booleans()):
            lines.append((draw(st.sampled_from(ONE)), (draw(operand),)))
        else:
            lines.append((draw(st.sampled_from(TWO)), (draw(operand), draw(operand))))
    wanted = draw(st.lists(st.integers(0, len(lines) + 1), min_size=1, max_size=4))
    backward = draw(st.booleans())

    def program(x, y):
        made = [x, y]
        for function, operands in lines:
            made.append(function(*(made[number] for number in operands)))
        outputs = [made[number] for number in wanted]
        if not backward:
            return outputs
        loss = ops.mean(sum(outputs) * CONSTANT) + 0.0 * ops.sum(x * y)
        return outputs, loss, gradients(loss, [x, y])

    return program


def spoilt(fast):
    """Fill all memory of a compiled function that is no constant's with nan."""
    for call in fast._known.values():
        assert not isinstance(call, str), call
        arena, plan = call.linked.arena, call.linked.plan
        constants = [(cell.address, data.copy()) for cell, data in plan.constants]
        arena[:] = np.nan
        for at, data in constants:
            arena[at : at + data.size] = data


def flat(x):
    return [x.array] if isinstance(x, Tensor) else [part for one in x for part in flat(one)]


def assert_compiled_is_eager(program, dtype, digits):
    fast, random = compiled(program), np.random.default_rng(0)
    for _ in range(3):
        x, y = (Tensor(random.uniform(-1.5, 1.5, (ROWS, COLUMNS)).astype(dtype), requires_grad=True) for _ in range(2))
        spoilt(fast)
        for found, expected in zip(flat(fast(x, y)), flat(program(x, y)), strict=True):
            assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
            scale = max(1, np.abs(expected).max(initial=0))
            np.testing.assert_allclose(found, expected, digits, digits * scale)


@given(programs(1, 9))
def test_short_programs_give_what_they_give_eagerly(program):
    assert_compiled_is_eager(program, "float64", 1e-11)


@given(programs(20, 60))
def test_memory_is_not_used_again_too_early(program):
    """Long programs with many values that live for long."""
    assert_compiled_is_eager(program, "float64", 1e-10)
