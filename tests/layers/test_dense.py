"""Dense and Activation: the formula, its gradients by hand, shapes, and what does not fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor, initializers
from tinygrad_edu.calculus import gradients
from tinygrad_edu.layers import Activation, Dense
from tinygrad_edu.testing import check_gradients


def with_weights(layer, *arrays):
    layer(np.zeros((1, len(arrays[0]))))
    layer.set_weights(arrays)
    return layer


def test_dense_by_hand():
    """CORE-03: two rows, two features, one unit."""
    layer = with_weights(Dense(1), [[2.0], [-1.0]], [0.5])
    assert layer([[1.0, 3.0], [4.0, 0.0]]).tolist() == [[-0.5], [8.5]]


@given(
    batch=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    features=st.integers(1, 5),
    units=st.integers(1, 5),
    seed=st.integers(0),
)
def test_dense_is_x_times_kernel_plus_bias_along_the_last_axis(batch, features, units, seed):
    """CORE-03."""
    rng = np.random.default_rng(seed)
    x, kernel, bias = rng.normal(size=(*batch, features)), rng.normal(size=(features, units)), rng.normal(size=units)
    layer = with_weights(Dense(units, activation="tanh", dtype="float64"), kernel, bias)
    out = layer(x)
    assert out.shape == (*batch, units) and layer.compute_output_shape(x.shape) == out.shape
    np.testing.assert_allclose(out.numpy(), np.tanh(x @ kernel + bias), rtol=1e-12, atol=1e-12)


def test_the_gradients_of_dense_by_hand():
    """CORE-03: with G the gradient by the output, xᵀG, the sum of G over the rows, and G kernelᵀ."""
    rng = np.random.default_rng(0)
    x, kernel, weights = Tensor(rng.normal(size=(4, 3))), rng.normal(size=(3, 2)), rng.normal(size=(4, 2))
    layer = with_weights(Dense(2, dtype="float64"), kernel, np.zeros(2))
    by_kernel, by_bias, by_x = gradients((layer(x) * weights).sum(), [layer.kernel, layer.bias, x])
    np.testing.assert_allclose(by_kernel.numpy(), x.numpy().T @ weights, rtol=1e-12)
    np.testing.assert_allclose(by_bias.numpy(), weights.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(by_x.numpy(), weights @ kernel.T, rtol=1e-12)


def test_the_gradients_of_dense_agree_with_differences_up_to_order_two():
    """CORE-03."""
    layer = with_weights(Dense(2, activation="sigmoid", dtype="float64"), [[0.3, -0.2], [0.5, 0.7], [-0.4, 0.1]], [0.1, -0.3])
    check_gradients(layer, np.array([[0.5, -1.0, 0.25], [1.5, 0.75, -0.5]]))


def test_without_a_bias():
    """CORE-03."""
    layer = Dense(2, use_bias=False, kernel_initializer="ones")
    assert layer([[1.0, 2.0]]).tolist() == [[3, 3]]
    assert layer.bias is None and len(layer.weights) == 1 and layer.count_params() == 4


def test_the_kernel_is_glorot_uniform_and_the_bias_zero_by_default():
    """CORE-03, INI-15, INI-26."""
    layer = Dense(200)
    layer(np.zeros((1, 100)))
    kernel, bias = layer.get_weights()
    limit = np.sqrt(6 / 300)
    assert 0.99 * limit < np.abs(kernel).max() <= limit and (bias == 0).all()


def test_initializers_are_names_or_callables():
    """CORE-03, INI-01: a callable gets the shape and the dtype."""
    seen = []
    layer = Dense(
        3, kernel_initializer=lambda shape, dtype: seen.append((shape, dtype)) or np.ones(shape), bias_initializer="ones"
    )
    assert layer([[1.0, 2.0]]).tolist() == [[4, 4, 4]]
    assert seen == [((2, 3), "float32")]


def test_a_shared_unseeded_initializer_gives_different_kernels_and_a_seeded_one_equal_ones():
    """D1, INI-21, INI-22."""
    for seed, equal in [(None, False), (7, True)]:
        shared = initializers.RandomUniform(minval=0, maxval=1, seed=seed)
        first, second = Dense(5, input_dim=5, kernel_initializer=shared), Dense(5, input_dim=5, kernel_initializer=shared)
        for layer in (first, second):
            layer(np.zeros((1, 5)))
        assert np.array_equal(first.get_weights()[0], second.get_weights()[0]) is equal


@pytest.mark.parametrize(
    "activation", ["relu", "ReLU", lambda x: x.relu(), Activation("relu")], ids=["name", "capitals", "function", "layer"]
)
def test_an_activation_is_a_name_or_a_callable(activation):
    """CORE-03, ACT-01."""
    assert with_weights(Dense(2, activation=activation), [[1.0, -1.0]], [0.0, 0.0])([[3.0]]).tolist() == [[3, 0]]


def test_no_activation_is_linear():
    """ACT-03."""
    assert with_weights(Dense(1), [[2.0]], [0.0])([[-3.0]]).tolist() == [[-6]]


@pytest.mark.parametrize("units", [3, np.int64(3), np.int32(3), np.array(3)], ids=repr)
def test_units_are_whole_numbers_of_any_make(units):
    """CORE-03, PKG-14."""
    layer = Dense(units=units)
    assert layer.units == 3 and type(layer.units) is int


@pytest.mark.parametrize("units", [0, -3, 2.5, None, "5", [3], np.nan], ids=repr)
def test_units_that_are_no_whole_number_above_zero_are_refused(units):
    """CORE-03."""
    with pytest.raises(ValueError, match="Dense expects units"):
        Dense(units)


def test_the_wrong_number_of_features_names_layer_law_and_fact():
    """LAY-11."""
    layer = Dense(10, name="hidden", input_dim=4)
    layer(np.zeros((1, 4)))
    with pytest.raises(ValueError, match=r"Dense 'hidden' \(units=10\) expects 4 features, got shape \(32, 5\)"):
        layer(np.zeros((32, 5)))


@pytest.mark.parametrize("shape", [(4,), ()])
def test_a_single_row_is_told_to_be_a_batch(shape):
    """LAY-11, FIT-14: before and after the weights are made."""
    layer = Dense(2, name="hidden")
    with pytest.raises(ValueError, match=r"Dense 'hidden' .*expects"):
        layer(np.zeros(shape))
    layer(np.zeros((1, 4)))
    with pytest.raises(ValueError, match=r"Dense 'hidden' .*expects 4 features"):
        layer(np.zeros(shape))


def test_an_initializer_of_the_wrong_shape_is_named():
    """INI-01."""
    with pytest.raises(ValueError, match=r"hidden.*'kernel' of shape \(3, 1\), got \(1, 1\)"):
        Dense(1, name="hidden", kernel_initializer=lambda shape, dtype: np.ones((1, 1)))(np.zeros((2, 3)))


def test_an_activation_layer_is_its_function():
    """ACT-01, ACT-17."""
    layer = Activation("tanh")
    x = np.array([[0.5, -2.0]], "float32")
    np.testing.assert_array_equal(layer(x).numpy(), np.tanh(x))
    assert layer.weights == [] and layer.count_params() == 0 and layer.output_shape == (None, 2)


def test_an_activation_may_be_taken_away():
    """CORE-03: as for the scores below a softmax, when the gradients of classes are looked at."""
    layer = Dense(3, activation="softmax", input_dim=2)
    x = np.ones((1, 2))
    probabilities, layer.activation = layer(x), None
    scores = layer(x).numpy()
    np.testing.assert_allclose(probabilities.numpy(), np.exp(scores) / np.exp(scores).sum(), rtol=1e-6)
    assert layer.get_config()["activation"] is None
