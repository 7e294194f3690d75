"""What is said of single activations: slopes, fixed points, warnings, and what they leave for losses. Their formulas: laws."""

import warnings

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor, activations, no_grad, ops
from tinygrad_edu.calculus import gradients
from tinygrad_edu.layers import Activation, Dense, LeakyReLU
from tinygrad_edu.models import Sequential

X = np.array([-3.0, -0.5, 0.5, 3.0])


def slope(function, x, **settings):
    leaf = Tensor(np.asarray(x, float))
    return gradients((function(leaf, **settings) * 1.0).sum(), [leaf])[0].numpy()


# Slopes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "by_value"),
    [("tanh", lambda y: 1 - y**2), ("sigmoid", lambda y: y * (1 - y)), ("exponential", lambda y: y),
     ("softplus", lambda y: 1 - np.exp(-y)), ("elu", lambda y: np.where(y > 0, 1, y + 1))],
)  # fmt: skip
def test_a_slope_follows_from_the_value(name, by_value):
    """ACT-07, ACT-12, ACT-17, ACT-18, ACT-20."""
    function = activations.get(name)
    np.testing.assert_allclose(slope(function, X), by_value(function(X)), rtol=1e-12)


def test_the_slope_of_an_elu_below_zero_is_elu_plus_alpha():
    """ACT-07."""
    np.testing.assert_allclose(slope(activations.elu, -X[2:], alpha=2), activations.elu(-X[2:], 2) + 2, rtol=1e-12)


@given(x=st.floats(-1e3, 1e3))
def test_the_slope_of_a_sigmoid_is_at_most_a_quarter(x):
    """ACT-12: which the tutorial on vanishing gradients counts with."""
    assert 0 <= slope(activations.sigmoid, x) <= 0.25


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sigmoid_far_out_is_0_or_1_without_a_warning(dtype):
    """ACT-12: warnings are errors here."""
    x = Tensor(np.array([-1000, -100, 0, 100, 1000], dtype))
    y = activations.sigmoid(x)
    assert y.tolist() == pytest.approx([0, 0, 0.5, 1, 1], abs=1e-38)
    (g,) = gradients(y.sum(), [x])
    assert g.tolist()[2] == 0.25 and np.isfinite(g.numpy()).all()


@pytest.mark.parametrize(
    ("name", "at", "expected"),
    [
        ("relu", [-1.0, 0.0, -0.0, 1.0], [0, 0, 0, 1]),
        ("relu6", [0, 3, 6], [0, 1, 0]),
        ("leaky_relu", [-1, 0, 1], [0.2, 0.2, 1]),
        ("hard_sigmoid", [-3, 0, 3], [0, 1 / 6, 0]),
        ("hard_tanh", [-2, -1, 1, 2], [0, 1, 1, 0]),
    ],
)
def test_the_slope_at_a_kink(name, at, expected):
    """ACT-04, ACT-05, ACT-06, ACT-13, ACT-23: 0 for a relu, or the flatter side; a limit can still be left."""
    np.testing.assert_allclose(slope(activations.get(name), at), expected)


def test_a_relu_bends_where_it_is_told():
    """ACT-04: max_value from there on, x above the threshold, negative_slope · (x - threshold) below; alpha is its old name.

    At the threshold itself Keras gives 0, though its words say otherwise.
    """
    x = np.array([-10.0, -5, 0, 5, 10])
    assert activations.relu(x, negative_slope=0.5, max_value=5.0, threshold=5.0).tolist() == [-7.5, -5, -2.5, 0, 5]
    assert activations.relu(x, threshold=5.0).tolist() == [0, 0, 0, 0, 10]
    assert activations.relu(x, threshold=-5.0, max_value=8).tolist() == [0, 0, 0, 5, 8]
    assert activations.relu(x, alpha=0.5).tolist() == [-5, -2.5, 0, 5, 10]


def test_the_hard_sigmoid_is_that_of_keras_3():
    """ACT-13, D18: slope 1/6, not 0.2."""
    assert activations.hard_sigmoid(np.array([-3, -1, 0, 1.5, 3])).tolist() == pytest.approx([0, 1 / 3, 0.5, 0.75, 1])


# Constants ---------------------------------------------------------------------------------------------


def test_selu_keeps_mean_0_and_variance_1():
    """ACT-08: for normal inputs, by Gauss-Hermite quadrature on either side of 0; so its constants are right."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    z = np.concatenate([6 * (nodes - 1), 6 * (nodes + 1)])  # -12 to 0, 0 to 12
    density = np.tile(6 * weights, 2) * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    y = activations.selu(z)
    assert (density * y).sum() == pytest.approx(0, abs=1e-12)
    assert (density * y**2).sum() == pytest.approx(1, abs=1e-12)


def test_elu_stays_exact_near_zero():
    """ACT-07, ACT-08, ACT-09: exp(x) - 1 would have lost all digits."""
    x = np.array([-1e-18, -1e-10])
    for function in (activations.elu, activations.celu):
        np.testing.assert_allclose(function(x), x, rtol=1e-9)


def test_celu_is_as_steep_on_both_sides_of_zero():
    """ACT-09: whatever alpha is; and 0 is refused."""
    for alpha in (0.25, 1, 4):
        np.testing.assert_allclose(slope(activations.celu, [-1e-12, 1e-12], alpha=alpha), 1)
    with pytest.raises(ValueError, match="celu expects alpha != 0"):
        activations.celu(X, 0)


def test_gelu_is_exact_unless_asked():
    """ACT-10: values of the normal distribution's table."""
    assert activations.gelu(np.array([1.0, -1.0, 2.0])) == pytest.approx([0.8413447461, -0.1586552539, 1.9544997361])
    assert abs(activations.gelu(X, True) - activations.gelu(X)).max() > 1e-5
    np.testing.assert_allclose(activations.gelu(X, True), activations.gelu(X), atol=1e-3)


def test_silu_and_hard_silu_have_two_names():
    """ACT-11, ACT-22."""
    assert activations.swish is activations.silu is activations.get("swish")
    assert activations.hard_swish is activations.hard_silu is activations.get("hard_swish")


@pytest.mark.parametrize(
    ("name", "far", "value"),
    [
        ("log_sigmoid", -800.0, -800.0),
        ("softplus", 800.0, 800.0),
        ("mish", 800.0, 800.0),
        ("log_softmax", [0.0, -800.0], [0, -800]),
    ],
)
def test_logarithms_of_nearly_nothing_are_exact(name, far, value):
    """ACT-14, ACT-16, ACT-18, ACT-21."""
    np.testing.assert_array_equal(activations.get(name)(np.asarray(far)), value)


def test_softsign_is_slower_than_tanh_to_saturate():
    """ACT-19: by hand."""
    assert activations.softsign(np.array([-3.0, 0, 1])).tolist() == [-0.75, 0, 0.5]


def test_the_sparse_ones_by_hand():
    """ACT-23."""
    x = np.array([-2.0, -0.25, 0.5, 1.0])
    assert activations.hard_shrink(x).tolist() == [-2, 0, 0, 1]
    assert activations.soft_shrink(x).tolist() == [-1.5, 0, 0, 0.5]
    assert activations.threshold(x, 0, -1).tolist() == [-1, -1, 0.5, 1]
    assert activations.sparsemax(x).tolist() == [0, 0, 0.25, 0.75]
    assert activations.sparse_sigmoid(x).tolist() == [0, 0.375, 0.75, 1]
    assert activations.glu(np.array([[2.0, 3.0, 0.0, 800.0]])).tolist() == [[1, 3]]
    with pytest.raises(ValueError, match="divides the length 3"):
        activations.glu(np.zeros((2, 3)))


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=8))
def test_sparsemax_gives_shares(x):
    """ACT-23: none negative, together 1, and in the order of x."""
    p = activations.sparsemax(np.array(x))
    assert (p >= 0).all() and p.sum() == pytest.approx(1)
    assert (np.diff(p[np.argsort(x)]) >= -1e-12).all()


# Softmax -----------------------------------------------------------------------------------------------


def test_softmax_does_not_mind_a_common_term():
    """ACT-15, ACT-16: not even a large one."""
    x = np.array([[1.0, 2.0, 4.0]])
    for shift in (-1e4, 1e4):
        np.testing.assert_allclose(activations.softmax(x + shift), scipy.special.softmax(x, -1), rtol=1e-9)
        np.testing.assert_allclose(activations.log_softmax(x + shift), scipy.special.log_softmax(x, -1), rtol=1e-9)


def test_softmax_of_one_number_is_told_to_be_1():
    """ACT-15: while it is recorded; shares of several are nobody's mistake."""
    with pytest.warns(UserWarning, match=r"softmax is 1 everywhere along axis -1 of shape \(4, 1\)\. Use sigmoid"):
        activations.softmax(Tensor(np.zeros((4, 1))))
    activations.softmax(Tensor(np.zeros((4, 1))), axis=0)
    with no_grad():
        activations.softmax(Tensor(np.zeros((4, 1))))


def test_a_softmax_over_an_axis_that_is_not_there_is_refused():
    """ACT-15."""
    with pytest.raises(ValueError, match="axis 2 is out of bounds"):
        activations.softmax(np.zeros((2, 3)), axis=2)


def test_sigmoid_and_softmax_leave_their_arguments_for_the_loss():
    """ACT-12, ACT-15, D30."""
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    for function in (activations.sigmoid, activations.softmax):
        assert function(x).logits is x
    assert not hasattr(activations.softmax(x, axis=0), "logits")


# Step --------------------------------------------------------------------------------------------------


def test_a_step_is_a_threshold_unit_without_a_slope():
    """ACT-24: 1 from 0 on; nothing goes back through it."""
    assert activations.step(np.array([-2, -1e-300, -0.0, 0, 3])).tolist() == [0, 0, 1, 1, 1]
    assert not activations.step(Tensor([1.0])).requires_grad


def test_perceptrons_compute_and_or_and_not():
    """ACT-24: with weights by hand."""
    inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    gates = {"and": ([1, 1], -1.5, [0, 0, 0, 1]), "or": ([1, 1], -0.5, [0, 1, 1, 1]), "not first": ([-1, 0], 0.5, [1, 1, 0, 0])}
    for weights, bias, truth in gates.values():
        unit = Dense(1, activation="step", input_dim=2)
        Sequential([unit])
        unit.set_weights([np.array(weights)[:, None], [bias]])
        assert unit(inputs).numpy().ravel().tolist() == truth


def test_training_through_a_step_warns():
    """ACT-24: what stands before it does not learn."""
    model = Sequential([Dense(2, activation="step", input_dim=2), Dense(1)])
    model.compile("sgd", "mse")
    flat, unmoved = "step is flat: what stands before it will not learn", "sgd got no gradient for"
    with pytest.warns(UserWarning, match=unmoved), pytest.warns(UserWarning, match=flat):
        model.fit(np.ones((4, 2)), np.ones(4), verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(np.ones((4, 2)), verbose=0)


# Of one's own ------------------------------------------------------------------------------------------


def test_get_takes_a_name_a_callable_a_layer_a_config_or_nothing():
    """ACT-01."""

    def mine(x):
        return x * 2

    layer = Activation("tanh")
    assert activations.get(None) is activations.linear
    assert activations.get("ReLU") is activations.relu
    assert activations.get({"class_name": "relu", "config": {}}) is activations.relu
    assert activations.get(mine) is mine
    assert activations.get(layer) is layer


def test_an_unknown_name_is_told_the_near_ones():
    """ACT-01."""
    with pytest.raises(ValueError, match=r"The activation expects a known name, got 'rleu'\. Did you mean 'relu'"):
        activations.get("rleu")


def test_a_function_of_ones_own_is_found_under_custom_objects_and_a_lambda_has_no_name():
    """ACT-02, ACT-25."""

    def mine(x):
        return x * ops.sigmoid(1.702 * x)

    assert activations.serialize(mine) == "mine"
    assert activations.deserialize("mine", custom_objects={"mine": mine}) is mine
    with pytest.raises(ValueError, match="got 'mine'"):
        activations.deserialize("mine")
    with pytest.raises(TypeError, match="Define it with def"):
        activations.serialize(lambda x: x)


@pytest.mark.parametrize("activation", [lambda x: ops.maximum(x, 0.1 * x), LeakyReLU(alpha=0.1)], ids=["lambda", "layer"])
def test_an_activation_of_ones_own_is_trained_through(activation):
    """ACT-25: y = max(x w, 0.1 x w); for x = -1, w = 2, and mse against 0 the slope is 2 · (-0.2) · (-0.1)."""
    model = Sequential([Dense(1, activation=activation, use_bias=False, input_dim=1)])
    model.layers[0].set_weights([[[2.0]]])
    model.compile("sgd", "mse")
    model.fit([[-1.0]], [[0.0]], verbose=0)
    assert model.get_weights()[0].item() == pytest.approx(2 - 0.01 * 2 * -0.2 * -0.1)
