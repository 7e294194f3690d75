"""NumPy on one side, a Tensor on the other: functions, operators, in-place changes, conversion."""

import operator

import numpy as np
import pytest

from tinygrad_edu import Tensor, as_tensor

X = np.array([3.7, 1.2])
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod]


@pytest.mark.parametrize("function", OPERATORS, ids=lambda f: f.__name__)
def test_an_operator_of_an_array_and_a_tensor_is_recorded(function):
    result = function(np.array([5.0, 7.0]), Tensor(X))
    assert isinstance(result, Tensor)
    assert result.requires_grad


UFUNCS = [np.tanh, np.exp, np.expm1, np.log, np.log1p, np.sqrt, np.square, np.sin, np.cos, np.absolute, np.negative]


@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda f: f.__name__)
def test_a_numpy_function_of_a_tensor_is_recorded(ufunc):
    y = ufunc(Tensor(X))
    assert isinstance(y, Tensor)
    assert y.node.op.name == ufunc.__name__
    np.testing.assert_allclose(y.array, ufunc(X), rtol=1e-15)


def test_a_numpy_function_of_two_tensors_is_recorded():
    x, y = Tensor([1.0, 5.0]), Tensor([3.0, 2.0])
    (np.maximum(x, y) + np.matmul(x, y) + np.power(x, 2.0)).sum().backward()
    assert x.grad.tolist() == [0 + 2 * 3 + 2, 1 + 2 * 2 + 10]
    assert y.grad.tolist() == [1 + 2 * 1, 0 + 2 * 5]


def test_a_numpy_function_without_a_rule_computes_with_constants():
    assert np.allclose(np.asarray(np.arctan(as_tensor(X))), np.arctan(X))
    assert np.isfinite(Tensor(X)).tolist() == [True, True]


def test_an_array_is_changed_in_place_by_a_tensor():
    array = np.array([5.0, 7.0])
    before = array
    array -= Tensor([1.0, 2.0])
    array *= Tensor(2.0)
    assert array is before
    assert isinstance(array, np.ndarray)
    assert array.tolist() == [8.0, 10.0]


def test_a_numpy_function_with_two_results_gives_two():
    whole, rest = np.divmod(as_tensor([5.0, 7.5]), 2.0)
    assert (np.asarray(whole).tolist(), np.asarray(rest).tolist()) == ([2.0, 3.0], [1.0, 1.5])


def test_an_array_can_be_indexed_and_filled_with_a_tensor():
    array = np.zeros(3)
    np.add.at(array, [0, 0, 2], Tensor([1.0, 2.0, 4.0]))
    assert array.tolist() == [3.0, 0.0, 4.0]
    array[:2] = Tensor([7.0, 8.0])
    assert array.tolist() == [7.0, 8.0, 4.0]
    assert array[Tensor(1)] == 8.0


def test_numpy_reads_a_tensor_as_an_array():
    x = Tensor([1.0, 2.0])
    assert np.asarray(x).tolist() == [1.0, 2.0]
    assert np.asarray(x, np.float32).dtype == np.float32
    assert not np.shares_memory(np.array(x), x.array)
    assert np.shares_memory(np.asarray(x), x.array)
    assert np.array(Tensor(2.5)).shape == ()
