"""Activations against SciPy and NumPy, and their slopes against formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import Tensor, activations
from tinygrad_edu.calculus import gradients
from tinygrad_edu.layers import Activation
from tinygrad_edu.testing import check_gradients

special = pytest.importorskip("scipy.special")

#             function, slope as a function of x and of the value y
ORACLES = {
    "linear": (lambda x: x, lambda x, y: np.ones_like(x)),
    "relu": (lambda x: np.where(x > 0, x, 0), lambda x, y: (x > 0).astype(float)),
    "tanh": (np.tanh, lambda x, y: 1 - y**2),
    "sigmoid": (special.expit, lambda x, y: y * (1 - y)),
    "softplus": (lambda x: np.logaddexp(0, x), lambda x, y: special.expit(x)),
    "exponential": (np.exp, lambda x, y: y),
}
arrays = hnp.arrays(float, hnp.array_shapes(max_dims=3, max_side=4), elements=st.floats(-30, 30))


@pytest.mark.parametrize("name", ORACLES)
@given(x=arrays)
def test_an_activation_is_its_formula_on_arrays_and_tensors(name, x):
    """ACT-03, ACT-04, ACT-12, ACT-17."""
    function, oracle = activations.get(name), ORACLES[name][0]
    np.testing.assert_allclose(function(x), oracle(x), rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(function(Tensor(x)).numpy(), function(x))


@pytest.mark.parametrize("name", ORACLES)
@given(x=arrays)
def test_its_gradient_is_the_slope_of_the_formula(name, x):
    """ACT-03, ACT-04, ACT-12, ACT-17."""
    function, slope = activations.get(name), ORACLES[name][1]
    leaf = Tensor(x)
    (g,) = gradients((function(leaf) * 1.0).sum(), [leaf])
    np.testing.assert_allclose(g.numpy(), slope(x, ORACLES[name][0](x)), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "exponential", "linear"])
def test_its_gradients_agree_with_differences_up_to_order_two(name):
    """ACT-03, ACT-12, ACT-17."""
    check_gradients(activations.get(name), np.array([[-2.0, -0.3], [0.4, 1.7]]))


def test_the_gradient_of_relu_at_zero_is_zero():
    """ACT-04."""
    x = Tensor([-1.0, 0.0, -0.0, 1.0])
    (g,) = gradients(activations.relu(x).sum(), [x])
    assert g.tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("name", ["linear", "relu", "tanh", "sigmoid"])
def test_nan_comes_out_as_nan(name):
    """ACT-04."""
    assert np.isnan(activations.get(name)(np.array([np.nan]))).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sigmoid_far_out_is_0_or_1_without_a_warning(dtype):
    """ACT-12: warnings are errors here."""
    x = Tensor(np.array([-1000, -100, 0, 100, 1000], dtype))
    y = activations.sigmoid(x)
    assert y.tolist() == pytest.approx([0, 0, 0.5, 1, 1], abs=1e-38)
    (g,) = gradients(y.sum(), [x])
    assert g.tolist()[2] == 0.25 and np.isfinite(g.numpy()).all()


@given(x=st.floats(-1e3, 1e3))
def test_the_slope_of_a_sigmoid_is_at_most_a_quarter(x):
    """ACT-12."""
    leaf = Tensor(x)
    assert 0 <= gradients(activations.sigmoid(leaf), [leaf])[0].item() <= 0.25


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_is_kept(name, dtype):
    """ACT-03, ACT-04, ACT-12, ACT-17."""
    assert activations.get(name)(np.array([0.5], dtype)).dtype == dtype


def test_get_takes_a_name_a_callable_a_layer_or_nothing():
    """ACT-01."""

    def mine(x):
        return x * 2

    layer = Activation("tanh")
    assert activations.get(None) is activations.linear
    assert activations.get("ReLU") is activations.relu
    assert activations.get(mine) is mine
    assert activations.get(layer) is layer
