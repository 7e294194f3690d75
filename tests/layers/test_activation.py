"""Activations with settings or weights: by formula, and their weights in other layers."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, activations
from tinygrad_edu.calculus import gradients
from tinygrad_edu.layers import ELU, Activation, Dense, Input, LeakyReLU, PReLU, ReLU, Softmax, deserialize, get, serialize
from tinygrad_edu.models import Sequential

X = np.array([[-3.0, -0.5, 0.0, 0.5, 3.0]])

FORMULAS = {
    "LeakyReLU": (LeakyReLU(), np.where(X > 0, X, 0.3 * X)),
    "LeakyReLU(0.2)": (LeakyReLU(alpha=0.2), np.where(X > 0, X, 0.2 * X)),
    "PReLU": (PReLU(), np.where(X > 0, X, 0)),
    "PReLU(0.25)": (PReLU(alpha_initializer=lambda shape, dtype: np.full(shape, 0.25)), np.where(X > 0, X, 0.25 * X)),
    "ELU": (ELU(), np.where(X > 0, X, np.exp(X) - 1)),
    "ELU(2)": (ELU(alpha=2), np.where(X > 0, X, 2 * (np.exp(X) - 1))),
    "ReLU": (ReLU(), np.maximum(X, 0)),
    "ReLU6": (ReLU(max_value=2), np.clip(X, 0, 2)),
    "ReLU bent": (ReLU(2, 0.5, 0.25), np.where(X >= 2, 2, np.where(X >= 0.25, X, 0.5 * (X - 0.25)))),
    "Softmax": (Softmax(), np.exp(X) / np.exp(X).sum()),
    "Activation": (Activation("elu"), np.where(X > 0, X, np.exp(X) - 1)),
}


@pytest.mark.parametrize(("layer", "expected"), FORMULAS.values(), ids=FORMULAS)
def test_an_activation_is_its_formula(layer, expected):
    """CORE-05, CORE-12, CORE-13, CORE-14, CORE-15, CORE-16: in plain NumPy."""
    np.testing.assert_allclose(layer(X).numpy(), expected, rtol=1e-5, atol=1e-7)


def test_the_layer_and_the_name_leaky_relu_have_different_slopes():
    """D17, ACT-06."""
    assert LeakyReLU()([[-1.0]]).item() == pytest.approx(-0.3)
    assert Activation("leaky_relu")([[-1.0]]).item() == pytest.approx(-0.2)


@pytest.mark.parametrize(
    "make",
    [
        lambda: LeakyReLU(None), lambda: LeakyReLU(-0.1), lambda: ReLU(max_value=-1), lambda: ReLU(negative_slope=-1),
        lambda: ReLU(threshold=-1), lambda: ELU("x"),
    ],
)  # fmt: skip
def test_settings_below_zero_are_refused(make):
    """CORE-12, CORE-15."""
    with pytest.raises(ValueError, match="expects"):
        make()
    with pytest.raises(TypeError, match="negative_slope once"):
        LeakyReLU(negative_slope=0.1, alpha=0.2)


def test_prelu_learns_a_slope_for_each_feature():
    """CORE-13: the gradient by alpha is the sum of what stood below 0."""
    x = np.array([[-2.0, 1.0], [-3.0, -4.0]])
    layer = PReLU()
    out = layer(x)
    (g,) = gradients(out.sum(), [layer.alpha])
    assert layer.alpha.shape == (2,) and g.tolist() == [-5, -4]


@pytest.mark.parametrize(
    ("shared", "shape"), [(None, (4, 5, 3)), ([1, 2], (1, 1, 3)), (3, (4, 5, 1)), ((1,), (1, 5, 3))], ids=str
)
def test_prelu_shares_slopes_along_axes_counted_from_one(shared, shape):
    """CORE-13."""
    layer = PReLU(shared_axes=shared)
    layer.build((None, 4, 5, 3))
    assert layer.alpha.shape == shape
    if shared == [1, 2]:
        assert PReLU(shared_axes=shared).compute_output_shape((None, None, None, 3)) == (None, None, None, 3)
        open_layer = PReLU(shared_axes=shared)
        open_layer.build((None, None, None, 3))
        assert open_layer.alpha.shape == (1, 1, 3)


def test_prelu_needs_known_lengths_where_nothing_is_shared():
    """CORE-13."""
    with pytest.raises(ValueError, match=r"PReLU 'p' expects known lengths.*Pass shared_axes=\[1\]"):
        PReLU(name="p").build((None, None, 3))


def test_softmax_takes_axes_and_a_mask():
    """CORE-16: where the mask is False the share is 0, and nowhere nan."""
    x = np.zeros((2, 2, 2))
    assert (Softmax(axis=[1, 2])(x).numpy() == 0.25).all()
    masked = Softmax()(np.zeros((2, 3)), mask=np.array([[True, True, False], [False, False, False]]))
    assert masked.tolist() == [[0.5, 0.5, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    "activation", [LeakyReLU(alpha=0.5), LeakyReLU, lambda x: x.relu(), "leaky_relu"], ids=["layer", "class", "function", "name"]
)
def test_an_activation_may_be_a_layer_a_class_a_function_or_a_name(activation):
    """ACT-25."""
    assert Dense(1, activation=activation, kernel_initializer="ones")([[2.0]]).tolist() == [[2]]


def test_the_weights_of_an_activation_belong_to_the_layer_it_is_given_to():
    """ACT-25, CORE-03: they are trained, named by path, and shared where the activation is."""
    shared = PReLU(alpha_initializer="ones", name="slopes")
    first, second = (Dense(3, activation=shared, kernel_initializer="ones") for _ in range(2))
    model = Sequential([Input((2,)), first, second, Activation(PReLU("ones"))])
    model.compile("sgd", "mse")
    assert [w.path.rpartition("/")[2] for w in model.trainable_weights] == ["kernel", "bias", "alpha", "kernel", "bias", "alpha"]
    before = shared.alpha.numpy().copy()
    model.fit(-np.ones((4, 2)), np.ones((4, 3)), verbose=0)
    assert (shared.alpha.numpy() != before).any()


def test_an_activation_that_is_a_layer_is_in_the_config():
    """LAY-12, ACT-25."""
    layer = Dense(2, activation=LeakyReLU(0.25))
    again = deserialize(serialize(layer))
    assert isinstance(again.activation, LeakyReLU) and again.activation.negative_slope == 0.25
    assert Dense.from_config(Dense(2, activation="tanh").get_config()).activation is activations.tanh


def test_layers_are_found_by_name():
    """LAY-12, PKG-16."""
    assert isinstance(get("LeakyReLU"), LeakyReLU) and isinstance(get("p_re_lu"), PReLU)
    layer = Dense(1)
    assert get(layer) is layer
    with pytest.raises(ValueError, match=r"The layer expects a known name, got 'Dens'\. Did you mean 'dense'"):
        get("Dens")


def test_relu_is_traced_through_plain_tensors():
    """ACT-04: subgradient 0 at 0."""
    x = Tensor(X)
    (g,) = gradients(ReLU(dtype="float64")(x).sum(), [x])
    assert g.tolist() == [[0, 0, 0, 1, 1]]


def test_an_elu_below_zero_may_rise_again():
    """CORE-14: Keras takes any alpha."""
    np.testing.assert_allclose(ELU(alpha=-1.0)(np.array([-2.0, 3.0])).numpy(), [1 - np.exp(-2.0), 3.0], rtol=1e-6)


def test_a_softmax_over_unknown_lengths_says_nothing_yet():
    """ACT-15: a symbol whose axis has any length is no axis of length 1."""
    assert activations.softmax(Input((None,))).shape == (None, None)
