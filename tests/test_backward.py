"""How gradients add up on their way back: in place where the sum is nobody else's, part by part where only parts came."""

import sys
import time

import numpy as np
import pytest

from tinygrad_edu import Tensor, as_tensor, ops
from tinygrad_edu.calculus import gradients
from tinygrad_edu.ops import shape as shape_ops
from tinygrad_edu.record import Op, apply
from tinygrad_edu.rules import Part, shapes_of

RNG = np.random.default_rng(0)
ROWS = RNG.integers(-5, 5, 7)
ALONG = RNG.integers(-4, 4, (5, 2))

# Readings of a part of x (5, 4), and where each number of the result came from: positions in x.ravel().
READS = {
    "a row": lambda x: x[1],
    "a number": lambda x: x[1, 2],
    "a slice": lambda x: x[::2, 1:],
    "nothing": lambda x: x[2:2],
    "rows by number": lambda x: x[ROWS],
    "rows by mask": lambda x: x[np.array([True, False, True, True, False])],
    "numbers": lambda x: x[ROWS, ROWS % 4],
    "slices": lambda x: ops.take(x, ROWS, axis=0),
    "columns": lambda x: ops.take(x, ROWS % 4, axis=1),
    "along an axis": lambda x: ops.take_along_axis(x, ALONG, axis=1),
    "along the first axis": lambda x: ops.take_along_axis(x, np.array([[3], [0], [3]]) * np.ones((3, 4), int), axis=0),
}
each_read = pytest.mark.parametrize("read", READS.values(), ids=READS.keys())

# What else uses x, before and after: the gradient of the part meets what has arrived, in whatever layout it has.
OTHERS = {
    "nothing": lambda x, part: part(x),
    "the part again": lambda x, part: part(x) + 2.0 * part(x) - 0.5 * part(x),
    "all of x": lambda x, part: part(x) + (x * 3.0).sum(),
    "all of x, later": lambda x, part: (x * 3.0).sum() + part(x) + (x * x).sum(),
    "x turned": lambda x, part: (x.T * np.arange(20.0).reshape(4, 5)).sum() + part(x) + (x.T * 2.0).sum(),
    "x spread": lambda x, part: x.sum() + part(x) + x.mean(),
    "x itself": lambda x, part: (x + part(x)).sum() + part(x),
}


def expected(read, other, array, weights):
    """By linearity: the gradient is found number by number from values alone."""
    h, out = 1e-3, np.zeros(array.shape)
    for place in np.ndindex(array.shape):
        moved = [array.copy(), array.copy()]
        moved[0][place] += h
        moved[1][place] -= h
        high, low = (other(as_tensor(a), lambda x: (read(x) * weights).sum()).item() for a in moved)
        out[place] = (high - low) / (2 * h)
    return out


@each_read
@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
@pytest.mark.parametrize("inner", [False, True], ids=["leaf", "result"])
def test_the_gradient_of_a_part_meets_what_has_arrived(read, other, inner):
    array = RNG.normal(size=(5, 4))
    weights = RNG.normal(size=np.shape(read(array)))
    leaf = Tensor(array)
    x = leaf * 1.0 if inner else leaf
    loss = other(x, lambda x: (read(x) * weights).sum())
    (recorded,) = gradients(loss, [leaf], retain_graph=True, create_graph=True)
    loss.backward()
    np.testing.assert_allclose(leaf.grad.numpy(), expected(read, other, array, weights), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(recorded.numpy(), leaf.grad.numpy(), rtol=1e-12, atol=1e-12)


def test_a_part_for_one_input_leaves_the_others_their_gradients():
    def rule(g):
        return Part(lambda total: total[:2].__iadd__(g))

    op = Op(lambda x, y, /: x[:2] * 3 + y, {"x": lambda g: rule(3 * g), "y": lambda g: g}, name="op")
    x, y = Tensor([1.0, 2.0, 3.0]), Tensor([4.0, 5.0])
    apply(op, (x, y), {}).sum().backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([3.0, 3.0, 0.0], [1.0, 1.0])


def test_gradients_that_are_passed_on_are_never_written_to():
    """x and y get the same gradient; what is then added to that of x must not reach y, nor the gradient given."""
    for use in (lambda x: x * 2.0 + x * 3.0, lambda x: x[0] + x[1] * 2.0, lambda x: x + x[0]):
        x, y, seed = Tensor(np.ones((3, 3))), Tensor(np.ones((3, 3))), np.ones((3, 3))
        inner = x * 1.0
        inner.retain_grad()
        out = inner + y + use(inner)
        out.backward(seed)
        np.testing.assert_array_equal(y.grad.numpy(), np.ones((3, 3)))
        np.testing.assert_array_equal(seed, np.ones((3, 3)))
        np.testing.assert_array_equal(x.grad.numpy(), inner.grad.numpy())


def test_a_gradient_seen_by_a_hook_stays_as_it_was_seen():
    x, seen = Tensor(np.ones((4, 2))), []
    rows = x * 1.0
    rows.register_hook(seen.append)
    total = sum(rows[i].sum() * float(i) for i in range(4))
    total.backward()
    x.grad.data[...] = 9.0
    np.testing.assert_array_equal(seen[0].numpy()[:, 0], [0, 1, 2, 3])


def seconds(function, *args):
    times = []
    for _ in range(3):
        began = time.perf_counter()
        function(*args)
        times.append(time.perf_counter() - began)
    return min(times)


@pytest.mark.parametrize("inner", [False, True], ids=["leaf", "result"])
def test_reading_every_row_costs_as_much_as_the_rows_not_as_their_square(inner):
    """Zeros of the whole for each of n rows would make n² numbers: twenty times as much work here as the rows need."""

    def read(rows):
        x = Tensor(np.ones((rows, 1000)))
        y = x * 1.0 if inner else x
        sum(y[i].sum() for i in range(rows)).backward()
        assert x.grad.numpy().all()

    assert seconds(read, 2000) < 12 * seconds(read, 400)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_many_rows_add_up_as_np_add_at_adds_them(dtype, order):
    """With a loop where the type has one: in the same order, so bit for bit."""
    rows = RNG.integers(-50, 50, (60, 12))
    x = np.asarray(RNG.normal(size=(60, 12, 64)), dtype, order=order)
    total = RNG.normal(size=(50, 64)).astype(dtype)
    expected = total.copy()
    np.add.at(expected, rows, x)
    shape_ops.add_at(total, rows, x)
    np.testing.assert_array_equal(total, expected)


def test_rows_of_several_axes_and_of_one_number_repeated_add_up():
    rows, total = RNG.integers(0, 4, 3000), np.zeros((4, 3, 5))
    shape_ops.add_at(total, (rows,), np.broadcast_to(2.0, (3000, 3, 5)))
    np.testing.assert_array_equal(total[:, 1, 2], 2.0 * np.bincount(rows, minlength=4))


def test_a_row_that_is_not_there_is_refused_before_anything_is_added():
    for size in (2, 4000):
        for row in (3, -4):
            with pytest.raises(IndexError):
                ops.scatter_add(np.ones((size, 10)), shape=(3, 10), key=np.full(size, row))


@pytest.mark.parametrize("join", [ops.concatenate, ops.stack, ops.hstack])
@pytest.mark.parametrize("create_graph", [False, True], ids=["plain", "create_graph"])
def test_going_back_through_twice_as_many_parts_takes_twice_as_many_calls(join, create_graph):
    """Not four times: where each part begins is found once for all of them."""

    def calls(parts):
        xs, count = [Tensor([1.0, 2.0]) for _ in range(parts)], 0

        def note(frame, event, arg):
            nonlocal count
            count += event in ("call", "c_call")

        loss = join(xs).sum()
        sys.setprofile(note)
        loss.backward(create_graph=create_graph)
        sys.setprofile(None)
        return count

    calls(40), calls(80)  # which rules to call is found out once
    assert calls(80) < 2.1 * calls(40)


def test_where_parts_begin_depends_on_the_axis():
    shapes = shapes_of([np.zeros((1, 2)), Tensor(np.zeros((3, 4)))])
    assert [shapes.starts_along(axis) for axis in (0, 1, 1, -2)] == [[0, 1, 4], [0, 2, 6], [0, 2, 6], [0, 1, 4]]
    assert shapes_of(shapes) is shapes
