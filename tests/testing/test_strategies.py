"""What the strategies can draw, that it is drawn, and what it shrinks to."""

import numpy as np
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from tinygrad_edu import Tensor, ops
from tinygrad_edu.graph import Value
from tinygrad_edu.testing import check_gradients, strategies
from tinygrad_edu.testing.layouts import LAYOUTS, repeated
from tinygrad_edu.testing.programs import Program, Step, arity_of, half_sum

MANY = settings(max_examples=2000, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


def drawn(strategy, condition):
    """The simplest example that meets `condition`; an error if none does."""
    return find(strategy, condition, settings=MANY)


# fmt: off
ARRAYS = {
    "nothing":              lambda x: x.size == 0 and x.ndim > 1,
    "a single number":      lambda x: x.shape == (),
    "three axes":           lambda x: x.ndim == 3 and x.size > 4,
    "Fortran order":        lambda x: x.ndim == 2 and x.flags.f_contiguous and not x.flags.c_contiguous,
    "negative strides":     lambda x: x.size > 1 and any(stride < 0 for stride in x.strides),
    "gaps":                 lambda x: x.size > 1 and x.strides[-1] == 2 * x.itemsize,
    "repeated":             lambda x: x.size > 1 and not any(x.strides),
    "read-only":            lambda x: x.size > 0 and not x.flags.writeable and x.flags.aligned and x.strides[-1:] == (8,),
    "not aligned":          lambda x: x.size > 0 and not x.flags.aligned,
}
SPECIAL = {
    "minus zero":           lambda x: x == 0 and np.signbit(x),
    "inf":                  np.isposinf,
    "minus inf":            np.isneginf,
    "nan":                  np.isnan,
    "a subnormal number":   lambda x: 0 < x < np.finfo(float).tiny,
    "the largest number":   lambda x: x == np.finfo(float).max,
}
GRAPHS = {
    "a diamond":            lambda g: g[1].diamonds > 0,
    "fan-out of three":     lambda g: max(uses(g[1])) >= 3,
    "one value used twice by one op": lambda g: any(len(step.places) == 2 == 3 - len(set(step.places)) for step in g[1].steps),
    "several ends":         lambda g: len(g[1].ends) > 1,
    "ten steps":            lambda g: len(g[1].steps) >= 10,
    "broadcasting":         lambda g: len({x.shape for x in g[0]}) > 1,
}
# fmt: on


def uses(program):
    return np.bincount([place for step in program.steps for place in step.places], minlength=1)


def cases(table):
    return pytest.mark.parametrize("condition", table.values(), ids=table.keys())


@cases(ARRAYS)
def test_arrays_come_in_every_shape_and_layout(condition):
    drawn(strategies.arrays(), condition)


@cases(ARRAYS)
def test_tensors_share_the_memory_of_such_arrays(condition):
    drawn(strategies.tensors(), lambda x: condition(np.asarray(x.array)))


@cases(SPECIAL)
def test_special_values_are_all_drawn(condition):
    drawn(strategies.special_values(), condition)
    drawn(strategies.any_number(), condition)


@cases(GRAPHS)
def test_graphs_have_every_shape(condition):
    drawn(strategies.graphs(), condition)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int32, np.uint8])
@given(data=st.data())
def test_numbers_lie_between_their_bounds_and_in_their_dtype(dtype, data):
    low, high = (0.1, 7.3) if np.dtype(dtype).kind == "f" else (1, 7)
    x = data.draw(strategies.arrays(dtype=dtype, elements=strategies.numbers(low, high, dtype)))
    assert x.dtype == dtype
    assert ((x.astype(float) >= low) & (x.astype(float) <= high)).all()


@given(strategies.arrays(shape=(2, 3), dtype=st.sampled_from([np.float32, np.int64]), layouts=["C order"]))
def test_shape_and_dtype_may_be_values_or_strategies(x):
    assert x.shape == (2, 3)
    assert x.dtype in (np.float32, np.int64)
    assert x.flags.c_contiguous


@given(strategies.arrays(dtype=bool))
def test_truth_values_are_drawn_too(x):
    assert x.dtype == bool


def test_ties_are_common():
    tied = drawn(strategies.arrays(shape=4, elements=strategies.ties()), lambda x: len(set(x.tolist())) == 2)
    assert set(tied.tolist()) <= {0.0, 1.0, -1.0}
    assert drawn(strategies.ties(5.0, 7.0), lambda x: x > 5) == 7.0


@given(strategies.tensors(), strategies.tensors(dtype=np.int64), strategies.tensors(requires_grad=st.booleans()))
def test_floating_point_tensors_require_a_gradient_unless_told_otherwise(x, whole, either):
    assert isinstance(x, Tensor)
    assert x.requires_grad
    assert not whole.requires_grad
    assert isinstance(either.requires_grad, bool)


@given(strategies.broadcastable_tensors(3))
def test_broadcastable_tensors_broadcast(xs):
    assert (xs[0] + xs[1] * xs[2]).shape == np.broadcast_shapes(*(x.shape for x in xs))


@given(strategies.tensors(layouts=["C order"]), st.data())
def test_axes_are_what_reductions_take(x, data):
    axis = data.draw(strategies.axes(x.ndim))
    assert ops.sum(x, axis=axis).shape == np.sum(x.array, axis=axis).shape


@given(strategies.graphs())
def test_random_graphs_have_the_gradients_that_differences_give(graph):
    leaves, program = graph
    check_gradients(program, *leaves, order=1, mode="direction")


@given(strategies.graphs())
def test_a_graph_computes_the_same_with_arrays_and_depends_on_every_leaf(graph):
    leaves, program = graph
    xs = [Tensor(x) for x in leaves]
    value = program(*xs)
    assert value.item() == float(program(*leaves))
    value.backward()
    assert all(x.grad is not None for x in xs)


def test_a_wrong_rule_shrinks_to_a_program_of_one_line():
    def wrong(x):
        return x.detach() * 2.0 if isinstance(x, Value) else x * 2.0

    def fails(graph):
        leaves, program = graph
        try:
            check_gradients(program, *leaves, order=1)
        except AssertionError:
            return True
        return False

    leaves, program = drawn(strategies.graphs(ops=[ops.sin, half_sum, wrong]), fails)
    assert repr(program) == "v1 = wrong(v0)\nreturn v1.sum()"
    assert [x.tolist() for x in leaves] == [0.0]


def test_a_program_wants_all_of_its_leaves():
    with pytest.raises(TypeError, match="A program of 2 leaves expects as many values, got 1"):
        Program(2, [Step(ops.add, (0, 1))])(1.0)


def test_the_arity_of_a_function_is_the_number_of_its_tensors():
    assert [arity_of(f) for f in (ops.tanh, ops.where, half_sum, lambda x, y, /, z, a=1, *, b=2: x)] == [1, 3, 2, 3]
    with pytest.raises(TypeError, match="expects a function whose Tensors have names"):
        arity_of(lambda *xs: xs)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_keeps_the_numbers(name):
    for x in (np.arange(6.0).reshape(2, 3), np.float64(2.5).reshape(()), np.zeros((0, 2))):
        np.testing.assert_array_equal(LAYOUTS[name](x), x)
    assert repeated(np.arange(6.0).reshape(2, 3)).strides == (0, 0)
    assert repeated(np.zeros((0, 2))).shape == (0, 2)
