"""Laws about the numbers that every registered op computes."""

import numpy as np
from cases import assert_close, assert_same, leaf, under

from tinygrad_edu import Tensor, as_tensor
from tinygrad_edu.testing.layouts import LAYOUTS, read_only

SMALLER = (np.float32, np.float16)


@under("value")
def test_the_value_is_the_oracles(case):
    """A Tensor's shape, dtype and numbers are those of a formula that shares no code with the op."""
    assert_same(case(*map(Tensor, case.arrays)).array, case.expected(), rtol=1e-14)


@under("value")
def test_arrays_give_an_array_and_the_same_one_as_tensors(case):
    """Without a Tensor among its inputs an op is a function of NumPy's."""
    got = case(*case.arrays)
    assert isinstance(got, (np.ndarray, np.generic))
    assert_same(got, case(*map(Tensor, case.arrays)).array)


@under("value", lambda case: case.expected().shape)
def test_a_result_shares_memory_with_an_input_just_where_numpys_does(case):
    """A view stays a view: reshaping costs nothing, and what is computed is in memory of its own."""
    expected = [np.shares_memory(case.oracle(*case.arrays, **case.params), x) for x in case.arrays]
    for got in (case(*case.arrays), case(*map(as_tensor, case.arrays)).array):
        assert [np.shares_memory(got, x) for x in case.arrays] == expected


@under("value")
def test_an_op_is_computed_again_with_the_same_bits(case):
    """No op has a state, a random number, or an order of summation that depends on anything but its inputs."""
    once, again = (case(*map(Tensor, case.arrays)).array for _ in range(2))
    assert once.tobytes() == again.tobytes()


@under("value")
def test_only_a_differentiable_result_of_an_input_that_needs_a_gradient_is_recorded(case):
    """A result has a node just where a gradient could go through it, and is then a floating-point number."""
    constants = [as_tensor(x) for x in case.arrays]
    assert case(*constants).node is None
    leaves = [leaf(x) if x.dtype.kind == "f" else as_tensor(x) for x in case.arrays]
    assert (case(*leaves).node is not None) == bool(case.active) == bool(case.op.rules)
    assert not case.op.rules or case.expected().dtype.kind == "f"


@under("memory")
def test_inputs_are_left_alone(case):
    """An op writes to no array that it was given."""
    inputs = list(map(read_only, case.arrays))
    case(*map(as_tensor, inputs))
    for x, array in zip(inputs, case.arrays):
        assert x.tobytes() == array.tobytes()


@under("memory")
def test_the_place_in_memory_does_not_change_the_value(case):
    """Strides, alignment, byte order and whoever owns the memory are none of an op's business."""
    for name, layout in LAYOUTS.items():
        got = case(*(as_tensor(layout(x)) for x in case.arrays)).array
        assert_close(got, case.expected(), rtol=1e-14, message=name)


@under("memory", lambda case: case.size)
def test_repeated_memory_gives_the_value_of_a_copy(case):
    """With strides of 0 all numbers of an array are one."""
    repeated = case.repeated()
    assert_same(repeated(*map(as_tensor, repeated.arrays)).array, repeated(*(x.copy() for x in repeated.arrays)), rtol=1e-14)
