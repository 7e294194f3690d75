"""Ops beyond the laws that hold for all of them: public compositions, hard numbers, dtypes, errors."""

import math
import re

import numpy as np
import pytest

from tinygrad_edu import Tensor, as_tensor, ops, record
from tinygrad_edu.calculus import gradients
from tinygrad_edu.ops.__main__ import table
from tinygrad_edu.testing import check_gradients

PRODUCTS = [((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((3,), (2, 3, 2)), ((2, 2, 3), (3,)), ((2, 3), (3, 4)), ((0,), (0,))]


def numbers(*shape, seed=0):
    return np.asarray(np.random.default_rng(seed).normal(size=shape))


@pytest.mark.parametrize(("left", "right"), PRODUCTS)
def test_matmul_treats_vectors_as_numpy_does(left, right):
    a, b = numbers(*left), numbers(*right, seed=1)
    got = ops.matmul(Tensor(a), Tensor(b))
    assert got.shape == np.matmul(a, b).shape
    np.testing.assert_allclose(got.array, np.matmul(a, b), rtol=1e-14)
    check_gradients(ops.matmul, a, b)


def test_matmul_of_arrays_is_an_array():
    assert isinstance(ops.matmul(numbers(2, 3), numbers(3)), np.ndarray)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_concatenate_joins_along_an_axis(axis):
    parts = [numbers(2, 2), numbers(2, 2, seed=1)]
    assert np.array_equal(ops.concatenate(list(map(Tensor, parts)), axis=axis).array, np.concatenate(parts, axis))
    check_gradients(lambda *xs: ops.concatenate(xs, axis=axis), *parts)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_stack_joins_along_a_new_axis(axis):
    parts = [numbers(2, 3), numbers(2, 3, seed=1)]
    assert np.array_equal(ops.stack(list(map(Tensor, parts)), axis=axis).array, np.stack(parts, axis))
    check_gradients(lambda *xs: ops.stack(xs, axis=axis), *parts)


def test_arrays_are_stacked_along_the_first_axis_by_default():
    parts = [numbers(2, 2), numbers(2, 2, seed=1)]
    assert np.array_equal(ops.stack(parts), np.stack(parts))


def test_stack_of_single_numbers_keeps_their_graph():
    a, b = Tensor(2.0), Tensor(3.0)
    (ops.stack([a, b, a]) * [1.0, 10.0, 100.0]).sum().backward()
    assert (a.grad.item(), b.grad.item()) == (101.0, 10.0)


def test_a_thousand_arrays_are_joined_by_one_op():
    xs = [Tensor([float(i)]) for i in range(1000)]
    (ops.concatenate(xs) * np.arange(1000)).sum().backward()
    assert [x.grad.item() for x in xs] == list(range(1000))


LOGITS = [-1e4, -800.0, -1.0, 0.0, 1.0, 800.0, 1e4]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("function", [ops.sigmoid, ops.softplus, ops.tanh], ids=["sigmoid", "softplus", "tanh"])
def test_saturating_functions_of_large_logits_are_finite_with_a_slope_of_at_most_1(function, dtype):
    x = Tensor(np.array(LOGITS, dtype))
    y = function(x)
    y.sum().backward()
    assert np.isfinite(y.array).all()
    assert (np.abs(x.grad.array) <= 1).all()


@pytest.mark.parametrize("label", [0.0, 0.5, 1.0])
def test_the_cross_entropy_of_a_logit_is_finite_and_its_gradient_stays_alive(label):
    z = Tensor(LOGITS)
    loss = ops.sigmoid_cross_entropy(z, label)
    loss.sum().backward()
    np.testing.assert_allclose(loss.array, [max(x, 0) - x * label + np.log1p(np.exp(-abs(x))) for x in LOGITS], rtol=1e-14)
    np.testing.assert_allclose(z.grad.array, ops.sigmoid(np.array(LOGITS)) - label)


FLOATING = (ops.sigmoid, ops.softplus, ops.tanh, ops.exp, ops.sqrt, ops.log1p, ops.sin)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8, np.int64])
@pytest.mark.parametrize("function", FLOATING, ids=lambda f: f.__name__)
def test_whole_numbers_and_truth_values_count_as_floating_point_numbers(function, dtype):
    x = np.array([0, 1, 1], dtype) if dtype is bool else np.array([0, 1, 3], dtype)
    np.testing.assert_allclose(function(Tensor(x)).array, function(x.astype(float)), rtol=2e-3)


@pytest.mark.parametrize("dtype", [np.int8, np.int64])
@pytest.mark.parametrize("name", ["absolute", "negative", "square", "sign", "relu", "max", "min"])
def test_whole_numbers_stay_whole_where_no_fraction_can_arise(name, dtype):
    assert getattr(ops, name)(Tensor(np.array([-3, 0, 2], dtype))).dtype == dtype


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64])
def test_the_cross_entropy_takes_labels_of_any_dtype(dtype):
    z = Tensor([0.5, -2.0])
    ops.sigmoid_cross_entropy(z, np.array([1, 0], dtype)).sum().backward()
    np.testing.assert_allclose(z.grad.array, ops.sigmoid(np.array([0.5, -2.0])) - [1, 0])


def test_a_whole_number_to_a_negative_whole_power_is_a_fraction():
    assert (Tensor([2, 4]) ** -1).tolist() == [0.5, 0.25]


@pytest.mark.parametrize("exponent", [2, 2.0, np.float64(2), np.array(2.0), np.array([2.0, 2.0]), Tensor(2.0)], ids=repr)
def test_a_power_is_the_same_however_the_exponent_is_given(exponent):
    x = Tensor([3.0, -2.0])
    (x**exponent).sum().backward()
    assert x.grad.tolist() == [6.0, -4.0]


@pytest.mark.parametrize("bounds", [{"min": 0.0}, {"max": 0.0}, {"min": -1.0, "max": 1.0}], ids=repr)
def test_clip_may_leave_a_side_open(bounds):
    x = np.array([-3.0, -0.5, 0.5, 3.0])
    low, high = bounds.get("min", -np.inf), bounds.get("max", np.inf)
    assert ops.clip(Tensor(x), **bounds).tolist() == [min(max(v, low), high) for v in x]
    assert ops.inside(x, **bounds).tolist() == [low <= v <= high for v in x]
    check_gradients(lambda t: t.clip(**bounds), x)


def test_inside_of_no_bounds_holds_for_every_entry():
    assert np.array_equal(ops.inside(np.zeros((2, 3))), np.full((2, 3), True))


def test_a_parameter_is_a_plain_number():
    with pytest.raises(TypeError, match="expects plain values for negative_slope, got a Tensor"):
        ops.leaky_relu(Tensor([0.5, 2.0]), negative_slope=Tensor(1.0))


def test_the_mean_of_nothing_is_nan():
    with pytest.warns(RuntimeWarning):
        assert np.isnan(ops.mean(Tensor(np.zeros((0,)))).item())


def test_parameters_may_be_given_by_position_as_in_numpy():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    assert ops.sum(x, 1).tolist() == x.sum(1).tolist() == x.sum(axis=1).tolist() == [3.0, 7.0]
    assert x.sum(0, True).shape == (1, 2)
    assert x.clip(2, 3).tolist() == [[2.0, 2.0], [3.0, 3.0]]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: ops.add(x), r"add expects add\(x, y\), got 1 positional"),
        (lambda x: ops.add(x, x, x), r"add expects add\(x, y\), got 3 positional"),
        (lambda x: ops.exp(x, x), r"exp expects exp\(x\), got 2 positional"),
        (lambda x: ops.exp(), r"exp expects exp\(x\), got 0 positional"),
        (lambda x: ops.sum(x, 0, axis=0), r"sum expects sum\(x, axis=None, keepdims=False\), got 2"),
        (lambda x: ops.sum(), r"sum expects .*, got 0 positional"),
        (lambda x: ops.sum(x, depth=1), "depth"),
    ],
    ids=["too few", "too many", "one too many", "none of one", "twice", "none", "unknown"],
)
def test_a_wrong_call_is_refused_with_the_right_one(call, words):
    with pytest.raises(TypeError, match=words):
        call(Tensor([1.0]))


@pytest.mark.parametrize("lists", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)], ids=str)
def test_inputs_may_be_lists_beside_tensors(lists):
    numbers = [[1.0, 2.0], [5.0, 9.0], [0.25, 0.75]]
    xs = [x if i in lists else Tensor(x) for i, x in enumerate(numbers)]
    leaves = [Tensor(x) for x in numbers]
    wanted = [i for i in range(3) if i not in lists]
    found = gradients(ops.lerp(*xs).sum(), [xs[i] for i in wanted])
    expected = gradients(ops.lerp(*leaves).sum(), [leaves[i] for i in wanted])
    assert [g.tolist() for g in found] == [g.tolist() for g in expected]


def test_calls_on_tensors_alone_take_the_short_way(monkeypatch):
    """Most of the time of a scalar node would go into what `apply` looks at."""

    def the_long_way(op, inputs, params):
        raise AssertionError(op.name)

    x, y = Tensor(2.0), as_tensor(0.5)
    monkeypatch.setattr(record, "apply", the_long_way)
    assert [z.item() for z in (-x, x * y, y.exp(), y - y, x / y)] == [-2.0, 1.0, math.exp(0.5), 0.0, 4.0]
    for call in (lambda: x * 2, lambda: 2 * x, lambda: ops.sum(x), lambda: ops.where(True, x, y), lambda: ops.exp(2.0)):
        with pytest.raises(AssertionError):
            call()


def test_the_table_of_ops_has_a_line_for_each():
    rows = [re.split(" {2,}", line, maxsplit=4) for line in table().splitlines()]
    assert rows[0] == ["op", "gradient by", "linear in", "laws", "in words"]
    for (call, by, *_, words), op in zip(rows[1:], ops.registry.values(), strict=True):
        assert (call, by, words) == (op.signature(), ", ".join(op.rules) or "-", op.doc.splitlines()[0])


def test_the_columns_of_the_table_of_ops_stand_below_each_other():
    head, *lines = table().splitlines()
    starts = [head.index(name) for name in ("gradient by", "linear in", "laws", "in words")]
    assert all(line[n - 2 : n] == "  " != line[n] for line in lines for n in starts)


def test_the_gradient_of_repeated_indices_adds_up():
    x = Tensor([1.0, 2.0, 3.0])
    (ops.getitem(x, key=[2, 0, 2, 2]) * [1.0, 10.0, 100.0, 1000.0]).sum().backward()
    assert x.grad.tolist() == [10.0, 0.0, 1101.0]


@pytest.mark.parametrize("name", ["maximum", "minimum", "add", "multiply", "divide", "power", "matmul"])
def test_an_op_of_one_tensor_twice_has_the_sum_of_both_gradients(name):
    function = getattr(ops, name)
    x = np.array([[1.5, 0.5], [2.0, 0.75]])
    once = Tensor(x)
    left, right = Tensor(x), Tensor(x)
    gl, gr = gradients(function(left, right).sum(), [left, right])
    np.testing.assert_allclose(gradients(function(once, once).sum(), [once])[0].array, gl.array + gr.array, rtol=1e-15)


@pytest.mark.parametrize("far", [0.0, 1000.0, -30000.0])
def test_log_softmax_keeps_its_digits_wherever_the_logits_are(far):
    """The distance from the largest is what counts; the sum of exponentials is not added to it and taken off again."""
    x = np.array([far, far + 1, far + 4], "float32")
    exact = np.array([-4.0, -3.0, 0.0]) - np.log(1 + np.exp(-3.0) + np.exp(-4.0))
    np.testing.assert_allclose(ops.log_softmax(x), exact, rtol=3e-7, atol=1e-8)
