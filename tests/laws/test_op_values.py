"""Laws about the numbers that every registered op computes."""

import numpy as np
import pytest
from samples import CASES, DIFFERENTIABLE, leaf

from tinygrad_edu import Tensor, as_tensor

each_case = pytest.mark.parametrize("case", CASES)
SMALLER = (np.float32, np.float16)


def not_aligned(x):
    """A read-only array whose memory belongs to a bytes object, one byte off."""
    return np.frombuffer(b"\0" + x.tobytes(), x.dtype, offset=1).reshape(x.shape) if x.size else x


LAYOUTS = {
    "Fortran order": lambda x: np.array(x, order="F"),
    "negative strides": lambda x: np.flip(np.flip(x).copy()),
    "every other number": lambda x: np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x,
    "read-only and not aligned": not_aligned,
    "other byte order": lambda x: x.astype(x.dtype.newbyteorder()),
}


def read_only(x):
    copy = x.copy()
    copy.flags.writeable = False
    return copy


def assert_close(got, expected, rtol, message=""):
    """Equal shape and, up to rounding, numbers."""
    assert got.shape == expected.shape, message
    np.testing.assert_allclose(np.asarray(got, float), np.asarray(expected, float), rtol=rtol, atol=rtol, err_msg=message)


def assert_same(got, expected, rtol=0.0):
    """Equal dtype too."""
    assert got.dtype == expected.dtype
    assert_close(got, expected, rtol)


@each_case
def test_the_value_is_the_oracles(case):
    assert_same(case(*map(Tensor, case.arrays)).array, case.expected(), rtol=1e-14)


@each_case
def test_arrays_give_an_array_and_the_same_one_as_tensors(case):
    got = case(*case.arrays)
    assert isinstance(got, (np.ndarray, np.generic))
    assert_same(got, case(*map(Tensor, case.arrays)).array)


@each_case
def test_a_smaller_dtype_is_kept_and_costs_no_more_than_its_rounding(case):
    for dtype in SMALLER:
        small = case.astype(dtype)
        got, exact = small(*map(Tensor, small.arrays)).array, small.astype(np.float64).expected()
        assert got.dtype == (dtype if exact.dtype.kind == "f" else exact.dtype)
        assert_close(got, exact, rtol=16 * np.finfo(dtype).eps)


@each_case
def test_inputs_are_left_alone(case):
    inputs = list(map(read_only, case.arrays))
    case(*map(as_tensor, inputs))
    for x, array in zip(inputs, case.arrays):
        assert x.tobytes() == array.tobytes()


@each_case
def test_the_layout_in_memory_does_not_change_the_value(case):
    for name, layout in LAYOUTS.items():
        got = case(*(as_tensor(layout(x)) for x in case.arrays)).array
        assert_close(got, case.expected(), rtol=1e-14, message=name)


@pytest.mark.parametrize("case", [case for case in CASES if all(x.size for x in case.values[0].arrays)])
def test_repeated_memory_gives_the_value_of_a_copy(case):
    repeated = case.repeated()
    assert_same(repeated(*map(as_tensor, repeated.arrays)).array, repeated(*(x.copy() for x in repeated.arrays)), rtol=1e-14)


@each_case
def test_only_a_differentiable_result_of_an_input_that_needs_a_gradient_is_recorded(case):
    constants = [as_tensor(x) for x in case.arrays]
    assert case(*constants).node is None
    leaves = [leaf(x) if x.dtype.kind == "f" else as_tensor(x) for x in case.arrays]
    assert (case(*leaves).node is not None) == bool(case.active)


@pytest.mark.parametrize("case", DIFFERENTIABLE)
def test_a_differentiable_result_is_a_floating_point_number(case):
    assert case.expected().dtype.kind == "f"
