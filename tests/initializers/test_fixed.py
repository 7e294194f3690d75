"""Constants, given values and the identity."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, initializers
from tinygrad_edu.initializers import Constant, FixedValues, Identity, Ones, Zeros
from tinygrad_edu.layers import Dense, Layer

VALUES = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def test_zeros_ones_and_constants():
    """INI-04, INI-05, INI-06."""
    assert Zeros()((2, 3)).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert Ones()((2, 3)).tolist() == [[1, 1, 1], [1, 1, 1]]
    assert Constant(2.5)((2, 3)).tolist() == [[2.5, 2.5, 2.5], [2.5, 2.5, 2.5]]
    assert Constant()((2,)).tolist() == [0, 0] and Constant(value=np.float32(3))(()) == 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [([1, 2], [[1, 2], [1, 2], [1, 2]]), ([[1], [2], [3]], [[1, 1], [2, 2], [3, 3]]), (np.array([[7]]), [[7, 7]] * 3)],
    ids=str,
)
def test_a_constant_array_is_repeated_along_the_axes_it_has_not(value, expected):
    """INI-06."""
    assert Constant(value)((3, 2)).tolist() == expected


@pytest.mark.parametrize(("value", "shape"), [([1, 2], (2, 3)), ([[1, 2]], (2,)), ([1, 2], ())], ids=str)
def test_a_constant_array_that_does_not_fit_is_refused(value, shape):
    """INI-06."""
    with pytest.raises(ValueError, match=r"Constant expects a shape that its value of shape .* fits, got"):
        Constant(value)(shape)


@pytest.mark.parametrize("kind", [np.asarray, Tensor, lambda x: x.astype("float32")], ids=["array", "tensor", "float32"])
def test_an_array_stands_for_its_values(kind):
    """INI-01: for weights of just its shape, and what happens to it later is its own affair."""
    given = kind(VALUES.copy())
    initializer = initializers.get(given)
    np.testing.assert_array_equal(initializer((2, 3)), VALUES)
    if isinstance(given, np.ndarray):
        given[...] = 0
    np.testing.assert_array_equal(initializer([2, 3], "float64"), VALUES)
    for shape in [(3, 2), (1, 2, 3), (2, 1), ()]:
        with pytest.raises(ValueError, match=r"FixedValues expects a shape that its value of shape \(2, 3\) fits, got"):
            initializer(shape)


def test_layers_take_arrays():
    """INI-01: by name of the argument, and in `add_weight`."""
    layer = Dense(3, kernel_initializer=VALUES, bias_initializer=np.array([1.0, 0.0, -1.0]))
    assert layer([[1.0, 1.0]]).tolist() == [[6, 7, 8]]
    weight = Layer().add_weight("w", (2, 3), VALUES)
    np.testing.assert_array_equal(weight.array, VALUES)
    with pytest.raises(ValueError, match=r"FixedValues expects .* got \(4, 3\)"):
        Dense(3, kernel_initializer=VALUES)(np.zeros((1, 4)))


def test_given_values_are_written_down():
    """INI-01, INI-25."""
    config = initializers.serialize(FixedValues(VALUES))
    assert config == {"class_name": "FixedValues", "config": {"value": VALUES.tolist()}}
    np.testing.assert_array_equal(initializers.deserialize(config)((2, 3)), VALUES)


def test_the_identity_and_multiples_of_it():
    """INI-12: square or not."""
    assert Identity()((2, 2)).tolist() == [[1, 0], [0, 1]]
    assert Identity(gain=3)((2, 3)).tolist() == [[3, 0, 0], [0, 3, 0]]
    assert Identity(-0.5)((3, 2)).tolist() == [[-0.5, 0], [0, -0.5], [0, 0]]


def test_a_layer_that_begins_with_the_identity_gives_its_input():
    """INI-12."""
    assert Dense(3, kernel_initializer="identity")([[1.0, -2.0, 3.0]]).tolist() == [[1, -2, 3]]


@pytest.mark.parametrize("shape", [(), (3,), (2, 2, 2)], ids=str)
def test_the_identity_is_a_matrix(shape):
    """INI-12."""
    with pytest.raises(ValueError, match="Identity expects the shape of a matrix, got"):
        Identity()(shape)
