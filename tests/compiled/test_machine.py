"""Single opcodes, against NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import ops
from tinygrad_edu.compiled import elementwise, machine
from tinygrad_edu.compiled.elementwise import ARITY
from tinygrad_edu.compiled.fields import FIELDS, WIDTH

RNG = np.random.default_rng(0)
NUMBERS = np.concatenate([RNG.normal(size=900) * 10.0 ** RNG.integers(-3, 2, 900), [0, -0.0, 1, -1, 100, -100, 88.7, -87, 1e-30]])
OPTIMIZERS = ("descend", "descend_momentum", "descend_nesterov", "adam", "adam_amsgrad")


def run(code, arena, **fields):
    """One instruction on an arena."""
    row = np.zeros((1, WIDTH), np.int64)
    row[0, 0] = machine.OPCODES[code]
    for name, value in fields.items():
        row[0, FIELDS.index(name)] = value
    assert run_all(row, arena, steps=1) == 1


def run_all(program, arena, steps):
    """Some steps of a program that needs no data. How many were done."""
    table, spare = np.zeros((1, 1), np.float32), np.empty((3, elementwise.BLOCK), np.float32)
    order, losses, numbers = np.zeros(steps, np.int64), np.zeros(steps, np.float32), np.ones((steps, 6), np.float32)
    return machine.run(program, arena, spare, (table,) * 3, order, 1, losses, table, numbers)


def oracle(name, *arrays):
    """What the op of that name gives, in float64."""
    if name == "relu_slope":
        return arrays[0] * (arrays[1] > 0)
    if name == "tanh_slope":
        return arrays[0] * (1 - arrays[1] ** 2)
    return getattr(ops, name)(*(a.astype(np.float64) for a in arrays))


@pytest.mark.parametrize("name", ARITY)
def test_every_elementwise_opcode_is_the_op_of_its_name(name):
    """Within 4 units in the last place, as the loops for large arrays."""
    n = NUMBERS.size
    arena = np.zeros(4 * n, np.float32)
    operands = [NUMBERS, RNG.permutation(NUMBERS), RNG.permutation(NUMBERS)][: ARITY[name]]
    if name in ("sqrt", "log"):
        operands = [np.abs(NUMBERS) + 1e-6]
    if name == "where":
        operands[0] = NUMBERS > 0
    if name == "sigmoid_cross_entropy":
        operands[1] = (operands[1] > 0).astype(float)
    for number, operand in enumerate(operands, 1):
        arena[number * n : (number + 1) * n] = operand
    places = {"a": n, "a_inner": 1, "b": 2 * n, "b_inner": 1, "c": 3 * n, "c_inner": 1}
    with np.errstate(all="ignore"):
        expected = np.asarray(oracle(name, *(arena[i * n : (i + 1) * n].copy() for i in range(1, len(operands) + 1))), np.float32)
    run(name, arena, outer=1, inner=n, depth=ARITY[name], **places)
    tiny = np.finfo(np.float32).tiny
    np.testing.assert_allclose(arena[:n], expected, rtol=4 * np.finfo(np.float32).eps, atol=tiny * 2)


@given(rows=st.integers(1, 5), columns=st.integers(1, 3000), kind=st.sampled_from(["full", "row", "column", "one"]))
def test_operands_are_spread_out_as_numpy_broadcasts(rows, columns, kind):
    shapes = {"full": (rows, columns), "row": (1, columns), "column": (rows, 1), "one": (1, 1)}
    x, y = (np.random.default_rng(1).normal(size=shapes[one]).astype(np.float32) for one in (kind, "full"))
    arena = np.concatenate([np.zeros(rows * columns, np.float32), x.ravel(), y.ravel()])
    of_x, of_y = (tuple(s // 4 for s in np.broadcast_to(a, (rows, columns)).strides) for a in (x, y))
    a, b = rows * columns, rows * columns + x.size
    inner = [0 if columns == 1 else s[1] for s in (of_x, of_y)]
    of_a, of_b = {"a": a, "a_outer": of_x[0], "a_inner": inner[0]}, {"b": b, "b_outer": of_y[0], "b_inner": inner[1]}
    run("subtract", arena, outer=rows, inner=columns, depth=2, **of_a, **of_b)
    np.testing.assert_array_equal(arena[: rows * columns].reshape(rows, columns), x - y)


@pytest.mark.parametrize("code", ["product_by_rows", "product_by_dots", "product_by_blas"])
@given(m=st.integers(1, 9), n=st.integers(1, 40), depth=st.integers(1, 13), bias=st.sampled_from(["none", "row", "column"]))
def test_products_are_numpys(code, m, n, depth, bias):
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(m, depth)).astype(np.float32), rng.normal(size=(depth, n)).astype(np.float32)
    bias = "none" if code == "product_by_dots" else bias
    c = np.zeros((1, 1)) if bias == "none" else rng.normal(size=(1, n) if bias == "row" else (m, 1))
    lies = b.T if code == "product_by_dots" else b
    arena = np.concatenate([np.zeros(m * n), a.ravel(), lies.ravel(), c.ravel()]).astype(np.float32)
    of_b = (1, depth) if code == "product_by_dots" else (n, 1)
    of_c = {"none": (-1 if code == "product_by_blas" else 0, 0), "row": (0, 1), "column": (1, 0)}[bias]
    run(
        code, arena, outer=m, inner=n, depth=depth, a=m * n, a_outer=depth, a_inner=1,
        b=m * n + a.size, b_outer=of_b[0], b_inner=of_b[1], c=m * n + a.size + b.size, c_outer=of_c[0], c_inner=of_c[1],
    )  # fmt: skip
    np.testing.assert_allclose(arena[: m * n].reshape(m, n), a.astype(float) @ b + c, rtol=1e-4, atol=1e-5)


def test_a_loss_that_is_no_number_ends_the_run_before_the_weights_move():
    arena = np.array([np.nan, 5.0, 1.0], np.float32)
    program = np.zeros((2, WIDTH), np.int64)
    program[0, 0] = machine.OPCODES["look"]
    program[1, [0, 1, 3, 4]] = machine.OPCODES["descend"], 1, 1, 2
    assert run_all(program, arena, steps=3) == 0 and arena[1] == 5


def test_the_names_of_the_opcodes_are_their_numbers():
    """The compiled loop compares numbers, which stand beside the names."""
    for module in (elementwise, machine):
        numbers = {name: value for name, value in vars(module).items() if name.isupper() and isinstance(value, int)}
        for name, number in machine.OPCODES.items():
            assert numbers.get(name.upper(), number) == number
