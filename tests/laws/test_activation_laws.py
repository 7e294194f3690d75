"""Laws that every activation obeys; its formula in NumPy or SciPy, written here a second time, is the judge."""

import inspect
import json

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import Input, Model, Tensor, activations, as_tensor
from tinygrad_edu.activations import _registry as registry
from tinygrad_edu.calculus import gradients
from tinygrad_edu.layers import Activation, Dense
from tinygrad_edu.testing import check_gradients

SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772


def projection(x):
    """The nearest point of the simplex, for each row: its threshold by bisection."""
    low, high = x.min(-1, keepdims=True) - 1, x.max(-1, keepdims=True)
    for _ in range(100):
        middle = (low + high) / 2
        too_much = np.maximum(x - middle, 0).sum(-1, keepdims=True) > 1
        low, high = np.where(too_much, middle, low), np.where(too_much, high, middle)
    return np.maximum(x - (low + high) / 2, 0)


def gelu(x):
    return x * scipy.special.ndtr(x)


def gelu_by_tanh(x):
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


# fmt: off
#   name              settings                        formula
ACTIVATIONS = {
    "linear":         [({},                           lambda x: x)],
    "relu":           [({},                           lambda x: np.where(x > 0, x, 0)),
                       ({"max_value": 2, "threshold": 1, "negative_slope": 0.25},
                                                      lambda x: np.where(x >= 2, 2, np.where(x > 1, x, 0.25 * (x - 1)))),
                       ({"alpha": 0.1},               lambda x: np.where(x > 0, x, 0.1 * x))],
    "relu6":          [({},                           lambda x: np.clip(x, 0, 6))],
    "leaky_relu":     [({},                           lambda x: np.where(x > 0, x, 0.2 * x)),
                       ({"negative_slope": 0.01},     lambda x: np.where(x > 0, x, 0.01 * x))],
    "elu":            [({},                           lambda x: np.where(x > 0, x, np.exp(x) - 1)),
                       ({"alpha": 2},                 lambda x: np.where(x > 0, x, 2 * (np.exp(x) - 1)))],
    "selu":           [({},                           lambda x: SCALE * np.where(x > 0, x, ALPHA * (np.exp(x) - 1)))],
    "celu":           [({},                           lambda x: np.maximum(x, 0) + np.minimum(0, np.exp(x) - 1)),
                       ({"alpha": 0.5},               lambda x: np.maximum(x, 0) + np.minimum(0, 0.5 * (np.exp(x / 0.5) - 1)))],
    "gelu":           [({},                           gelu),
                       ({"approximate": True},        gelu_by_tanh)],
    "silu":           [({},                           lambda x: x * scipy.special.expit(x))],
    "mish":           [({},                           lambda x: x * np.tanh(np.log1p(np.exp(x))))],
    "softplus":       [({},                           lambda x: np.log1p(np.exp(x)))],
    "squareplus":     [({},                           lambda x: (x + np.sqrt(x**2 + 4)) / 2),
                       ({"b": 0.25},                  lambda x: (x + np.sqrt(x**2 + 0.25)) / 2)],
    "sigmoid":        [({},                           scipy.special.expit)],
    "hard_sigmoid":   [({},                           lambda x: np.clip(x / 6 + 0.5, 0, 1))],
    "log_sigmoid":    [({},                           scipy.special.log_expit)],
    "tanh":           [({},                           lambda x: (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1))],
    "hard_tanh":      [({},                           lambda x: np.clip(x, -1, 1))],
    "tanh_shrink":    [({},                           lambda x: x - np.tanh(x))],
    "softsign":       [({},                           lambda x: x / (1 + np.abs(x)))],
    "step":           [({},                           lambda x: np.where(x >= 0, 1, 0))],
    "exponential":    [({},                           np.exp)],
    "softmax":        [({},                           lambda x: scipy.special.softmax(x, -1)),
                       ({"axis": 0},                  lambda x: scipy.special.softmax(x, 0)),
                       ({"axis": (0, 1)},             lambda x: scipy.special.softmax(x, (0, 1)))],
    "log_softmax":    [({},                           lambda x: scipy.special.log_softmax(x, -1)),
                       ({"axis": [0, 1]},             lambda x: scipy.special.log_softmax(x, (0, 1)))],
    "glu":            [({},                           lambda x: x[..., :2] * scipy.special.expit(x[..., 2:])),
                       ({"axis": 0},                  lambda x: x[:1] * scipy.special.expit(x[1:]))],
    "hard_silu":      [({},                           lambda x: x * np.clip(x / 6 + 0.5, 0, 1))],
    "threshold":      [({"threshold": 0.4, "default_value": -3}, lambda x: np.where(x > 0.4, x, -3))],
    "hard_shrink":    [({},                           lambda x: np.where(np.abs(x) > 0.5, x, 0)),
                       ({"threshold": 1},             lambda x: np.where(np.abs(x) > 1, x, 0))],
    "soft_shrink":    [({},                           lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0)),
                       ({"threshold": 1},             lambda x: np.sign(x) * np.maximum(np.abs(x) - 1, 0))],
    "sparse_plus":    [({},                           lambda x: np.where(x <= -1, 0, np.where(x >= 1, x, (x + 1) ** 2 / 4)))],
    "sparse_sigmoid": [({},                           lambda x: np.clip((x + 1) / 2, 0, 1))],
    "sparsemax":      [({},                           projection),
                       ({"axis": 0},                  lambda x: projection(x.T).T)],
}
# fmt: on
OTHER_NAMES = {"swish": "silu", "hard_swish": "hard_silu"}
CASES = [
    pytest.param(name, settings, formula, id=f"{name}{'-' if settings else ''}{','.join(settings)}")
    for name, cases in ACTIVATIONS.items()
    for settings, formula in cases
]
each_case = pytest.mark.parametrize(("name", "settings", "formula"), CASES)
each_activation = pytest.mark.parametrize(("name", "settings"), [(name, cases[0][0]) for name, cases in ACTIVATIONS.items()])
X = np.array([[-4.2, -2.3, -0.8, 0.3], [0.2, 0.7, 1.7, 1.1]])  # away from all kinks


def test_every_activation_has_a_sample():
    """ACT-01: what is registered is tested, and is a name of the module."""
    assert sorted(registry) == sorted(ACTIVATIONS)
    assert all(getattr(activations, name) is activations.get(name) for name in (*ACTIVATIONS, *OTHER_NAMES))
    assert all(activations.get(name) is activations.get(of) for name, of in OTHER_NAMES.items())


@each_case
@given(x=hnp.arrays(float, (2, 4), elements=st.floats(-30, 30)))
def test_an_activation_is_its_formula_on_arrays_and_tensors(name, settings, formula, x):
    """ACT-03 to ACT-24."""
    function = activations.get(name)
    y = function(x, **settings)
    np.testing.assert_allclose(y, formula(x), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(function(Tensor(x), **settings).numpy(), y)


@each_case
def test_its_gradients_agree_with_differences_up_to_order_two(name, settings, formula):
    """ACT-03 to ACT-24: of the function, and of the formula in its place."""
    function = activations.get(name)
    if name == "step":
        pytest.skip("has no gradient")
    check_gradients(lambda x: function(x, **settings), X, reference=formula, kinks="error")


@each_case
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_dtype_is_kept_also_by_the_gradient(name, settings, formula, dtype):
    """ACT-03 to ACT-24: and the value is that of float64, rounded."""
    function, x = activations.get(name), Tensor(X.astype(dtype))
    y = function(x, **settings)
    assert y.dtype == dtype and function(x.numpy(), **settings).dtype == dtype
    tolerance = 8 * np.finfo(dtype).eps
    np.testing.assert_allclose(y.numpy(), formula(x.numpy().astype(float)), rtol=tolerance, atol=2 * tolerance)
    if y.requires_grad:
        assert gradients(y.sum(), [x])[0].dtype == dtype


@each_activation
def test_far_out_nothing_overflows(name, settings):
    """ACT-03 to ACT-24: warnings are errors here; an exponential is meant to grow."""
    function = activations.get(name)
    for dtype, far in (("float16", 100.0), ("float32", 1e4), ("float64", 1e8)):
        x = Tensor(np.array([[-far, -far / 4], [far / 4, far], [-far, far]], dtype))
        x = x if name != "exponential" else -abs(x)
        y = function(x, **settings)
        assert np.isfinite(y.numpy()).all()
        if y.requires_grad:
            assert np.isfinite(gradients(y.sum(), [x])[0].numpy()).all()


@each_activation
@pytest.mark.parametrize("shape", [(0, 4), (2, 0), (0,), (3, 0, 2)], ids=str)
def test_nothing_of_nothing(name, settings, shape):
    """ACT-03 to ACT-24: empty batches and empty features."""
    out = activations.get(name)(Tensor(np.zeros(shape)), **settings)
    halved = (*shape[:-1], shape[-1] // 2) if name == "glu" else shape
    assert out.shape == halved


@each_activation
def test_lists_and_whole_numbers_are_arrays(name, settings):
    """ACT-01: whole numbers become floats wherever the formula leaves them."""
    function, numbers = activations.get(name), [[-2, 0, 1, 3], [4, 1, -1, 2]]
    expected = function(np.array(numbers, float), **settings)
    np.testing.assert_allclose(np.asarray(function(numbers, **settings)), expected, rtol=1e-12)
    np.testing.assert_allclose(function(np.array(numbers), **settings), expected, rtol=1e-12)
    if name not in ("softmax", "log_softmax", "sparsemax", "glu"):
        assert float(function(-2.0, **settings)) == pytest.approx(expected[0, 0])


@each_activation
def test_nan_comes_out_as_nan(name, settings):
    """ACT-04: where there is a number to come out of, and without a warning, as it is no news."""
    if name in ("threshold", "hard_shrink"):
        pytest.skip("is nothing but a comparison with it, which is false")
    assert np.isnan(activations.get(name)(np.array([np.nan, np.nan]), **settings)).all()


@each_activation
@pytest.mark.parametrize("form", [str, str.upper, str.title, lambda name: name.title().replace("_", "")])
def test_a_name_is_found_in_any_form(name, settings, form):
    """ACT-01: "hard_sigmoid", "HARD_SIGMOID", "HardSigmoid"; but LeakyReLU is a layer, of another slope."""
    if form(name) == "LeakyRelu":
        with pytest.raises(ValueError, match="Did you mean 'leaky_relu'"):
            activations.get("LeakyReLU")
    else:
        assert activations.get(form(name)) is activations.get(name)


@each_activation
def test_it_is_written_down_by_its_name(name, settings):
    """ACT-02: alone, and in the config of a layer, in the words of Keras 3 too."""
    function = activations.get(name)
    assert activations.serialize(function) == name
    assert activations.deserialize(name) is function
    assert activations.get({"module": "builtins", "class_name": "function", "config": name}) is function
    for layer in (Activation(name), Dense(4, activation=function)):
        config = json.loads(json.dumps(layer.get_config()))
        assert config["activation"] == name
        assert type(layer).from_config(config).activation is function


@each_activation
def test_a_layer_takes_it_by_name(name, settings):
    """ACT-01."""
    if settings:
        pytest.skip("cannot be used without settings")
    out = Activation(name)(X.astype("float32"))
    np.testing.assert_array_equal(out.numpy(), as_tensor(activations.get(name)(X.astype("float32"))).numpy())


@each_activation
def test_it_is_drawn_into_a_network_of_symbols(name, settings):
    """ACT-01: layer by layer, written down, and computed later."""
    function, x = activations.get(name), Input((4,))
    model = Model(x, function(x, **settings))
    expected, numbers = function(X.astype("float32"), **settings), X.astype("float32")
    for again in (model, Model.from_config(json.loads(json.dumps(model.get_config())))):
        np.testing.assert_allclose(again(numbers).numpy(), expected, rtol=1e-5, atol=1e-6)


@each_activation
def test_its_words_tell_of_all_its_arguments(name, settings):
    """ACT-01: reference pages are made of them."""
    function = activations.get(name)
    words = inspect.getdoc(function)
    assert [arg for arg in inspect.signature(function).parameters if arg != "x" and f"{arg}:" not in words] == []
