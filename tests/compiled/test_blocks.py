"""Neighbours that run by blocks give what the ops give, whatever the shapes, and need memory for a block only."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import Tensor, ops
from tinygrad_edu.compiled import blocks
from tinygrad_edu.compiled.fields import A_INNER, FIRST, INNER, OUT, OUT_INNER, OUTER, SECOND, A
from tinygrad_edu.compiled.lowering import opcode_of
from tinygrad_edu.compiled.places import Cell
from tinygrad_edu.compiled.plan import Instruction

RNG = np.random.default_rng(0)


def some(*shape, dtype="float32"):
    return Tensor(RNG.uniform(0.1, 2, shape).astype(dtype))


def check(function, *args, tolerance=2e-5):
    """Compiled as eager, twice, on other numbers. Returns the plan."""
    fast = tg.compiled(function)
    for shift in (0, 1):
        given = [Tensor(arg.array * (1 + shift / 4)) for arg in args]
        found, right = fast(*given), function(*given)
        for one, other in zip(found, right):
            np.testing.assert_allclose(one.numpy(), other.numpy(), tolerance, tolerance * max(1, abs(other.numpy()).max()))
    return fast._last.linked.plan


def groups(plan):
    return [[one.name for one in plan.instructions[group.first : group.end]] for group in plan.groups]


def test_a_chain_and_its_gradients_are_one_group():
    def chain(x, w, b):
        loss = (ops.tanh(x * w + b) * ops.sigmoid(x)).sum()
        return (loss, *tg.gradients(loss, [x, w, b]))

    plan = check(chain, *(some(50_001) for _ in range(3)))
    assert len(plan.groups) == 1 and plan.length == 2
    assert plan.size < 8 * blocks.TOGETHER


def test_small_arrays_are_left_alone():
    plan = check(lambda x: (ops.exp(x) * x,), some(1000))
    assert plan.groups == []


@pytest.mark.parametrize("axis", [0, 1, None])
@pytest.mark.parametrize("shape", [(300, 77), (33, 1025), (20_000, 3)])
def test_sums_along_and_over_rows(shape, axis):
    plan = check(lambda x: (ops.sum(ops.exp(-x) * x, axis=axis), ops.mean(ops.sqrt(x) + x, axis=axis)), some(*shape))
    assert plan.groups


def test_rows_that_are_centred_by_their_own_mean_stay_in_one_group():
    def centred(x, gamma):
        middle = x - ops.mean(x, axis=-1, keepdims=True)
        return (middle / ops.sqrt(ops.mean(middle * middle, axis=-1, keepdims=True)) * gamma,)

    plan = check(centred, some(500, 96), some(96))
    assert len(plan.groups) == 1 and plan.size < 8 * blocks.TOGETHER


def test_what_reads_the_sum_of_all_comes_after_the_group():
    plan = check(lambda x: (x * x / ops.sum(x * 2),), some(40_000))
    names = [one.name for one in plan.instructions]
    group = plan.groups[0]
    assert "sum_along" in names[group.first : group.end] and "divide" not in names[group.first : group.end]


def test_what_is_read_the_other_way_round_is_no_part_of_the_group():
    check(lambda x: (ops.exp(x) + ops.exp(x)[::-1],), some(40_000))
    check(lambda x: (ops.exp(x) + ops.exp(x).T,), some(200, 200))
    check(lambda x: (ops.exp(x)[1:] - ops.exp(x)[:-1],), some(40_000))
    check(lambda x: (ops.exp(x) * ops.exp(x)[:1],), some(200, 200))


def test_instructions_in_between_are_stepped_over_where_they_may_be():
    def split(x, a):
        y = ops.exp(x)
        z = a @ a
        return y * 2 + x, z.sum()

    plan = check(split, some(40_000), some(64, 64))
    assert groups(plan)[0].count("exp") == 1 and "add" in groups(plan)[0]


def test_classes_of_each_sample_go_along():
    plan = check(lambda z: (ops.softmax(z * 2) + z, ops.max(z, axis=1)), some(2000, 50))
    assert {"softmax", "max"} <= set(groups(plan)[0])


def test_elementwise_ops_around_normalizing_and_classes():
    def normal(x, gamma, beta):
        y = ops.normalize(x * 2, gamma, beta, epsilon=1e-5)
        loss = (ops.exp(y) * x).sum()
        return (y + x, loss, *tg.gradients(loss, [x, gamma, beta]))

    check(normal, some(600, 64), some(64), some(64), tolerance=1e-4)

    def entropy(z, weights):
        losses = ops.sparse_softmax_cross_entropy(z * 2, labels) * weights
        return (losses, *tg.gradients(losses.sum(), [z]))

    labels = RNG.integers(0, 50, 2000)
    check(entropy, some(2000, 50), some(2000))


def test_what_asks_for_an_end_within_a_group_gets_it():
    def placed(x, places):
        return ops.exp(x * 2) - ops.add_along_axis(ops.sum(x, axis=1, keepdims=True), places, shape=(2000, 50))

    fast, x, places = tg.compiled(placed), some(2000, 50), RNG.integers(0, 50, (2000, 1))
    right = fast(x, Tensor(places)).numpy()
    plan = fast._last.linked.plan
    assert "add_along_axis" in groups(plan)[0]
    places[1000] = 50
    with pytest.raises(IndexError, match="from -50 to 49, got 0 to 50"):
        fast(x, Tensor(places))
    places[1000] = 49
    assert fast(x, Tensor(places)).numpy()[:1000].tolist() == right[:1000].tolist()  # and all lies where it lay


def test_in_float64():
    check(lambda x: (ops.sum(ops.tanh(x) * x),), some(30_000, dtype="float64"), tolerance=1e-12)


UNARY = [ops.exp, ops.tanh, ops.sqrt, lambda x: x * 0.5, lambda x: -x + 3]


@given(st.data())
def test_random_expressions_of_rows_and_columns(data):
    rows, columns = data.draw(st.sampled_from([(64, 300), (500, 40), (129, 129)]))
    steps = data.draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99), st.integers(0, 99)), min_size=3, max_size=9))

    def function(x, row, column):
        values = [x, row, column]
        for kind, one, other in steps:
            a, b = values[one % len(values)], values[other % len(values)]
            if kind < len(UNARY):
                new = UNARY[kind](abs(a)) / 8
            elif kind < 8:
                new = (a + b) / 2 if kind % 2 else a * b / 4
            else:
                new = ops.mean(a, axis=kind - 8, keepdims=True) if a.ndim == 2 else a
            values.append(new)
        return tuple(values[3:])

    check(function, some(rows, columns), some(columns), some(rows, 1), tolerance=1e-4)


def test_what_reads_an_operand_that_an_unknown_opcode_may_write_to_stays_behind_it():
    x, y, found, z = (Cell((blocks.LARGE,)).place for _ in range(4))
    fields = {FIRST: 1, SECOND: 1, OUTER: 1, INNER: blocks.LARGE, OUT_INNER: 1, A_INNER: 1}

    def one(name, out, a, **more):
        return Instruction(name, opcode_of("exp"), {OUT: out, A: a}, fields, **more)

    first, writes_a = one("exp", y, x, is_by_number=True), one("moments", x, found)
    reads = one("exp", z, found, is_by_number=True)
    assert blocks.arranged([first, writes_a, reads]) == [first, writes_a, reads]
    product, reads = one("product_by_rows", found, x), one("exp", z, x, is_by_number=True)
    assert [run.members for run in blocks.arranged([first, product, reads])[:1]] == [[first, reads]]
