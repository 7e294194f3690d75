"""Products as instructions, and what becomes of products however their matrices lie. The oracle is NumPy, in float64."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.compiled.instructions import TYPES, close, lying, perform, watched
from tinygrad_edu.compiled import blas
from tinygrad_edu.compiled.fields import DEPTH
from tinygrad_edu.compiled.link import Linked, new_state, run_passes
from tinygrad_edu.compiled.lowering import lower, opcode_of
from tinygrad_edu.compiled.plan import Plan
from tinygrad_edu.compiled.products import product_by_blas, product_by_dots, product_by_rows
from tinygrad_edu.compiled.program import Action, Program, Values

LENGTHS = st.one_of(st.integers(1, 9), st.integers(1, 70))
GAPS = st.integers(0, 5)
BIAS = st.sampled_from(["none", "row", "column", "full"])


def numbers(*shape, dtype=np.float64):
    return np.random.default_rng(list(shape)).normal(size=shape).astype(dtype)


def bias(kind, m, n, dtype):
    """What is added: an array of the shape of the result."""
    shape = {"none": (1, 1), "row": (1, n), "column": (m, 1), "full": (m, n)}[kind]
    return np.broadcast_to(numbers(*shape, dtype=dtype) * (kind != "none"), (m, n))


@given(m=LENGTHS, n=LENGTHS, depth=LENGTHS, dtype=TYPES, a_turned=st.booleans(), gaps=st.tuples(GAPS, GAPS, GAPS), kind=BIAS)
def test_products_along_rows_are_numpys(m, n, depth, dtype, a_turned, gaps, kind):
    a, b, c = numbers(m, depth, dtype=dtype), numbers(depth, n, dtype=dtype), bias(kind, m, n, dtype)
    out = watched((m, n), dtype, gap=gaps[0])
    perform(product_by_rows, out, [lying(a, a_turned, gaps[1]), lying(b, gap=gaps[2]), c], [m, n], {DEPTH: depth})
    close(out, a.astype(float) @ b + c, depth)


@given(m=LENGTHS, n=LENGTHS, depth=LENGTHS, dtype=TYPES, out_turned=st.booleans(), gaps=st.tuples(GAPS, GAPS, GAPS), kind=BIAS)
def test_products_by_dots_are_numpys(m, n, depth, dtype, out_turned, gaps, kind):
    a, b, c = numbers(m, depth, dtype=dtype), numbers(depth, n, dtype=dtype), bias(kind, m, n, dtype)
    out = watched((m, n), dtype, columns_first=out_turned, gap=gaps[0])
    perform(product_by_dots, out, [lying(a, gap=gaps[1]), lying(b, True, gaps[2]), c], [m, n], {DEPTH: depth})
    close(out, a.astype(float) @ b + c, depth)


@pytest.mark.skipif(not blas.is_there(), reason="this NumPy brings no BLAS")
@given(m=LENGTHS, n=LENGTHS, depth=LENGTHS, dtype=TYPES, turned=st.tuples(st.booleans(), st.booleans()), gap=GAPS, kind=BIAS)
def test_products_by_blas_are_numpys(m, n, depth, dtype, turned, gap, kind):
    a, b, c = numbers(m, depth, dtype=dtype), numbers(depth, n, dtype=dtype), bias(kind, m, n, dtype)
    out = watched((m, n), dtype, gap=gap)
    perform(product_by_blas, out, [lying(a, turned[0], gap), lying(b, turned[1], gap), c], [m, n], {DEPTH: depth})
    close(out, a.astype(float) @ b + c, depth)


@pytest.mark.parametrize("code", [product_by_rows, product_by_dots, product_by_blas])
def test_a_batch_of_matrices_is_done_matrix_by_matrix(code):
    a, b = numbers(2, 3, 5, 9, dtype=np.float32), numbers(1, 3, 9, 11, dtype=np.float32)
    b = np.broadcast_to(lying(b, code is product_by_dots), (2, 3, 9, 11))
    out = watched((2, 3, 5, 11), np.float32, gap=2)
    perform(code, out, [lying(a, gap=1), b, np.zeros((2, 3, 5, 11), np.float32)], out.shape, {DEPTH: 9})
    close(out, a.astype(float) @ b, 9)


@pytest.mark.parametrize("code", [product_by_rows, product_by_dots])
def test_infinite_numbers_stay_where_they_belong(code):
    """The last lanes meet numbers that they have met before, which must not become nan."""
    a, b = np.ones((3, 11), np.float32), np.ones((11, 6), np.float32)
    b[5, 2] = np.inf
    out = watched((3, 6), np.float32)
    perform(code, out, [a, lying(b, code is product_by_dots), np.zeros((3, 6), np.float32)], [3, 6], {DEPTH: 11})
    assert out.tolist() == [[11, 11, np.inf, 11, 11, 11]] * 3


# What becomes of a product ------------------------------------------------------------------------


def planned(a, b, c=None, order="C"):
    """The names of the instructions that a product became, and its result."""
    arrays = [np.ascontiguousarray(x.memory if isinstance(x, Seen) else x) for x in (a, b) + (() if c is None else (c,))]
    values = Values()
    inputs = [values.new(array.shape, array.dtype) for array in arrays]
    program = Program(values, [], {}, {value: number for number, value in enumerate(inputs)}, ())
    plan = Plan(program, None)
    for value, x in zip(inputs, (a, b, c)):
        if isinstance(x, Seen):
            place = plan.place(value)
            plan.places[value] = place.seen(x.how(place.form))
            values.shapes[value] = plan.places[value].form.shape
    shape = np.matmul(*(plan.place(value).form for value in inputs[:2])).shape
    out = values.new(shape, arrays[0].dtype)
    plan.order_of, plan.copy = lambda shape: order, opcode_of("lay_out")
    lower(plan, Action("matrix_product", tuple(inputs), {}, out))
    plan.lay_out()
    linked = Linked(plan, {("weight", i): array for i, array in enumerate(arrays)}, arrays[0].dtype, new_state())
    run_passes([linked.a_pass(1)], linked.dtype)
    return [one.name for one in plan.instructions], linked.array(plan.places[out])


class Seen:
    """An array that is looked at in another way."""

    def __init__(self, memory, how):
        self.memory, self.how = memory, how
        self.array = how(memory)


WAYS = {
    "as it is": lambda x: x, "turned": lambda x: np.swapaxes(x, -1, -2), "every second": lambda x: x[..., ::2, ::2],
    "backwards": lambda x: x[..., ::-1, ::-1], "one row": lambda x: np.broadcast_to(x[..., :1, :], x.shape),
}  # fmt: skip


@given(
    lengths=st.tuples(*[st.sampled_from([1, 2, 5, 8, 33])] * 3), batch=st.sampled_from([(), (3,), (2, 3)]),
    order=st.sampled_from("CF"),
    ways=st.tuples(*[st.sampled_from(list(WAYS))] * 2), kind=BIAS, dtype=TYPES,
)  # fmt: skip
def test_a_product_never_needs_python_however_its_matrices_lie(lengths, batch, order, ways, kind, dtype):
    m, n, depth = lengths
    seen = []
    for way, (rows, columns) in zip(ways, [(m, depth), (depth, n)]):
        if way == "turned":
            rows, columns = columns, rows
        if way == "every second":
            rows, columns = 2 * rows, 2 * columns
        seen.append(Seen(numbers(*batch, rows, columns, dtype=dtype), WAYS[way]))
    c = np.ascontiguousarray(bias(kind, m, n, dtype))
    names, found = planned(*seen, c, "C" if batch else order)
    assert set(names) <= {"lay_out", "product_by_rows", "product_by_dots", "product_by_blas"}
    close(found, seen[0].array.astype(float) @ seen[1].array + c, depth)


def test_large_products_go_to_blas_unless_they_are_short():
    """As measured: see docs/performance.md."""
    wide = planned(numbers(32, 784, dtype=np.float32), numbers(784, 300, dtype=np.float32))[0]
    flat = planned(numbers(32, 30, dtype=np.float32), numbers(30, 300, dtype=np.float32))[0]
    small = planned(numbers(8, 10, dtype=np.float32), numbers(10, 30, dtype=np.float32))[0]
    assert (wide, flat, small) == (["product_by_blas"], ["product_by_rows"], ["product_by_rows"])
