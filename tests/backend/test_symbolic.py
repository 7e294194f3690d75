"""Functions made of symbols."""

import numpy as np
import pytest

import tinygrad_edu as keras

K = keras.backend
X = np.random.default_rng(2).normal(size=(4, 3))


@pytest.fixture
def model():
    return keras.Sequential(
        [keras.layers.Dense(5, "tanh", input_dim=3), keras.layers.Dropout(0.5, seed=1), keras.layers.Dense(2)]
    )


def test_a_function_shows_what_is_inside_a_model(model):
    """K-08. The oracle is NumPy."""
    kernel, bias = model.layers[0].get_weights()
    hidden, out = K.function([model.input], [model.layers[0].output, model.output])([X])
    np.testing.assert_allclose(hidden, np.tanh(X @ kernel + bias), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(out, model.predict(X), rtol=1e-6)
    single = K.function([model.input], model.output)([X])
    assert type(single) is np.ndarray and (single == out).all()


def test_the_learning_phase_may_be_an_input(model):
    """K-08: the oldest way to Monte Carlo dropout."""
    f = K.function([model.input, K.learning_phase()], [model.layers[1].output])
    assert (f([X, 0])[0] != 0).all() and (f([X, 1])[0] == 0).any()


def test_placeholders_take_part_in_any_function():
    """K-08."""
    a, b = K.placeholder((None, 3)), K.placeholder((None, 3))
    assert K.int_shape(a) == (None, 3) and K.ndim(K.placeholder(ndim=2)) == 2
    f = K.function([a, b], [K.sum(K.square(a) * b, axis=-1), a + b])
    results = f([X, 2 * X])
    np.testing.assert_allclose(results[0], 2 * (X**3).sum(-1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(results[1], 3 * X, rtol=1e-6)


def test_what_is_missing_is_told():
    """K-08."""
    with pytest.raises(ValueError, match="shape or a number of axes, got neither"):
        K.placeholder()
    a = K.placeholder((None, 3))
    with pytest.raises(ValueError, match="list of 1 arrays, got 2"):
        K.function([a], [a * 2])([X, X])
